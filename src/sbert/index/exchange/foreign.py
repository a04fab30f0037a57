"""A table that others made, texts beside their vectors, as rows of an index: a document of one passage each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ...data.columns import named_column, text_column
from ...errors import DataError, DimensionError, InputError, OtherModelError
from ...similarity import norms, pairwise_cos_sim
from ...types import FloatArray
from ..identity import Identity
from ..schema import simple, usable_name
from ..whole import whole_columns
from .stream import batch_rows
from .tables import Table
from .vectors import column_of, evenly, holds_vectors, vector_name, vectors_in

if TYPE_CHECKING:
    from ..identity import IndexModel

#: Names of a column of ids, where none is given.
_IDS = ("id", "_id")
#: Texts that are embedded once more, to see whether vectors are the model's; the median of their cosines at the least,
#: and how far lengths may be from the model's. Half precision and int8 are off by less.
CHECKED, ALIKE, _STRETCH = 8, 0.95, 0.02


class Foreign:
    """The rows of a table of others.

    Args:
        table: as it was opened.
        identity: of the index that they are for.
        text: name of the column of texts; found by itself where one stands out.
        vector: of that of vectors; likewise.
        id: of that of names, texts or whole numbers; ``id`` or ``_id`` where there is one, else rows are numbered.

    Raises:
        DataError: there is no such column, or none stands out.
    """

    def __init__(
        self,
        table: Table,
        identity: Identity,
        text: str | None,
        vector: str | None,
        id: str | None,  # noqa: A002  (the name of the column)
    ) -> None:
        import pyarrow as pa

        self._table, self._identity = table, identity
        schema = table.schema
        source = str(table.path)
        textual = [field.name for field in schema if _is_text(field.type)]
        self._vector = vector_name(schema, vector, source)
        self._id = _id_name(schema, id, source)
        self._text = (
            text_column(schema.names, [name for name in textual if name != self._id], source)
            if text is None
            else named_column(text, schema.names, source)
        )
        if self._text not in textual:
            raise DataError(f"The column {self._text!r} of {source} holds {schema.field(self._text).type}, not text.")
        own = (self._vector, self._id, self._text)
        # Lists of numbers with a point are other vectors, which say nothing to filter by.
        more = [field.name for field in schema if field.name not in own and not holds_vectors(field.type, whole=False)]
        self._metadata = {name: usable_name(name) for name in more}
        if len(set(self._metadata.values())) < len(self._metadata):
            raise DataError(f"{source} has columns whose names an index cannot tell apart: {', '.join(schema.names)}.")
        #: Columns of metadata, pyarrow's fields.
        self.fields = [pa.field(new, _kind(schema.field(old).type)) for old, new in self._metadata.items()]

    def check(self, model: IndexModel) -> None:
        """Embed some of the texts once more, to see that the vectors are the model's.

        Raises:
            DimensionError: the vectors have another width.
            OtherModelError: they are others; how like they are is told.
        """
        for batch in self._table.batches(batch_rows(self._identity), [self._text, self._vector]):
            given, missing = self._vectors(batch, 0)
            texts = column_of(batch, self._text).to_pylist()
            rows = [row for row, text in enumerate(texts) if text and text.strip() and not missing[row]]
            rows = [rows[place] for place in evenly(CHECKED, len(rows))] if rows else []
            if rows:
                self._compare(model, [texts[row] for row in rows], given[rows])
                return

    def _compare(self, model: IndexModel, texts: Sequence[str], given: FloatArray) -> None:
        made = np.asarray(model.encode_document(list(texts), show_progress_bar=False), np.float32)
        cosine = float(np.median(np.asarray(pairwise_cos_sim(given, made))))
        if not cosine >= ALIKE:
            raise OtherModelError(
                f"The vectors of {self._table.path} are not those of {self._identity.model}: {len(texts)} of its texts "
                f"were embedded once more, and the median cosine is {cosine:.2f}. Name the model that made them; if "
                "this one did, with another prompt or of other texts, pass check=False (--no-check)."
            )
        stretch = float(np.median(norms(given) / np.maximum(norms(made), 1e-12)))
        if self._identity.similarity != "cosine" and abs(stretch - 1) > _STRETCH:
            raise OtherModelError(
                f"The vectors of {self._table.path} have {stretch:.2f} times the lengths of those of "
                f"{self._identity.model}, which compares by {self._identity.similarity}: they were normalised, or "
                "scaled. Take them as the model gives them."
            )

    def batches(self, vectors: Any) -> Iterator[dict[str, Any]]:
        """Columns of an index, batch after batch.

        Args:
            vectors: type of the column of vectors, pyarrow's.

        Raises:
            DataError: a text, an id or a vector is missing.
            DimensionError: a vector has another width.
            InputError: NaN or infinity.
        """
        names = [name for name in (self._id, self._text, self._vector) if name] + list(self._metadata)
        first = 0
        for batch in self._table.batches(batch_rows(self._identity), names):
            yield self._columns(batch, vectors, first)
            first += batch.num_rows

    def _columns(self, batch: Any, kind: Any, first: int) -> dict[str, Any]:
        import pyarrow as pa

        texts: list[str] = self._whole(batch, self._text, first)
        source = self._table.path.name
        if self._id is None:
            names = [f"{source}#{number}" for number in range(first, first + len(texts))]
        else:
            names = list(map(str, self._whole(batch, self._id, first)))
        if "" in names:
            raise DataError(f"Row {first + names.index(''):,} of {self._table.path} has an empty id.")
        rows, missing = self._vectors(batch, first)
        if missing.any():
            raise DataError(f"Row {first + int(np.argmax(missing)):,} of {self._table.path} has no vector.")
        facts = self._facts(batch)
        columns = whole_columns(
            names,
            source,
            texts,
            [_kept(row) for row in facts],
            rows,
            norms(rows),
            similarity=self._identity.similarity,
            kind=kind,
        )
        return columns | {field.name: pa.array([row[field.name] for row in facts], field.type) for field in self.fields}

    def _vectors(self, batch: Any, first: int) -> tuple[FloatArray, Any]:
        width = self._identity.dimension
        kind = self._table.schema.field(self._vector).type
        if getattr(kind, "list_size", width) != width:
            raise DimensionError(
                f"The vectors of {self._table.path} have {kind.list_size} numbers; those of {self._identity.model} "
                f"have {width}."
            )
        return vectors_in(column_of(batch, self._vector), width, self._table.path, first)

    def _whole(self, batch: Any, name: str, first: int) -> list[Any]:
        values: list[Any] = column_of(batch, name).to_pylist()
        if None in values:
            raise DataError(f"Row {first + values.index(None):,} of {self._table.path} has nothing in {name!r}.")
        return values

    def _facts(self, batch: Any) -> list[dict[str, Any]]:
        """Metadata, a dict a row, with values that columns can hold."""
        columns: dict[str, list[Any]] = {}
        for (old, new), field in zip(self._metadata.items(), self.fields, strict=True):
            values = [_value(value, str(field.type)) for value in column_of(batch, old).to_pylist()]
            columns[new] = values
        return (
            [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
            if columns
            else [{} for _ in range(batch.num_rows)]
        )


def _kept(row: dict[str, Any]) -> dict[str, Any]:
    """Metadata as a document has it: a table has a cell for each column, full or not."""
    return {name: value for name, value in row.items() if value is not None}


def _value(value: object, kind: str) -> object:
    plain = simple(value)
    if plain is None or kind != "string":
        return None if isinstance(plain, float) and plain != plain else plain
    return plain if isinstance(plain, str) else str(plain)


def _kind(kind: Any) -> Any:
    """The type of an index's column for values of a table's."""
    import pyarrow as pa
    import pyarrow.types as pt

    if pt.is_boolean(kind):
        return pa.bool_()
    if pt.is_integer(kind) and not pt.is_uint64(kind):  # whose greatest an index cannot hold
        return pa.int64()
    return pa.float64() if pt.is_floating(kind) else pa.string()


def _is_text(kind: Any) -> bool:
    import pyarrow.types as pt

    if pt.is_dictionary(kind):
        kind = kind.value_type
    return bool(pt.is_string(kind) or pt.is_large_string(kind) or pt.is_string_view(kind))


def _id_name(schema: Any, name: str | None, source: str) -> str | None:
    import pyarrow.types as pt

    if name is None:
        name = next((usual for usual in _IDS if usual in schema.names), None)
        usable = name is not None and (_is_text(schema.field(name).type) or pt.is_integer(schema.field(name).type))
        return name if usable else None
    named_column(name, schema.names, source)
    if not _is_text(schema.field(name).type) and not pt.is_integer(schema.field(name).type):
        raise InputError(f"id must be a column of texts or whole numbers; {name!r} holds {schema.field(name).type}.")
    return name
