"""Which columns of a dataset are texts, which is the label, and what goes in front of each; checked before training."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..errors import DataError, InputError, closest
from .tables import LABELS, Table, is_stream

#: Columns that are no texts, whatever they hold.
_RESERVED = ("return_loss", "dataset_name")


@dataclass(frozen=True)
class Layout:
    """How the rows of a dataset are read.

    Args:
        inputs: columns of texts, in the loss's order.
        label: the column of labels; None for none.
        prompts: text in front of those of a column.
        tasks: the route of a column, for models that read queries and documents differently.
    """

    inputs: tuple[str, ...]
    label: str | None
    prompts: Mapping[str, str]
    tasks: Mapping[str, str]


def layout_of(
    rows: Any,
    source: str,
    *,
    columns: Sequence[str] | None = None,
    label: str | None = None,
    prompts: str | Mapping[str, str] | None = None,
    tasks: Mapping[str, str] | None = None,
) -> Layout:
    """The layout of a dataset: all columns are texts, in their order, but for a label.

    Args:
        rows: the dataset.
        source: what to call it in messages.
        columns: the columns of texts by name, where not all are, or their order is not the loss's.
        label: the column of labels; by default the first that there is of ``label``, ``labels``, ``score``, ``scores``.
        prompts: in front of all texts, or of those of each column.
        tasks: of each column.

    Raises:
        DataError: a column is named that is not there; the closest is offered.
    """
    names = column_names(rows)
    for wanted in (*(columns or ()), *([label] if label else ()), *(tasks or ())):
        _require(wanted, names, source)
    found = label or next((name for name in LABELS if name in names), None)
    inputs = tuple(columns) if columns else tuple(name for name in names if name not in (found, *_RESERVED))
    if isinstance(prompts, str):
        prompts = dict.fromkeys(inputs, prompts)
    for wanted in prompts or ():
        _require(wanted, names, source)
    if not inputs:
        raise DataError(f"{source} has no column of texts; its columns are {', '.join(map(repr, names))}.")
    return Layout(inputs, found, dict(prompts or {}), dict(tasks or {}))


def column_names(rows: Any) -> list[str]:
    """The columns of a dataset; of a stream that does not tell, those of its first row."""
    names = getattr(rows, "column_names", None)
    if names is None:
        names = list(next(iter(rows), {}))
    return [str(name) for name in names]


def check_rows(rows: Any, layout: Layout, loss: Any, source: str, *, images: bool = False) -> None:
    """Look at a whole dataset before the first step, so that no hours are lost on its last row.

    Args:
        rows: the dataset. A stream is looked at as it comes.
        layout: how it is read.
        loss: what it is for; told how many columns there are, and the labels.
        source: what to call it in messages.
        images: whether columns may hold images.

    Raises:
        InputError: the loss takes other columns, or other labels.
        DataError: a value is no text, or a label is missing or no number; its row is named.
    """
    check_columns = getattr(loss, "check_columns", None)
    if check_columns is not None:
        try:
            check_columns(len(layout.inputs), layout.label is not None)
        except InputError as error:
            names = ", ".join(map(repr, layout.inputs))
            label = f"; labels: {layout.label!r}" if layout.label else "; no column of labels"
            raise InputError(f"{source}: {error} Its columns of texts are {names}{label}.") from None
    if is_stream(rows):
        return
    lists = bool(getattr(loss, "takes_lists", False))
    for name in layout.inputs:
        if not _is_known_text(rows, name):
            _check_texts(values_of(rows, name), name, source, images, lists)
    wants_labels: str = getattr(loss, "label", "")
    if layout.label is not None and wants_labels:
        column = layout.label
        labels = [_label(value, place, column, source) for place, value in enumerate(values_of(rows, column))]
        check_labels = getattr(loss, "check_labels", None)
        if check_labels is not None and labels and len({value.shape for value in labels}) == 1:
            try:
                check_labels(np.stack(labels))
            except InputError as error:
                raise InputError(f"{source}: {error}") from None


def values_of(rows: Any, name: str) -> Iterable[Any]:
    """All values of a column."""
    if isinstance(rows, Table):
        return rows.columns[name]
    if hasattr(rows, "data"):  # a datasets.Dataset hands out its column without the others
        column: Iterable[Any] = rows[name]
        return column
    return (row[name] for row in rows.__getitems__(list(range(len(rows)))))


def _is_known_text(rows: Any, name: str) -> bool:
    """Whether a ``datasets.Dataset`` says that a column holds strings and nothing else."""
    features, data = getattr(rows, "features", None), getattr(rows, "data", None)
    if features is None or data is None or getattr(features.get(name), "dtype", None) not in ("string", "large_string"):
        return False
    return int(data.column(name).null_count) == 0


def _check_texts(values: Iterable[Any], name: str, source: str, images: bool, lists: bool) -> None:
    for place, value in enumerate(values):
        if isinstance(value, str) or (images and value is not None and not isinstance(value, (int, float))):
            continue
        if lists and isinstance(value, (list, tuple)) and value and all(isinstance(text, str) for text in value):
            continue
        raise DataError(
            f"{source}: row {place} has {_shown(value)} in the column {name!r}, which is no text. Leave the row out, "
            "or name the columns of texts with the argument columns."
        )


def _label(value: Any, place: int, name: str, source: str) -> Any:
    try:
        found = np.asarray(value, np.float64)
        if not np.isfinite(found).all():
            raise ValueError
    except (TypeError, ValueError):
        raise DataError(
            f"{source}: row {place} has {_shown(value)} in the column {name!r}, which is no label."
        ) from None
    return found


def _require(name: str, names: Sequence[str], source: str) -> None:
    if name not in names:
        raise DataError(f"{source} has no column {name!r}; it has {', '.join(map(repr, names))}.{closest(name, names)}")


def _shown(value: Any) -> str:
    shown = repr(value)
    return shown if len(shown) <= 60 else shown[:57] + "..."
