"""A picture of what models are worth: each measure as a point, with its interval."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from ..data.files import check_folder_of
from ..errors import DataError, InputError, MissingDependencyError
from .uncertainty import Interval

#: Endings of pictures' names.
KINDS = (".svg", ".png", ".pdf")
#: Colours of Okabe and Ito (2008), which those who see fewer colours tell apart too.
_COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")


class Standing(NamedTuple):
    """What a model is worth on some data.

    Attributes:
        model: its name.
        data: the data's.
        measure: what is measured.
        value: the measure.
        interval: of it; None where none is known.
    """

    model: str
    data: str
    measure: str
    value: float
    interval: Interval | None


def check_picture(path: str | os.PathLike[str]) -> Path:
    """The path of a picture that can be drawn; called before work is done that would be lost.

    Raises:
        InputError: its ending is none of :data:`KINDS`.
        DataError: its folder is not there.
        MissingDependencyError: matplotlib is not installed.
    """
    path = Path(path).expanduser()
    if path.suffix.lower() not in KINDS:
        raise InputError(f"A picture's name must end with one of {', '.join(KINDS)}; got {path.name!r}.")
    check_folder_of(path)
    try:
        import matplotlib  # noqa: F401
    except ImportError as error:
        raise MissingDependencyError("matplotlib", "draw what was measured", "plot") from error
    return path


def draw_standings(standings: Sequence[Standing], path: str | os.PathLike[str], *, title: str = "") -> Path:
    """Draw measures of one or more models, a line for each piece of data and a point for each model.

    Args:
        standings: of models on data, in the order of lines from top to bottom.
        path: the picture: .svg, .png or .pdf.
        title: above it.

    Returns:
        The path.

    Raises:
        InputError: there is nothing to draw, or the path has another ending.
        DataError: the picture cannot be written.
        MissingDependencyError: matplotlib, an extra, is not installed.
    """
    path = check_picture(path)
    if not standings:
        raise InputError("standings must hold one at least; got none.")
    # Without pyplot, which would look for a screen and keep each figure.
    from matplotlib.figure import Figure

    lines = list(dict.fromkeys((one.data, one.measure) for one in standings))
    models = list(dict.fromkeys(one.model for one in standings))
    figure = Figure(figsize=(8, 1.6 + 0.28 * len(lines) * (1 + len(models))), layout="constrained")
    axes = figure.add_subplot()
    for number, model in enumerate(models):
        own = [one for one in standings if one.model == model]
        gap = 0.5 * (number - (len(models) - 1) / 2) / len(models)
        heights = [lines.index((one.data, one.measure)) + gap for one in own]
        ends = [one.interval or Interval(one.value, one.value) for one in own]
        below = [max(0.0, one.value - end.low) for one, end in zip(own, ends, strict=True)]
        above = [max(0.0, end.high - one.value) for one, end in zip(own, ends, strict=True)]
        axes.errorbar(
            [one.value for one in own], heights, xerr=(below, above), fmt="o", capsize=3, label=model,
            color=_COLOURS[number % len(_COLOURS)],
        )  # fmt: skip
        for one, height in zip(own, heights, strict=True):
            axes.annotate(
                f"{one.value:.4f}", (one.value, height), (0, 5), textcoords="offset points", ha="center", size=8
            )
    axes.set_yticks(range(len(lines)), [f"{data}\n{measure}" for data, measure in lines])
    axes.set_ylim(len(lines) - 0.5, -0.5)
    axes.grid(axis="x", alpha=0.3)
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.tick_params(left=False)
    if len(models) > 1:
        figure.legend(loc="outside lower center", ncols=2, frameon=False)
    if title:
        axes.set_title(title)
    try:
        figure.savefig(path, dpi=150)
    except OSError as error:
        raise DataError(f"{path} cannot be written: {error}") from error
    return path
