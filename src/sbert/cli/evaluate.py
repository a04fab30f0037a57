"""``sbert evaluate``: what a model is worth on known answers, how sure that is, and whether it beats another."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

from .console import note, print_json, print_table
from .options import Backend, Device, Dtype, Json, tell_truncation

if TYPE_CHECKING:
    from ..evaluation import Evaluator, Outcomes
    from ..evaluation.uncertainty import Difference, Interval


class _Found(NamedTuple):
    """What a model is worth on one piece of data."""

    measure: str
    value: float
    metrics: dict[str, float]
    seconds: float
    outcomes: Outcomes | None
    interval: Interval | None


def evaluate(
    model: Annotated[str, typer.Argument(metavar="MODEL", help="Folder or name of the model.")],
    data: Annotated[
        list[str],
        typer.Argument(
            metavar="DATA...",
            help="Files (.jsonl, .csv, .tsv, .parquet, also .gz) of two texts with a score or label, of texts with "
            "labels, triplets or translations; folders in BEIR's form.",
        ),
    ],
    against: Annotated[
        str | None,
        typer.Option(
            "--against", "-a", metavar="MODEL", help="Another model: is the first better, and is that chance?"
        ),
    ] = None,
    confidence: Annotated[
        float, typer.Option("--confidence", min=0.0, max=1.0, help="Of intervals; 0 for none.")
    ] = 0.95,
    resamples: Annotated[
        int, typer.Option("--resamples", min=1, help="Draws that intervals and tests come of.")
    ] = 1000,
    split: Annotated[
        str | None, typer.Option("--split", help="Rows or judgements to take where there are several; test by default.")
    ] = None,
    task: Annotated[
        str | None,
        typer.Option("--task", help="classification or clustering, where texts with labels could be for both."),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            metavar="FOLDER",
            help="Add the measures to tables in a folder; those of --against in against/ below it.",
        ),
    ] = None,
    plot: Annotated[
        Path | None, typer.Option("--plot", metavar="FILE", help="Draw the measures: .svg, .png or .pdf.")
    ] = None,
    dtype: Dtype = None,
    backend: Backend = "auto",
    device: Device = None,
    as_json: Json = False,
) -> None:
    """Measure a model: similarity, pairs, classification, clustering, retrieval, translation.

    What each file is for is told by its columns. Shown is the measure that counts most, with the interval in which it
    would be on other data of the kind (bootstrap); all are in --json and in the tables of --output. Measures go from
    0 to 1. --against tells the difference, its interval, and p: how often chance alone would make as great a one.
    """
    from ..errors import InputError
    from ..evaluation import evaluator_of
    from ..evaluation.drawing import check_picture
    from ..models import load
    from ..models.cross_encoder import CrossEncoder

    if plot is not None:
        check_picture(plot)
    names = [model] if against is None else [model, against]
    models: list[Any] = [
        load(name, dtype=dtype, backend=backend, device=device, on_truncation="ignore") for name in names
    ]
    reads_pairs = [isinstance(one, CrossEncoder) for one in models]
    if len(set(reads_pairs)) > 1:
        raise InputError(f"{model} and {against} cannot be compared: one is a cross-encoder, and the other is none.")
    evaluators = [evaluator_of(path, split=split, task=task, cross_encoder=reads_pairs[0]) for path in data]
    folders = [output, output / "against" if output is not None else None]
    level = confidence if 0 < confidence < 1 else None
    rows: list[tuple[str, ...]] = []
    standings = []
    for path, evaluator in zip(data, evaluators, strict=True):
        found = [
            _measured(one, evaluator, folder, level, resamples) for one, folder in zip(models, folders, strict=False)
        ]
        difference = _compared(found, level, resamples)
        if as_json:
            print_json(_as_json(path, evaluator, names, found, difference))
        rows.append(_as_row(path, found, difference, shown=level is not None))
        standings += [(name, path, one) for name, one in zip(names, found, strict=True)]
    if not as_json:
        print_table(_heads(level, against), rows)
        if output is not None:
            note(f"All measures: {output}")
    if plot is not None:
        _draw(standings, plot, level)
        note(f"Drawn in {plot}.")
    for one in models:
        tell_truncation(one)


def _measured(model: Any, evaluator: Evaluator, output: Path | None, level: float | None, resamples: int) -> _Found:
    from ..evaluation import confidence_interval

    started = time.perf_counter()
    metrics = evaluator(model, output)
    seconds = time.perf_counter() - started
    primary, outcomes = str(evaluator.primary_metric), evaluator.outcomes
    interval = None
    if outcomes is not None and level is not None:
        interval = confidence_interval(outcomes, level=level, resamples=resamples)
    measure = primary.removeprefix(f"{evaluator.name}_")
    return _Found(measure, metrics[primary], metrics, seconds, outcomes, interval)


def _compared(found: list[_Found], level: float | None, resamples: int) -> Difference | None:
    from ..evaluation import compare

    outcomes = [one.outcomes for one in found]
    if len(outcomes) < 2 or outcomes[0] is None or outcomes[1] is None:
        return None
    return compare(outcomes[0], outcomes[1], level=level or 0.95, resamples=resamples)


def _heads(level: float | None, against: str | None) -> list[str]:
    of = f"{100 * level:g} % interval" if level else "interval"
    heads = ["data", "measure", "value", of]
    if against is not None:
        heads += [against, "difference", of, "p"]
    return [*heads, "time"]


def _as_row(path: str, found: list[_Found], difference: Difference | None, *, shown: bool) -> tuple[str, ...]:
    first, *others = found
    row = [path, first.measure, f"{first.value:.4f}", _ends(first.interval)]
    for other in others:
        # Of two families, such as dense and late interaction, the measures have other names.
        named = "" if other.measure == first.measure else f" ({other.measure})"
        row += [f"{other.value:.4f}{named}", f"{first.value - other.value:+.4f}"]
        interval = difference.interval if difference is not None and shown else None
        row += [_ends(interval), "" if difference is None else f"{difference.p:.4f}"]
    return (*row, f"{sum(one.seconds for one in found):.1f} s")


def _ends(interval: Interval | None) -> str:
    return "" if interval is None else f"{interval.low:.4f} to {interval.high:.4f}"


def _as_json(
    path: str, evaluator: Evaluator, names: list[str], found: list[_Found], difference: Difference | None
) -> dict[str, Any]:
    first, *others = found
    front = f"{evaluator.name}_" if evaluator.name else ""

    def told(one: _Found) -> dict[str, Any]:
        interval = None if one.interval is None else list(one.interval)
        return {"primary": front + one.measure, "measures": one.metrics, "interval": interval, "seconds": one.seconds}

    shown = {"data": path, **told(first)}
    for other in others:
        shown["against"] = {"model": names[1], **told(other)}
        shown["difference"] = (
            None if difference is None else difference._asdict() | {"interval": list(difference.interval)}
        )
    return shown


def _draw(standings: list[tuple[str, str, _Found]], path: Path, level: float | None) -> None:
    from ..evaluation.drawing import Standing, draw_standings

    # Paths are long: files and folders go by their own names, where these tell them apart.
    models = _short([name for name, _, _ in standings])
    files = _short([data for _, data, _ in standings])
    drawn = [Standing(models[name], files[data], one.measure, one.value, one.interval) for name, data, one in standings]
    draw_standings(drawn, path, title=f"with {100 * level:g} % intervals" if level else "")


def _short(paths: list[str]) -> dict[str, str]:
    names = {path: Path(path).name.split(".")[0] or path for path in paths}
    return names if len(set(names.values())) == len(names) else {path: path for path in paths}
