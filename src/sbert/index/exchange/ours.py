"""A table that an index was exported to, read back as rows of an index."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from ...errors import DataError, DimensionError, InputError
from ...similarity import norms
from ...vectors import require_finite
from ..identity import Identity
from ..late import is_late, sets_of
from ..schema import OWN, VECTOR, make_schema, vector_column
from .facts import TOLERANCE, Facts
from .stream import batch_rows
from .tables import Table
from .vectors import column_of, vectors_in


class Exported:
    """The rows of an exported table.

    Args:
        table: as it was opened.
        identity: whose vectors it says it holds.
        facts: what else it says of itself.

    Raises:
        DataError: a column of an index is missing.
    """

    def __init__(self, table: Table, identity: Identity, facts: Facts) -> None:
        self._table, self._identity, self._facts = table, identity, facts
        missing = [name for name in OWN if name not in table.schema.names]
        if missing:
            raise DataError(
                f"{table.path} says that it was exported from an index, but has lost the columns {', '.join(missing)}. "
                "Export it again, or take its schema's metadata away to import it as a table of others."
            )
        #: Columns of metadata, pyarrow's fields.
        self.fields = [field for field in table.schema if field.name not in OWN]

    def batches(self, vectors: Any) -> Iterator[dict[str, Any]]:
        """Columns of an index, batch after batch.

        Args:
            vectors: type of the column of vectors, pyarrow's.

        Raises:
            DataError: a value is not what its column must hold.
            DimensionError: a vector has another width.
            InputError: NaN or infinity; or vectors are not normalised, though the table says that they are.
        """
        kinds = {field.name: field.type for field in make_schema(self._identity)}
        kinds |= {field.name: field.type for field in self.fields}
        names = [*OWN, *(field.name for field in self.fields)]
        first = 0
        for batch in self._table.batches(batch_rows(self._identity), names):
            columns = {name: self._cast(batch, name, kinds[name]) for name in names if name != VECTOR}
            column = column_of(batch, VECTOR)
            late = is_late(self._identity.similarity)
            columns[VECTOR] = self._sets(column, vectors, first) if late else self._vectors(column, vectors, first)
            yield columns
            first += batch.num_rows

    def _cast(self, batch: Any, name: str, kind: Any) -> Any:
        try:
            return column_of(batch, name).cast(kind)
        except ValueError as error:  # pyarrow's errors of values and types are those, too
            raise DataError(f"{self._table.path}: the column {name!r} cannot be {kind}: {error}") from error

    def _vectors(self, column: Any, kind: Any, first: int) -> Any:
        rows, missing = vectors_in(column, self._identity.dimension, self._table.path, first)
        lengths = norms(rows)
        off = np.flatnonzero((np.abs(lengths - 1) > TOLERANCE) & ~missing)
        if self._facts.normalized and len(off):
            raise InputError(
                f"{self._table.path} says that its vectors are normalised; the one of row {first + off[0]:,} has the "
                f"length {lengths[off[0]]:.3f}. They were changed since they were exported."
            )
        return vector_column(rows, missing, kind)

    def _sets(self, column: Any, kind: Any, first: int) -> Any:
        try:
            sets = column.cast(kind)
        except (ValueError, NotImplementedError) as error:
            raise DimensionError(
                f"{self._table.path}: row {first:,} and those behind it hold {column.type}; the index holds {kind}."
            ) from error
        for number, rows in enumerate(sets_of(sets)):
            if rows is not None:
                require_finite(rows, f"the vectors of row {first + number}")
        return sets
