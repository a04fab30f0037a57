"""The table of an index: which documents it has, and documents put into it and taken out of it, a commit at a time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from ..errors import InputError
from ..types import FloatArray
from .documents import Document
from .lance import committed, listed, quoted, translated, translated_filter
from .late import sets_column
from .passages import Passage, reused
from .schema import (
    CONTENT,
    DOCUMENT,
    FILTERABLE,
    HASH,
    HEADING,
    ID,
    OWN,
    PART,
    PASSAGE,
    SOURCE,
    START,
    STOP,
    VECTOR,
    as_kind,
    in_words,
    metadata_columns,
    metadata_rows,
    new_fields,
    vector_column,
)

#: The condition that a row is a document's first passage, which each has one of.
FIRST = f"{PART} = 0"
#: Names in one condition; more are looked for, or removed, in several.
NAMES = 2000
#: Conditions joined by OR, at the most: each is a step down for who reads them.
_CONDITIONS = 100


@dataclass(frozen=True)
class Stored:
    """What is known of a document that is in the index.

    Attributes:
        hash: of all that is stored of it.
        source: where it came from; empty for one that was added by itself.
    """

    hash: str
    source: str


@dataclass(frozen=True)
class Prepared:
    """A document that is ready to be written.

    Attributes:
        document: what it is.
        passages: its passages with their vectors.
        source: where it came from.
    """

    document: Document
    passages: Sequence[Passage]
    source: str


class Store:
    """The rows of an index.

    Args:
        table: LanceDB's.
    """

    def __init__(self, table: Any) -> None:
        self.table = table

    @property
    def schema(self) -> Any:
        """The table's columns as they are now."""
        return self.table.schema

    def documents(self, where: str | None = None) -> dict[str, Stored]:
        """The documents of which a condition holds, by name; all without one.

        Args:
            where: on first passages, which every document has one of.
        """
        return self._stored(FIRST if where is None else f"{FIRST} AND ({where})")

    def find(self, names: Sequence[str]) -> dict[str, Stored]:
        """Those of some documents that are there."""
        found: dict[str, Stored] = {}
        for some in _portions(names):
            # First passages by their ids, which have an index.
            found |= self._stored(listed(ID, [passage_id(name, 0) for name in some]))
        return found

    def named(self, where: str) -> list[str]:
        """The documents that have a passage of which a user's condition holds.

        Raises:
            InputError: something is wrong with the condition.
        """
        with translated_filter(where, self.columns):
            return sorted({row[DOCUMENT] for row in self._select(where, [DOCUMENT])})

    def columns(self) -> list[str]:
        """The columns that filters are of use for."""
        return [*FILTERABLE, *metadata_columns(self.schema)]

    def embedded(self, contents: Sequence[str]) -> dict[str, list[Passage]]:
        """Passages that are there already of texts with some hashes, so that nothing is embedded twice."""
        found: dict[str, dict[str, list[tuple[int, Passage]]]] = {}
        columns = [DOCUMENT, PART, CONTENT, START, STOP, PASSAGE, HEADING, VECTOR]
        for some in _portions(sorted(set(contents))):
            for row in self._rows(listed(CONTENT, some), columns):
                owners = found.setdefault(row[CONTENT], {})
                owners.setdefault(row[DOCUMENT], []).append((row[PART], reused(row)))
        return {
            content: [passage for _, passage in sorted(next(iter(owners.values())), key=lambda part: part[0])]
            for content, owners in found.items()
        }

    def put(self, batch: Sequence[Prepared], new: bool = False) -> None:
        """Write documents in the place of those of the same names, all in one commit.

        Passages that are there already are replaced, new ones are added and those that a document no longer has are
        removed by the same commit, so no reader and no crash meets half a document.

        Args:
            batch: the documents.
            new: whether none of them is there as far as is known. Then only their own ids are looked up, in the index
                of ids; removing passages reads all of them.

        Raises:
            InputError: metadata does not fit the columns.
            StoredIndexError: it cannot be written.
        """
        metadata = metadata_rows(item.document for item in batch)
        names = [item.document.id for item in batch]

        def write(new: bool) -> int:
            self._add_columns(metadata, names)
            merge = self.table.merge_insert(ID).when_matched_update_all().when_not_matched_insert_all()
            if not new:
                merge = merge.when_not_matched_by_source_delete(listed(DOCUMENT, names))
            # Vectors are checked where they are made; null ones are meant.
            result = merge.execute(self._table_of(batch, metadata), on_bad_vectors="null")
            return int(result.num_updated_rows)

        # Another writer may have brought the same documents meanwhile, with more passages than these.
        if committed(self.table, partial(write, new), "be written to") and new:
            committed(self.table, partial(write, False), "be written to")

    def append(self, columns: dict[str, Any]) -> None:
        """Write rows that are known to be new, in one commit.

        Args:
            columns: pyarrow's arrays, by name; what is left out stays null.
        """
        import pyarrow as pa

        schema = self.schema
        count = len(columns[ID])
        arrays = [columns[field.name] if field.name in columns else pa.nulls(count, field.type) for field in schema]
        rows = pa.Table.from_arrays(arrays, schema=schema)
        committed(self.table, lambda: self.table.add(rows, on_bad_vectors="null"), "be written to")

    def add_fields(self, fields: Sequence[Any], source: str) -> None:
        """Make the columns of metadata that are not there yet.

        Args:
            fields: pyarrow's.
            source: where they come from, for messages.

        Raises:
            InputError: a column is there that holds something else.
        """
        import pyarrow as pa

        known = self.schema
        kinds = {name: known.field(name).type for name in known.names}
        for field in fields:
            have = kinds.get(field.name, field.type)
            if have != field.type and not (have == pa.float64() and field.type == pa.int64()):
                raise InputError(
                    f"{source}: the column {field.name!r} holds {in_words(field.type)}; in the index it holds "
                    f"{in_words(have)}. Rename it."
                )
        new = [field for field in fields if field.name not in kinds]
        if new:
            committed(self.table, lambda: self.table.add_columns(pa.schema(new)), "be given columns")

    def remove_others(self, hashes: Mapping[str, str]) -> None:
        """Remove passages of documents that are there in another state.

        Args:
            hashes: of the states that stay, by the documents' names.
        """
        every = list(hashes.items())
        for start in range(0, len(every), _CONDITIONS):
            some = every[start : start + _CONDITIONS]
            where = " OR ".join(f"({DOCUMENT} = {quoted(name)} AND {HASH} <> {quoted(hash_)})" for name, hash_ in some)
            committed(self.table, partial(self.table.delete, where), "be written to")

    def remove(self, names: Sequence[str]) -> None:
        """Remove documents, some thousands a commit."""
        for some in _portions(names):
            committed(self.table, partial(self.table.delete, listed(DOCUMENT, some)), "be written to")

    def count(self, where: str | None = None) -> int:
        """Passages of which a user's condition holds; all without one.

        Raises:
            InputError: something is wrong with the condition.
        """
        with translated_filter(where, self.columns):
            return int(self.table.count_rows(where))

    def sources(self) -> list[str]:
        """Where documents came from."""
        import pyarrow.compute as pc

        found: set[str] = set()
        with translated("The index cannot be read"):
            for batch in self.table.search().where(FIRST).select([SOURCE]).to_batches():
                found.update(pc.unique(batch[SOURCE]).to_pylist())
        return sorted(found)

    def under(self, source: str) -> dict[str, Stored]:
        """The documents that came from a place."""
        return self.documents(f"{SOURCE} = {quoted(source)}")

    def _stored(self, where: str) -> dict[str, Stored]:
        rows = self._rows(where, [DOCUMENT, HASH, SOURCE])
        return {row[DOCUMENT]: Stored(row[HASH], row[SOURCE]) for row in rows}

    def _rows(self, where: str, columns: list[str]) -> list[dict[str, Any]]:
        with translated("The index cannot be read"):
            return self._select(where, columns)

    def _select(self, where: str, columns: list[str]) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.table.search().where(where).select(columns).to_arrow().to_pylist()
        return found

    def _add_columns(self, metadata: list[dict[str, object]], names: list[str]) -> None:
        import pyarrow as pa

        fields = new_fields(metadata, names, self.schema)
        if fields:
            self.table.add_columns(pa.schema(fields))

    def _table_of(self, batch: Sequence[Prepared], metadata: list[dict[str, object]]) -> Any:
        """The rows of some documents, as pyarrow's table."""
        import pyarrow as pa

        schema = self.schema
        rows = [(item, part, passage) for item in batch for part, passage in enumerate(item.passages)]
        facts = [row for item, row in zip(batch, metadata, strict=True) for _ in item.passages]
        hashes = {item.document.id: item.document.whole_hash() for item in batch}
        contents = {item.document.id: item.document.content_hash() for item in batch}
        own: dict[str, list[Any]] = {
            ID: [passage_id(item.document.id, part) for item, part, _ in rows],
            DOCUMENT: [item.document.id for item, _, _ in rows],
            PART: [part for _, part, _ in rows],
            SOURCE: [item.source for item, _, _ in rows],
            HASH: [hashes[item.document.id] for item, _, _ in rows],
            CONTENT: [contents[item.document.id] for item, _, _ in rows],
            PASSAGE: [passage.text for _, _, passage in rows],
            START: [passage.start for _, _, passage in rows],
            STOP: [passage.stop for _, _, passage in rows],
            HEADING: [passage.heading for _, _, passage in rows],
        }
        columns = []
        for field in schema:
            if field.name == VECTOR:
                columns.append(_vector_column([passage.vector for _, _, passage in rows], field.type))
            elif field.name in OWN:
                columns.append(pa.array(own[field.name], field.type))
            else:
                values = [as_kind(row.get(field.name), field.type) for row in facts]
                columns.append(pa.array(values, field.type))
        return pa.Table.from_arrays(columns, schema=schema)


def _vector_column(vectors: list[FloatArray | None], kind: Any) -> Any:
    """Vectors as a column; what is None is null."""
    if not hasattr(kind, "list_size"):
        return sets_column(vectors, kind)
    rows = np.zeros((len(vectors), kind.list_size), np.float32)
    for row, vector in zip(rows, vectors, strict=True):
        if vector is not None:
            row[:] = vector
    return vector_column(rows, np.array([vector is None for vector in vectors]), kind)


def passage_id(document: str, part: int) -> str:
    """The name of a passage."""
    return f"{document}#{part}"


def _portions(names: Iterable[str]) -> list[list[str]]:
    every = list(names)
    return [every[start : start + NAMES] for start in range(0, len(every), NAMES)]
