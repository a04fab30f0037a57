"""Rows to train on, from whatever holds them: lists, columns, files, data frames, or Hugging Face's datasets."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from ..data import read_rows
from ..errors import DataError, InputError

#: Columns that hold what is known of a row, the first that there is; by the names that people know.
LABELS = ("label", "labels", "score", "scores")


@runtime_checkable
class Rows(Protocol):
    """Rows that can be taken by number; ``datasets.Dataset`` is such a thing, and :class:`Table`."""

    column_names: list[str]

    def __len__(self) -> int: ...

    def __getitems__(self, numbers: list[int]) -> list[dict[str, Any]]: ...


class Table:
    """Rows that are held in memory as columns.

    Args:
        columns: the values of each by name, as many of each.
        source: what to call it in messages.

    Raises:
        DataError: columns differ in length, or there are none.
    """

    def __init__(self, columns: Mapping[str, Sequence[Any]], source: str = "the dataset") -> None:
        self.columns = {str(name): values for name, values in columns.items()}
        self.source = source
        counts = {name: len(values) for name, values in self.columns.items()}
        if not counts:
            raise DataError(f"{source} has no columns.")
        if len(set(counts.values())) > 1:
            shown = ", ".join(f"{name} {count:,}" for name, count in counts.items())
            raise DataError(f"The columns of {source} must be of one length; got {shown}.")
        self.column_names = list(self.columns)
        self._length = next(iter(counts.values()))

    @classmethod
    def of_rows(cls, rows: Sequence[Mapping[str, Any]], source: str = "the dataset") -> Table:
        """A table of rows, each a mapping with the columns of the first.

        Raises:
            DataError: a row is no mapping, or lacks a column; its place is named.
        """
        names = list(rows[0]) if rows and isinstance(rows[0], Mapping) else []
        columns: dict[str, list[Any]] = {name: [] for name in names}
        for place, row in enumerate(rows):
            if not isinstance(row, Mapping):
                raise DataError(f"{source}: row {place} must be a dict of column and value; got {type(row).__name__}.")
            if set(row) != set(names):
                odd = sorted(map(str, set(row) ^ set(names)))
                raise DataError(f"{source}: row {place} differs from the first in its columns: {', '.join(odd)}.")
            for name, value in row.items():
                columns[name].append(value)
        return cls(columns, source)

    @classmethod
    def of_file(cls, path: str | os.PathLike[str]) -> Table:
        """A table of a file: JSON lines, CSV, TSV or Parquet, also compressed. Labels of CSV and TSV become numbers.

        Raises:
            DataError: it cannot be read; file and line are named.
        """
        found = read_rows(Path(path).expanduser())
        columns = {name: [row.get(name) for row in found.rows] for name in found.columns}
        if found.form in ("csv", "tsv"):
            for name in LABELS:
                if name in columns:
                    columns[name] = [
                        _number(value, f"{found.source}: line {place}", name)
                        for value, place in zip(columns[name], found.places, strict=True)
                    ]
        return cls(columns, str(path))

    def __len__(self) -> int:
        return self._length

    def __getitem__(self, number: int) -> dict[str, Any]:
        return {name: values[number] for name, values in self.columns.items()}

    def __getitems__(self, numbers: list[int]) -> list[dict[str, Any]]:
        """Several rows; the name is the one that torch's loaders and Hugging Face's datasets know."""
        return [self[number] for number in numbers]

    def __repr__(self) -> str:
        return f"Table({self.source}, {len(self):,} rows, columns {', '.join(self.column_names)})"


def as_rows(data: Any, source: str = "the dataset") -> Any:
    """Rows of what holds them.

    Args:
        data: a list of dicts or of ``InputExample``; a dict of columns; a file's path; a data frame; a
            ``datasets.Dataset`` or another dataset of dicts; an ``IterableDataset``, which is returned as it is.
        source: what to call it in messages.

    Raises:
        DataError: rows differ in their columns, or there are none.
        InputError: it is nothing of the kind.
    """
    if isinstance(data, (str, os.PathLike)):
        return Table.of_file(data)
    if isinstance(data, Mapping):
        return Table(data, source)
    if is_stream(data) or (isinstance(data, Rows) and not isinstance(data, type)):
        rows = data
    elif hasattr(data, "columns") and hasattr(data, "to_dict"):  # pandas or polars
        rows = Table({str(name): list(data[name]) for name in data.columns}, source)
    elif isinstance(data, Iterable) or (hasattr(data, "__getitem__") and hasattr(data, "__len__")):
        held = list(data) if isinstance(data, Iterable) else [data[number] for number in range(len(data))]
        rows = Table.of_rows([_of_example(row) for row in held], source) if held else None
    else:
        raise InputError(
            f"{source} must be a list of dicts, a dict of columns, a file's path, a data frame or a dataset; got "
            f"{type(data).__name__}."
        )
    if rows is None or (not is_stream(rows) and not len(rows)):
        raise DataError(f"{source} has no rows.")
    return rows


def is_several(data: Any) -> bool:
    """Whether a mapping holds datasets by name, and not columns: its values are tables, files, or lists of rows."""
    if not isinstance(data, Mapping) or not data:
        return False
    return all(
        isinstance(value, (str, os.PathLike, Mapping, Rows))
        or is_stream(value)
        or hasattr(value, "to_dict")
        or (isinstance(value, Sequence) and len(value) and isinstance(_of_example(value[0]), Mapping))
        for value in data.values()
    )


def is_stream(data: Any) -> bool:
    """Whether rows can only be taken one after another: an ``IterableDataset`` of Hugging Face or torch."""
    return any(kind.__name__ == "IterableDataset" for kind in type(data).__mro__)


def _of_example(row: Any) -> Any:
    """A row of an ``InputExample`` of older scripts: its texts, and its label."""
    texts = getattr(row, "texts", None)
    if texts is None or isinstance(row, Mapping):
        return row
    found = {f"sentence_{number}": text for number, text in enumerate(texts)}
    label = getattr(row, "label", None)
    return found if label is None else found | {"label": label}


def _number(value: Any, place: str, column: str) -> float | int:
    try:
        number = float(value)
    except (TypeError, ValueError):
        raise DataError(f"{place} has {value!r} in the column {column!r}, which is no number.") from None
    return int(number) if number.is_integer() and "." not in str(value) else number
