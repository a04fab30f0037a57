"""A data file of a training config: which of its rows, which of its columns."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..data import read_rows
from ..data.readers import Rows
from ..errors import DataError, InputError, SbertError, closest
from .located import Located
from .tables import LABELS, Table
from .typed import typed

_SPLIT = "split"
#: The rows that are meant where a file has several splits and the config names none.
TRAIN_SPLITS, EVAL_SPLITS = ("train",), ("dev", "validation", "val")
_KEYS: dict[str, Any] = {
    "path": str, _SPLIT: str | None, "columns": list[str] | None, "label": str | None, "scale": float | None,
    "limit": int | None,
}  # fmt: skip
_ROW = re.compile(r"\brow (\d+)\b")


@dataclass(frozen=True)
class Source:
    """A data file, and what is read of it.

    Args:
        path: the file.
        node: where the config names it.
        split: the rows whose column ``split`` says so.
        columns: of texts, in the loss's order.
        label: the column of labels.
        scale: labels are divided by it.
        limit: rows that are read at the most.
        splits: of which the first that there is counts, where ``split`` is None.
    """

    path: Path
    node: Located
    split: str | None = None
    columns: list[str] | None = None
    label: str | None = None
    scale: float | None = None
    limit: int | None = None
    splits: tuple[str, ...] = field(default=TRAIN_SPLITS)

    @classmethod
    def of(cls, node: Located, splits: tuple[str, ...]) -> Source:
        """The source that a config names: a file, or a mapping with ``path`` and more.

        Raises:
            InputError: the file is not there, or a key or value is wrong.
        """
        keys = node.fields(_KEYS, ["path"]) if isinstance(node.value, dict) else {"path": node}
        settings = {name: typed(value, _KEYS[name]) for name, value in keys.items()}
        for name in ("scale", "limit"):
            if settings.get(name) is not None and settings[name] <= 0:
                raise keys[name].error(f"must be above 0; got {settings[name]}.")
        path = existing(keys["path"], settings.pop("path"))
        if path.is_dir():
            raise keys["path"].error(f"{path} is a folder; a file was expected.")
        return cls(path, node, splits=splits, **settings)

    def read(self) -> SourceTable:
        """Its rows, and of their columns those of texts and labels.

        Raises:
            DataError: it cannot be read, or has no such split, column or label; the config's line is named.
        """
        try:
            found = self._of_split(read_rows(self.path))
            label = self._label(found)
            columns = self._columns(found, label)
            values: dict[str, list[Any]] = {name: [row.get(name) for row in found.rows] for name in columns}
            if label is not None:
                values[label] = [
                    self._known(row.get(label), place, label, found.form)
                    for row, place in zip(found.rows, found.places, strict=True)
                ]
        except SbertError as error:
            raise self.node.translated(error) from error
        return SourceTable(values, str(self.path), found.places, label)

    def plain(self) -> dict[str, Any]:
        """What it is, for a record of the run."""
        names = ("split", "columns", "label", "scale", "limit")
        given = {name: getattr(self, name) for name in names if getattr(self, name) is not None}
        return {"path": str(self.path), "bytes": self.path.stat().st_size, **given}

    def error(self, name: str, problem: str) -> DataError:
        """An error about one of its keys."""
        at = self.node.value[name] if isinstance(self.node.value, dict) and name in self.node.value else self.node
        return DataError(at.located(problem))

    def _of_split(self, found: Rows) -> Rows:
        kept = list(range(len(found)))
        if _SPLIT in found.columns:
            names = list(dict.fromkeys(str(row.get(_SPLIT)) for row in found.rows))
            usual = next((name for name in self.splits if name in names), names[0] if len(names) == 1 else None)
            wanted = self.split or usual
            if wanted not in names:
                hint = closest(wanted, names) if wanted else f" Name one: {{path: {self.path}, split: ...}}"
                raise DataError(f"{self.path} has the splits {', '.join(names)}.{hint}")
            kept = [number for number in kept if str(found.rows[number].get(_SPLIT)) == wanted]
        elif self.split is not None:
            raise DataError(f"{self.path} has no column {_SPLIT!r}, which would tell the rows of {self.split!r}.")
        kept = kept[: self.limit]
        return Rows(
            [found.rows[number] for number in kept],
            [name for name in found.columns if name != _SPLIT],
            found.source,
            [found.places[number] for number in kept],
            found.form,
        )

    def _label(self, found: Rows) -> str | None:
        if self.label is not None:
            self._require(self.label, found)
            return self.label
        label = next((name for name in LABELS if name in found.columns), None)
        if label is None and self.scale is not None:
            raise DataError(f"scale divides labels, and {self.path} has none. Name their column with label.")
        return label

    def _columns(self, found: Rows, label: str | None) -> list[str]:
        for name in self.columns or ():
            self._require(name, found)
        return self.columns or [name for name in found.columns if name != label]

    def _require(self, name: str, found: Rows) -> None:
        if name not in found.columns:
            listed = ", ".join(map(repr, found.columns))
            raise DataError(f"{self.path} has no column {name!r}; it has {listed}.{closest(name, found.columns)}")

    def _known(self, value: Any, place: int, label: str, form: str) -> Any:
        """A label as a number, or numbers, divided by the scale."""
        if isinstance(value, list):
            return [self._known(one, place, label, form) for one in value]
        try:
            number = float(value)
        except (TypeError, ValueError):
            raise DataError(
                f"{self.path}: {_place(place, form)} has {value!r} in the column {label!r}, which is no number."
            ) from None
        if self.scale is not None:
            return number / self.scale
        whole = number.is_integer() and "." not in str(value)
        return int(number) if whole else number


class SourceTable(Table):
    """A table that knows the lines of its rows.

    Args:
        columns: as of :class:`~sbert.training.tables.Table`.
        source: the file.
        places: the line of each row.
        label: the column of labels.
    """

    def __init__(self, columns: Mapping[str, Any], source: str, places: list[int], label: str | None) -> None:
        super().__init__(columns, source)
        self.places, self.label = places, label

    def with_line(self, message: str) -> str:
        """A message about a row by its number, with its place in the file."""
        found = _ROW.search(message)
        if found is None or int(found[1]) >= len(self.places):
            return message
        place = _place(self.places[int(found[1])], "parquet" if ".parquet" in self.source else "")
        return f"{message} (Row {found[1]} is {place} of {self.source}.)"


def existing(node: Located, path: str) -> Path:
    """A file or folder that is there.

    Raises:
        InputError: it is not; one of a like name is offered.
    """
    found = Path(path).expanduser()
    if not found.exists():
        beside = [other.name for other in found.parent.iterdir()] if found.parent.is_dir() else []
        raise node.error(f"there is no {found}, seen from {Path.cwd()}.{closest(found.name, beside)}")
    return found


def alike(train: SourceTable, other: SourceTable, source: Source) -> None:
    """Raise unless two tables have the same columns, as data for training and for the loss on other data must.

    Raises:
        InputError: they have not.
    """
    if train.column_names != other.column_names or train.label != other.label:
        shown = [", ".join(map(repr, table.column_names)) for table in (other, train)]
        raise InputError(
            source.node.located(
                f"its columns are {shown[0]}, those of the training data {shown[1]}; they must be the same. Name "
                "columns and label."
            )
        )


def _place(place: int, form: str) -> str:
    return f"row {place}" if form == "parquet" else f"line {place}"
