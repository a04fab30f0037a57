"""Pairs of texts in whatever people keep them in, and what was made of them in the same kind of thing."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from ...errors import InputError, NotTextError, closest

#: Names of columns and their values, all of one length.
Columns: TypeAlias = dict[str, list[Any]]

_KINDS = "a datasets.Dataset, a list of dicts, a dict of columns or a list of (anchor, positive) pairs"


@dataclass(frozen=True)
class PairTable:
    """Anchors and their positives, row by row.

    Attributes:
        anchor_name: what the column of anchors is called.
        positive_name: what the column of positives is called.
        anchors: (n) texts.
        positives: (n) texts.
        rebuild: makes columns into the kind of thing that the pairs came in.
    """

    anchor_name: str
    positive_name: str
    anchors: list[str]
    positives: list[str]
    rebuild: Callable[[Columns], Any]

    def __len__(self) -> int:
        return len(self.anchors)


def read_pairs(dataset: Any, anchor_name: str | None = None, positive_name: str | None = None) -> PairTable:
    """The pairs of a dataset; columns other than the two are left out.

    Args:
        dataset: a ``datasets.Dataset``, a list of dicts, a dict of columns, or a list of (anchor, positive) pairs.
        anchor_name: the column of anchors; None for the first.
        positive_name: the column of positives; None for the first that is not the anchors'.

    Raises:
        InputError: it is none of these, has no row, or has no such columns.
        NotTextError: a value is not text; its row is named.

    >>> read_pairs([("a cat", "a kitten")]).positives
    ['a kitten']
    """
    names, column, rebuild = _opened(dataset)
    anchor = _chosen("anchor_column_name", anchor_name, names, taken=positive_name)
    positive = _chosen("positive_column_name", positive_name, names, taken=anchor)
    if anchor == positive:
        raise InputError(f"anchor_column_name and positive_column_name must differ; both are {anchor!r}.")
    anchors, positives = column(anchor), column(positive)
    if len(anchors) != len(positives):
        raise InputError(
            f"The columns of dataset must have one length; {anchor!r} has {len(anchors)} and {positive!r} "
            f"{len(positives)} values."
        )
    if not anchors:
        raise InputError("dataset is empty: it has no pair to mine negatives for.")
    require_texts(anchors, f"column {anchor!r} of dataset")
    require_texts(positives, f"column {positive!r} of dataset")
    return PairTable(anchor, positive, anchors, positives, rebuild)


def require_texts(values: Sequence[object], argument: str) -> None:
    """Check that all values are strings.

    Raises:
        NotTextError: one is not; the first such is named.
    """
    if isinstance(values, (str, bytes)):
        raise NotTextError(f"{argument} must be a list of texts; got a {type(values).__name__}.")
    for row, value in enumerate(values):
        if not isinstance(value, str):
            raise NotTextError(f"{argument} must hold texts; row {row} holds a {type(value).__name__}.")


_Opened: TypeAlias = "tuple[list[str], Callable[[str], list[Any]], Callable[[Columns], Any]]"


def _opened(dataset: Any) -> _Opened:
    """The names of a dataset's columns, what gives one by its name, and what makes columns into its kind."""
    # Whoever passes one has imported the library.
    kind = getattr(sys.modules.get("datasets"), "Dataset", ())
    if isinstance(dataset, kind):
        return dataset.column_names, lambda name: list(dataset[name]), type(dataset).from_dict
    if isinstance(dataset, Mapping):
        return list(dataset), lambda name: list(dataset[name]), dict
    if not isinstance(dataset, Sequence) or isinstance(dataset, (str, bytes)):
        raise InputError(f"dataset must be {_KINDS}; got a {type(dataset).__name__}.")
    if dataset and isinstance(dataset[0], Mapping):
        return list(dataset[0]), lambda name: [_value(dataset, row, name) for row in range(len(dataset))], _as_dicts
    for row, pair in enumerate(dataset):
        if not isinstance(pair, (list, tuple)) or len(pair) != 2:
            raise InputError(f"dataset must be {_KINDS}; row {row} is not a pair: {str(pair)[:60]!r}.")
    places = {"anchor": 0, "positive": 1}
    return list(places), lambda name: [pair[places[name]] for pair in dataset], _as_tuples


def _value(rows: Sequence[Any], row: int, name: str) -> Any:
    if not isinstance(rows[row], Mapping) or name not in rows[row]:
        raise InputError(f"Every row of dataset must be a dict with {name!r}, as the first is; row {row} is not.")
    return rows[row][name]


def _as_dicts(columns: Columns) -> list[dict[str, Any]]:
    return [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]


def _as_tuples(columns: Columns) -> list[tuple[Any, ...]]:
    return list(zip(*columns.values(), strict=True))


def _chosen(argument: str, name: str | None, names: Sequence[str], taken: str | None) -> str:
    if name is None:
        free = [other for other in names if other != taken]
        if not free:
            raise InputError(f"dataset must have two columns, of anchors and of positives; it has {list(names)}.")
        return free[0]
    if name not in names:
        raise InputError(
            f"{argument} must be a column of dataset, which has {list(names)}; got {name!r}.{closest(name, names)}"
        )
    return name
