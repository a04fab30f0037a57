"""A Parquet file or a Lance dataset, opened and read batch after batch."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from ...errors import DataError, MissingDependencyError, closest
from ..lance import TABLE, lancedb, pages, plain

#: Suffixes that tell the form.
PARQUET, LANCE = ".parquet", ".lance"


class Table(Protocol):
    """A table on disk."""

    @property
    def path(self) -> Path:
        """Where it is."""

    @property
    def schema(self) -> Any:
        """Its columns, as pyarrow's schema."""

    @property
    def rows(self) -> int:
        """How many it has."""

    def batches(self, rows: int, columns: Sequence[str]) -> Iterator[Any]:
        """Pyarrow's record batches, of so many rows at the most.

        Raises:
            DataError: it is damaged.
        """


def form_of(path: Path) -> str:
    """:data:`PARQUET` or :data:`LANCE`, by the name of a file or folder.

    Raises:
        DataError: the name ends in neither.
    """
    suffix = path.suffix.lower()
    if suffix not in (PARQUET, LANCE):
        raise DataError(f"{path} has the suffix {suffix!r}; tables are {PARQUET} or {LANCE}.")
    return suffix


def is_dataset(path: Path) -> bool:
    """Whether a folder is one Lance dataset; that of an index has one inside."""
    return (path / "_versions").is_dir()


def open_table(path: Path) -> Table:
    """A table of others, or one that an index was exported to.

    Raises:
        DataError: it is not there, or cannot be read.
        MissingDependencyError: the library that reads it is not installed.
    """
    form = form_of(path)
    if not path.exists():
        there = [each.name for each in path.parent.glob(f"*{path.suffix}")] if path.parent.is_dir() else []
        raise DataError(f"There is no {path}.{closest(path.name, there)}")
    if form == PARQUET:
        return _parquet(path)
    if (path / f"{TABLE}{LANCE}").is_dir():
        raise DataError(f"{path} is an index already: open it, copy it, or export it.")
    if not is_dataset(path):
        raise DataError(f"{path} is no Lance dataset.")
    return _lance(path)


@dataclass(frozen=True)
class _Parquet:
    path: Path
    file: Any

    @property
    def schema(self) -> Any:
        return self.file.schema_arrow

    @property
    def rows(self) -> int:
        return int(self.file.metadata.num_rows)

    def batches(self, rows: int, columns: Sequence[str]) -> Iterator[Any]:
        try:
            # Group by group, since pyarrow keeps in memory what it has read of others.
            for group in range(self.file.num_row_groups):
                yield from self.file.iter_batches(rows, [group], columns=list(columns))
        except (OSError, ValueError) as error:
            raise DataError(f"{self.path} is damaged: {error}") from error


@dataclass(frozen=True)
class _Lance:
    path: Path
    table: Any

    @property
    def schema(self) -> Any:
        return self.table.schema

    @property
    def rows(self) -> int:
        return int(self.table.count_rows())

    def batches(self, rows: int, columns: Sequence[str]) -> Iterator[Any]:
        try:
            yield from pages(self.table, columns, rows)
        except (OSError, ValueError, RuntimeError) as error:
            raise DataError(f"{self.path} is damaged: {plain(error)}") from error


def _parquet(path: Path) -> Table:
    try:
        import pyarrow.parquet as pq
    except ImportError as error:
        raise MissingDependencyError("pyarrow", f"read {path}, a Parquet file", "parquet") from error
    try:
        return _Parquet(path, pq.ParquetFile(path))
    except (OSError, ValueError) as error:
        raise DataError(f"{path} cannot be read as Parquet: {error}") from error


def _lance(path: Path) -> Table:
    try:
        return _Lance(path, lancedb().connect(str(path.parent)).open_table(path.stem))
    except (OSError, ValueError, RuntimeError) as error:
        raise DataError(f"{path} cannot be read as a Lance dataset: {plain(error)}") from error
