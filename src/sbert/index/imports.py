"""Tables put into an index: those that an index was exported to, and those of others, texts beside their vectors."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import InputError
from ..models.progress import progress_bar
from .exchange.facts import require_facts
from .exchange.foreign import Foreign
from .exchange.known import Known, joined
from .exchange.ours import Exported
from .exchange.stream import Stream
from .exchange.tables import open_table
from .identity import KEY, Identity, load_embedder
from .index import Index
from .lance import TABLE
from .late import is_late
from .schema import DOCUMENT, HASH, ID, PART, VECTOR
from .store import Store

if TYPE_CHECKING:
    from .identity import IndexModel

#: Bytes of a commit at the least; what a process that is killed does again at the most.
_COMMIT = 64 << 20
#: Rows whose names are read at a time.
_READ = 1 << 16


@dataclass(frozen=True)
class Imported:
    """What became of a table's rows.

    Attributes:
        added: passages that were written.
        unchanged: that were there as they are.
        replaced: documents that were there in another state.
        seconds: that it took.
    """

    added: int
    unchanged: int
    replaced: int
    seconds: float

    def to_dict(self) -> dict[str, Any]:
        """As plain values, for JSON."""
        return asdict(self)

    def __str__(self) -> str:
        replaced = f", {self.replaced:,} documents replaced" if self.replaced else ""
        return f"{self.added:,} passages added, {self.unchanged:,} unchanged{replaced}; {self.seconds:.1f} s"


def import_table(
    source: str | os.PathLike[str],
    path: str | os.PathLike[str],
    model: IndexModel | str | None = None,
    *,
    text: str | None = None,
    vector: str | None = None,
    id: str | None = None,  # noqa: A002  (the name of the column)
    precision: str = "float32",
    replace: bool = False,
    check: bool = True,
    show_progress_bar: bool | None = None,
) -> tuple[Index, Imported]:
    """Put a Parquet file or a Lance dataset into an index, which is made where it is not there.

    A table that :meth:`Index.export` wrote says whose vectors it holds, and how documents were cut; no model is loaded,
    and an index of another model refuses it. A table of others says nothing: name the model that made its vectors, and
    some of its texts are embedded once more to see whether it did. Each of its rows is a document of one passage, and
    columns beside text, vector and id become metadata, without other vectors.

    Rows are written in commits of some tens of megabytes, in bounded memory. What is there already is left as it is, so
    when this is killed, calling it again goes on. One process at a time.

    Args:
        source: the table, ``.parquet`` or ``.lance``.
        path: folder of the index.
        model: whose vectors these are, or its name. Only tables of others need it, for a new index.
        text: of a table of others, the column of texts; found by itself where one stands out.
        vector: of a table of others, the column of vectors; likewise.
        id: of a table of others, the column of names; ``id`` or ``_id`` where there is one, else rows are numbered.
        precision: of a new index for a table of others: ``float32`` or ``float16``.
        replace: whether documents that are there in another state are replaced; by default that is an error. Meanwhile
            readers may meet half of such a document.
        check: whether a table of others is checked against the model.
        show_progress_bar: True or False; by default it shows in a terminal, after two seconds.

    Returns:
        The index, and what became of the rows.

    Raises:
        DataError: the table cannot be read, or a value in it is missing.
        DimensionError: its vectors have another width than the index's.
        InputError: NaN or infinity; an id comes twice; a document is there in another state; columns do not fit.
        OtherModelError: the vectors are of another model than the index's or the one that is named.
        StoredIndexError: the index cannot be written.
    """
    started = time.perf_counter()
    table = open_table(Path(source).expanduser())
    place = Path(path).expanduser()
    there = (place / f"{TABLE}.lance").is_dir()
    rows: Exported | Foreign
    if KEY in (table.schema.metadata or {}):
        if text or vector or id:
            raise InputError(f"{table.path} was exported from an index, whose columns are known: name none.")
        identity, facts = require_facts(table.schema.metadata, table.path)
        rows = Exported(table, identity, facts)
        held = load_embedder(model, **identity.loading_options()) if isinstance(model, str) else model
        if held is not None:
            identity.check(held, table.path)
        opened = _same(Index.open(place, held), identity, table.path) if there else Index.begin(place, identity, held)
    else:
        held = load_embedder(model) if isinstance(model, str) else model
        if held is None and not there:
            raise InputError(
                f"{table.path} does not say which model made its vectors: no index was exported to it. "
                "Name the model: model=NAME, or --model NAME."
            )
        found = Index.open(place, held) if there else None
        identity = found.identity if found is not None else Identity.of(_given(held), precision=precision)
        if is_late(identity.similarity):
            raise InputError("An index of late interaction takes documents alone: use add or sync.")
        rows = Foreign(table, identity, text, vector, id)
        if check:
            rows.check(_given(held if found is None else found.model))
        opened = Index.create(place, _given(held), precision=precision) if found is None else found
    with progress_bar(table.rows, show_progress_bar, "Importing") as progress:
        importer = Importer(opened.store, place, table.path, replace, progress)
        importer.write(rows.fields, rows.batches(opened.store.schema.field(VECTOR).type))
    opened.settle()  # always: an import that was killed may have left that to this one
    return opened, Imported(importer.added, importer.unchanged, importer.replaced, time.perf_counter() - started)


class Importer:
    """Writes rows into an index, leaves out those that are there, and counts.

    Args:
        store: the index's table.
        path: its folder.
        source: where the rows come from, for messages.
        replace: whether documents that are there in another state are replaced.
        progress: told of rows and of characters.
    """

    def __init__(
        self,
        store: Store,
        path: Path,
        source: Path,
        replace: bool,
        progress: Callable[[int, int], None] | None = None,
    ) -> None:
        self._store, self._path, self._source = store, path, source
        self._replace, self._progress = replace, progress
        # Documents, documents in their states, and passages in theirs: what the index has.
        self._documents, self._states, self._rows = Known(), Known(), Known()
        self._seen = Known()
        self.added = self.unchanged = self.replaced = 0

    def write(self, fields: list[Any], batches: Iterator[dict[str, Any]]) -> None:
        """Write what is not there yet.

        Args:
            fields: columns of metadata that the rows bring, pyarrow's.
            batches: columns of the index, by name.

        Raises:
            InputError: a column holds something else in the index; a row comes twice; a document is there in another
                state.
        """
        self._read()
        self._store.add_fields(fields, str(self._source))
        kinds = {field.name: field.type for field in self._store.schema}
        waiting: list[dict[str, Any]] = []
        size = 0
        for columns in batches:
            some = {name: column.cast(kinds[name]) if name != VECTOR else column for name, column in columns.items()}
            new = self._new(some)
            if new is not None:
                waiting.append(new)
                size += sum(column.nbytes for column in new.values())
            if size >= _COMMIT:
                self._commit(waiting)
                waiting, size = [], 0
            if self._progress is not None:
                self._progress(len(columns[ID]), 0)
        self._commit(waiting)

    def _read(self) -> None:
        """Take in what the index has."""
        for batch in Stream(self._path).batches(_READ, [ID, DOCUMENT, HASH]):
            ids, documents, hashes = (batch[name].to_pylist() for name in (ID, DOCUMENT, HASH))
            self._documents.add(documents)
            self._states.add(joined(documents, hashes))
            self._rows.add(joined(ids, hashes))

    def _new(self, columns: dict[str, Any]) -> dict[str, Any] | None:
        """Those of some rows that are to be written."""
        import pyarrow as pa

        ids, documents, hashes = (columns[name].to_pylist() for name in (ID, DOCUMENT, HASH))
        twice = self._seen.holds(ids)
        if twice.any() or len(set(ids)) < len(ids):
            name = ids[int(twice.argmax())] if twice.any() else next(x for n, x in enumerate(ids) if x in ids[:n])
            document = documents[ids.index(name)]
            raise InputError(f"{self._source} has {document!r} more than once. Ids must be different.")
        self._seen.add(ids)
        states = joined(documents, hashes)
        other = self._documents.holds(documents) & ~self._states.holds(states)
        if other.any():
            self._replaced({documents[row]: hashes[row] for row in other.nonzero()[0].tolist()})
            self._states.add([states[row] for row in other.nonzero()[0].tolist()])
        there = self._rows.holds(joined(ids, hashes))
        self.unchanged += int(there.sum())
        if there.all():
            return None
        mask = pa.array(~there)
        return {name: column.filter(mask) for name, column in columns.items()}

    def _replaced(self, hashes: dict[str, str]) -> None:
        if not self._replace:
            raise InputError(
                f"{self._source} has the document {next(iter(hashes))!r} in another state than the index. Pass "
                "replace=True (--replace) to replace such documents."
            )
        self._store.remove_others(hashes)
        self.replaced += len(hashes)

    def _commit(self, waiting: list[dict[str, Any]]) -> None:
        import pyarrow as pa

        if waiting:
            columns = {name: pa.concat_arrays([each[name] for each in waiting]) for name in waiting[0]}
            self._store.append(columns)
            self.added += len(columns[PART])


def _same(index: Index, identity: Identity, source: Path) -> Index:
    """An index that is there, if what is imported fits it.

    Raises:
        InputError: documents were cut in another way.
        OtherModelError: it holds vectors of another model.
    """
    mine = index.identity
    mine.check_maker(identity.model, identity.fingerprint, index.path)
    for name in ("chunk_tokens", "chunk_overlap"):
        ours, theirs = getattr(mine, name), getattr(identity, name)
        if ours != theirs:
            raise InputError(
                f"{source} has {name} = {theirs}, and {index.path} has {ours}: documents would be cut in two ways. "
                "Import it into an index of its own."
            )
    return index


def _given(model: IndexModel | None) -> IndexModel:
    assert model is not None, "refused before"  # noqa: S101
    return model
