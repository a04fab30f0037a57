"""The rows of one version of an index, batch after batch, in memory that does not grow with it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ...errors import InputError, closest
from ..identity import Identity
from ..lance import one_batch, open_table, pages, translated, translated_filter
from ..late import is_late
from ..schema import FILTERABLE, PART, metadata_columns

#: Rows of a batch at the most, and numbers of its vectors: 16 MB in float32.
_ROWS, _NUMBERS = 8192, 1 << 22
#: Tokens that a passage of late interaction is taken to have.
_TOKENS = 128


def batch_rows(identity: Identity) -> int:
    """Rows of a batch for the vectors of an index."""
    width = identity.dimension * (_TOKENS if is_late(identity.similarity) else 1)
    return max(1, min(_ROWS, _NUMBERS // width))


class Stream:
    """The rows of one version: what writers do meanwhile is not seen.

    Args:
        path: folder of the index.
        version: its number; the newest by default.

    Raises:
        InputError: there is no such version, or no longer.
        StoredIndexError: there is no index, or it cannot be read.
    """

    def __init__(self, path: Path, version: int | None = None) -> None:
        self._table = open_table(path)
        self.version = int(self._table.version) if version is None else version
        try:
            self._table.checkout(self.version)
        except (RuntimeError, ValueError, OSError) as error:
            raise InputError(f"{path} has no version {version!r}, or no longer. See `sbert index versions`.") from error
        self.schema = self._table.schema

    def count(self, where: str | None = None) -> int:
        """Rows of which a condition holds; all without one.

        Raises:
            InputError: something is wrong with the condition.
        """
        with translated_filter(where, self._columns):
            return int(self._table.count_rows(where))

    def batches(
        self, rows: int, columns: Sequence[str] | None = None, where: str | None = None, start: int = 0
    ) -> Iterator[Any]:
        """Pyarrow's record batches, in an order that is the same each time.

        Args:
            rows: of a batch at the most.
            columns: that are read; all by default.
            where: condition in SQL.
            start: rows that are left out at the beginning, of those of which the condition holds.

        Raises:
            InputError: there is no such column, or something is wrong with the condition.
        """
        names = list(self.schema.names)
        for name in columns or ():
            if name not in names:
                raise InputError(f"columns names {name!r}, which is none.{closest(name, names)}")
        wanted = names if columns is None else list(columns)
        yield from self._pages(rows, wanted, start) if where is None else self._filtered(rows, wanted, where, start)

    def _pages(self, rows: int, columns: list[str], start: int) -> Iterator[Any]:
        with translated("The index cannot be read"):
            yield from pages(self._table, columns, rows, start)

    def _filtered(self, rows: int, columns: list[str], where: str, start: int) -> Iterator[Any]:
        # The condition is looked at once, and the numbers of its rows are kept: 8 bytes each.
        with translated_filter(where, self._columns):
            found = self._table.search().where(where).with_row_id(True).select([PART]).to_batches()
            numbers = np.concatenate([batch["_rowid"].to_numpy() for batch in found] or [np.empty(0, np.uint64)])
        numbers = np.sort(numbers)[start:]
        for first in range(0, len(numbers), rows):
            with translated("The index cannot be read"):
                some = numbers[first : first + rows].tolist()
                yield one_batch(self._table.take_row_ids(some).select(columns).to_arrow())

    def _columns(self) -> list[str]:
        return [*FILTERABLE, *metadata_columns(self.schema)]
