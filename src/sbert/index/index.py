"""An index that lasts: documents, their passages, vectors and words on disk, searched and kept in step."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from datetime import timedelta
from operator import length_hint
from pathlib import Path
from typing import TYPE_CHECKING, Any, overload

import numpy as np

from ..data import Shards
from ..errors import DimensionError, InputError, NotTextError, StoredIndexError, closest, one_of, positive
from ..models.progress import progress_bar
from ..ranking import Fusion, check_fusion
from ..types import FloatArray, Vectors
from ..vectors import as_array, as_rows, require_finite
from .ann import KINDS, TARGET, Approximation, forget, is_due, sampled, stored_approximation, tune
from .contents import Contents, read
from .documents import DocumentLike, as_documents
from .exchange.export import export
from .exchange.facts import has_unit_length
from .exchange.stream import Stream, batch_rows
from .formats import FileDocuments
from .hits import Hit
from .identity import Identity, load_embedder
from .info import Info, Version
from .lance import TABLE, committed, connect, lancedb, open_table, plain, quoted, translated
from .late import is_late, query_rows
from .load import Loader
from .passages import Embedder, PassageWorkers
from .schema import DOCUMENT, make_schema, metadata_columns
from .search import MODES, SIDES, WEIGHTS, Request, Rerank, Searcher
from .store import FIRST, Store
from .sync import Changes, Writer
from .upkeep import KEPT, Upkeep

if TYPE_CHECKING:
    from .identity import IndexModel


class Index:
    """Documents that are embedded once and searched at any time, in a folder: no server, no other process.

    Made by :meth:`create` or :meth:`open`. Every change is one commit: readers see all of it or nothing, a process that
    is killed leaves the last commit, and several processes may read and write at once. Threads may share an index.

    >>> index = Index.create("notes.lance", "all-MiniLM-L6-v2")  # doctest: +SKIP
    >>> index.add([{"id": "a", "text": "The cat sleeps.", "year": 2024}])  # doctest: +SKIP
    >>> index.search("a pet at rest", where="year > 2020")[0].passage  # doctest: +SKIP
    'The cat sleeps.'
    """

    def __init__(self, path: Path, table: Any, identity: Identity, model: IndexModel | None) -> None:
        self.path = path
        self._store, self._identity, self._model = Store(table), identity, model
        self._upkeep = Upkeep(self._store, identity.language)
        self._loading = threading.Lock()

    # --- making and opening -------------------------------------------------------------------------------------

    @classmethod
    def create(
        cls,
        path: str | os.PathLike[str],
        model: IndexModel | str,
        *,
        chunk_tokens: int | None = None,
        chunk_overlap: int | None = None,
        language: str = "English",
        precision: str = "float32",
        exist_ok: bool = False,
    ) -> Index:
        """Make an index.

        Args:
            path: its folder, which is made; by custom its name ends in ``.lance``.
            model: whose vectors it is to hold, or its name.
            chunk_tokens: tokens of a passage at the most; by default what the model reads, and no more than 256.
            chunk_overlap: tokens that neighbouring passages share; an eighth of a passage by default.
            language: whose words text search stems, such as ``German``; ``none`` looks for them as they are written.
            precision: of the vectors on disk: ``float32``, or ``float16``, which takes half the space and changes a
                cosine by less than 0.001.
            exist_ok: open the index that is there, which must be of the same model.

        Raises:
            InputError: the model's similarity is none that an index has, or an argument is wrong.
            MissingDependencyError: LanceDB is not installed.
            OtherModelError: there is one of another model.
            StoredIndexError: there is one, or something else, or the folder cannot be written.
        """
        lancedb()
        place = Path(path).expanduser()
        held = _loaded(model) if isinstance(model, str) else model
        if (place / f"{TABLE}.lance").is_dir():
            if not exist_ok:
                raise StoredIndexError(f"There is an index {place}. Open it, or pass exist_ok=True.")
            return cls.open(place, held)
        identity = Identity.of(held, chunk_tokens, chunk_overlap, language, precision)
        Embedder(held, identity).check()
        return cls.begin(place, identity, held, exist_ok=exist_ok)

    @classmethod
    def begin(cls, path: Path, identity: Identity, model: IndexModel | None = None, *, exist_ok: bool = False) -> Index:
        """Make an empty index of which everything is known; :meth:`create` is for people.

        Args:
            path: its folder, which is made.
            identity: whose vectors it is to hold, and how documents are cut.
            model: the one that the identity is of, where it is at hand.
            exist_ok: open the index where another process made it meanwhile.

        Raises:
            StoredIndexError: there is something, or the folder cannot be written.
        """
        there = (path / f"{TABLE}.lance").is_dir()
        if path.exists() and not there and (not path.is_dir() or any(path.iterdir())):
            raise StoredIndexError(f"{path} is there and is no index. Choose another name.")
        try:
            table = connect(path).create_table(TABLE, schema=make_schema(identity))
        except (RuntimeError, ValueError, OSError) as error:
            if exist_ok and (path / f"{TABLE}.lance").is_dir():
                return cls.open(path, model)  # another process was faster
            raise StoredIndexError(f"{path} cannot be made: {plain(error)}") from error
        made = cls(path, table, identity, model)
        made._upkeep.make_words()
        return made

    @classmethod
    def open(cls, path: str | os.PathLike[str], model: IndexModel | str | None = None) -> Index:
        """Open an index.

        Args:
            path: its folder.
            model: the one that it was made with; by default it is loaded by its name, when it is first needed.

        Raises:
            MissingDependencyError: LanceDB is not installed.
            OtherModelError: it holds vectors of another model; both are named.
            StoredIndexError: there is no index, or it cannot be read.
        """
        place = Path(path).expanduser()
        table = open_table(place)
        identity = Identity.read(table.schema.metadata, place)
        held = _loaded(model, identity) if isinstance(model, str) else model
        if held is not None:
            identity.check(held, place)
        return cls(place, table, identity, held)

    @property
    def model(self) -> IndexModel:
        """The model whose vectors it holds; loaded when first asked for."""
        with self._loading:
            if self._model is None:
                self._model = self._identity.load(self.path)
            return self._model

    @property
    def identity(self) -> Identity:
        """Whose vectors it holds, and how its documents are cut."""
        return self._identity

    @property
    def store(self) -> Store:
        """Its table, for what puts rows in or takes them out by itself."""
        return self._store

    @property
    def metadata(self) -> dict[str, str]:
        """The columns of metadata to filter by, with what they hold, in words."""
        return metadata_columns(self._store.schema)

    def __len__(self) -> int:
        """Passages that it has."""
        return self._store.count()

    def __repr__(self) -> str:
        return f"Index({str(self.path)!r}, {len(self):,} passages, {self._identity.model!r})"

    # --- changing it --------------------------------------------------------------------------------------------

    def add(
        self,
        documents: Iterable[DocumentLike] | FileDocuments,
        *,
        batch_size: int | None = None,
        show_progress_bar: bool | None = None,
        settle: bool = True,
        workers: PassageWorkers | None = None,
    ) -> Changes:
        """Put documents into the index, in the place of those of the same ids.

        A document that is there as it is is not embedded again. Some hundred documents at a time are embedded and
        committed together, so when this fails or is killed, calling it again goes on where it was.

        Args:
            documents: :class:`Document`, or dicts with ``text``, perhaps ``id`` and ``embedding``, and metadata, or
                texts. They are read as they are needed. Or the files of a place: ``FileDocuments("docs")``.
            batch_size: passages in a batch of the model at the most.
            show_progress_bar: True or False; by default it shows in a terminal, after two seconds.
            settle: whether the indexes of words and names are brought up to date, and the approximate one is built when
                it is due (see :meth:`tune`). Of many calls one after the other, only the last needs to.
            workers: who embeds, such as :class:`sbert.integrations.ray.RayWorkers`; this process by default.

        Returns:
            What became of them.

        Raises:
            InputError: an id comes twice, metadata does not fit the columns that there are.
            NotTextError: an item is no document.
            StoredIndexError: it cannot be written.
        """
        return self._written(
            documents, "", batch_size, show_progress_bar, removes=False, settle=settle, workers=workers
        )

    def load(
        self,
        texts: Iterable[str],
        embeddings: Iterable[Vectors] | Shards,
        *,
        source: str = "loaded",
        show_progress_bar: bool | None = None,
        settle: bool = True,
    ) -> Changes:
        """Put in many texts whose vectors the index's model made before, such as those that ``encode_to`` wrote.

        Each text is a document of one passage, named by its number: ``loaded#0``, ``loaded#1``. A million at a time are
        committed, in order; when this dies, calling it again goes on after those that are there. One process at a time.

        Args:
            texts: all of them, in order; they are read as they are needed.
            embeddings: their vectors: what ``sbert.data.open_embeddings`` gives, or (n, d) chunks of any size.
            source: the first part of the documents' names.
            show_progress_bar: as for :meth:`add`.
            settle: as for :meth:`add`.

        Raises:
            DimensionError: the vectors have another width than the index's.
            InputError: there are not as many texts as vectors; NaN or infinity; the names are taken.
            OtherModelError: the shards say that another model made them.
            StoredIndexError: it cannot be written; or another process loads the same source.
        """
        started = time.perf_counter()
        if is_late(self._identity.similarity):
            raise InputError("An index of late interaction takes documents alone: use add or sync.")
        chunks: Iterable[Vectors]
        if isinstance(embeddings, Shards):
            self._identity.check_maker(embeddings.manifest.model, embeddings.manifest.fingerprint, self.path)
            chunks = embeddings.chunks()
        else:
            chunks = embeddings
        self._upkeep.make_words()
        with progress_bar(length_hint(texts) or None, show_progress_bar, "Loading") as progress:
            added = Loader(self._store, self._identity, source).load(texts, chunks, progress)
        if added and settle:
            self.settle()
        return Changes(added=added, seconds=time.perf_counter() - started)

    def sync(
        self,
        source: str | os.PathLike[str] | FileDocuments | Iterable[DocumentLike],
        *,
        name: str = "",
        column: str | None = None,
        on_bad_file: str = "error",
        batch_size: int | None = None,
        show_progress_bar: bool | None = None,
        workers: PassageWorkers | None = None,
    ) -> Changes:
        """Bring the index in step with a source: what is new or changed is embedded, what is gone is removed.

        Documents of other sources are not touched. Removing comes last, so a job that dies leaves too much rather than
        too little, and the next one puts it right.

        Args:
            source: a file or folder (see :class:`FileDocuments` for what is read), or all documents of a source.
            name: of a source that is no file. The index's documents that were added by themselves are those of ``""``.
            column: of tables, the column of texts.
            on_bad_file: ``error``, or ``skip`` to go on; what the index has of such a file stays.
            batch_size: passages in a batch of the model at the most.
            show_progress_bar: as for :meth:`add`.
            workers: as for :meth:`add`.

        Raises:
            DataError: a file cannot be read; nothing is removed.
            InputError: as :meth:`add`; or a document of that id came from another source.
            StoredIndexError: it cannot be written.
        """
        if isinstance(source, (str, os.PathLike)):
            source = self.files(source, column=column, on_bad_file=on_bad_file)
        return self._written(source, name, batch_size, show_progress_bar, removes=True, settle=True, workers=workers)

    def files(
        self, source: str | os.PathLike[str], *, column: str | None = None, on_bad_file: str = "error"
    ) -> FileDocuments:
        """The documents of a file or folder as this index reads them: images among them where its model reads those.

        Arguments and errors are those of :meth:`sync`.
        """
        images = self.model.spec.input.reads_images
        return FileDocuments(Path(source), column=column, on_bad_file=on_bad_file, images=images)

    def remove(self, ids: str | Sequence[str] | None = None, *, where: str | None = None) -> int:
        """Remove documents.

        Args:
            ids: their ids.
            where: a condition in SQL instead; documents are removed whole where it holds of one of their passages.

        Returns:
            How many were removed.

        Raises:
            InputError: there is no such document, and nothing is removed; the condition cannot be read; both or
                neither were given.
        """
        if (ids is None) == (where is None):
            raise InputError("Give remove either ids or where.")
        if where is not None:
            _condition(where)
            names = self._store.named(where)
        else:
            names = [ids] if isinstance(ids, str) else list(dict.fromkeys(ids or ()))
            there = self._store.find(names)
            missing = [name for name in names if name not in there]
            if missing:
                near = closest(str(missing[0]), self._store.documents())
                raise InputError(f"The index has no document {missing[0]!r}.{near} Nothing was removed.")
        self._store.remove(names)
        return len(names)

    def rollback(self, version: int) -> int:
        """Bring back an older state, as a new version; those in between stay, so this can be undone.

        Args:
            version: one of :meth:`versions`.

        Returns:
            The number of the new version.

        Raises:
            InputError: there is no such version, or no longer.
        """
        known = [other.number for other in self.versions()]
        if version not in known:
            raise InputError(f"There is no version {version!r}; there are {known[0]} to {known[-1]}.")
        table = open_table(self.path)  # a handle of its own: one that looks at the past cannot write

        def restore() -> None:
            table.checkout(version)
            table.restore()

        committed(table, restore, "be rolled back")
        self._store.table.checkout_latest()
        self._upkeep.make_words()
        return self.version

    def optimize(self, keep: timedelta = KEPT) -> None:
        """Put small files together, take new rows into the indexes, and remove what only old versions need.

        Called by :meth:`add` and :meth:`sync` when there is enough to do.

        Args:
            keep: how long older versions are kept for :meth:`rollback`.
        """
        self._upkeep.optimize(keep)

    def tune(
        self, queries: Sequence[str] | None = None, *, target: float = TARGET, kinds: Sequence[str] = KINDS
    ) -> Approximation | None:
        """Build the approximate index, and measure how it must be asked to find enough.

        Done by :meth:`add` and :meth:`sync` when the index has grown beyond 50,000 passages, and again when it has
        doubled; up to there every vector is compared in any case. With real queries the measurement is closer to the
        truth than with what is taken from the passages by itself.

        Args:
            queries: texts that people search for.
            target: part of the ten nearest that must be found.
            kinds: ``IVF_SQ``, ``IVF_RQ``, ``IVF_HNSW_SQ``, ``IVF_PQ``; the first that reaches the target and is faster
                than exact search is kept.

        Returns:
            What was kept and measured; None where none does, so that search stays exact.
        """
        vectors = None if queries is None else self._embedder().query(queries)
        with translated("The approximate index cannot be built"):
            return tune(self._store.table, self._identity.similarity, vectors, target=target, kinds=kinds)

    def untune(self) -> None:
        """Remove the approximate index; every search is exact."""
        forget(self._store.table)

    # --- searching it -------------------------------------------------------------------------------------------

    @overload
    def search(
        self,
        query: str,
        top_k: int = ...,
        *,
        where: str | None = ...,
        mode: str = ...,
        fusion: Fusion = ...,
        rerank: Rerank | None = ...,
    ) -> list[Hit]: ...
    @overload
    def search(
        self,
        query: list[str] | tuple[str, ...],
        top_k: int = ...,
        *,
        where: str | None = ...,
        mode: str = ...,
        fusion: Fusion = ...,
        rerank: Rerank | None = ...,
    ) -> list[list[Hit]]: ...
    def search(
        self,
        query: str | list[str] | tuple[str, ...],
        top_k: int = 10,
        *,
        where: str | None = None,
        mode: str = "hybrid",
        fusion: Fusion = WEIGHTS,
        rerank: Rerank | None = None,
    ) -> list[Hit] | list[list[Hit]]:
        """The passages that answer a query best.

        Args:
            query: a text, or several.
            top_k: hits of each. There are fewer only where fewer passages meet the condition, or, in mode ``text``,
                share a word with the query.
            where: a condition in SQL on metadata, ``document``, ``heading``, ``source`` or ``passage``, such as
                ``"year >= 2020 AND document LIKE 'docs/%'"``. It is applied before the search, not after.
            mode: ``dense`` compares vectors; ``text`` finds words, by BM25; ``hybrid`` does both.
            fusion: of both: weights such as ``{"dense": 0.7, "text": 0.3}`` for scores scaled to 0 to 1, or ``rrf`` for
                reciprocal ranks.
            rerank: a :class:`~sbert.CrossEncoder`, or a function that is called with the query and the texts of a
                hundred candidates and returns a score for each; the hits are the best of those.

        Returns:
            Hits, the best first; a list of them for each query where several were given.

        Raises:
            InputError: an argument is wrong; a condition's fault is told.
        """
        if mode not in MODES:
            raise one_of("mode", mode, MODES)
        if isinstance(top_k, bool) or not isinstance(top_k, int) or top_k < 1:
            raise InputError(f"top_k must be a whole number of at least 1; got {top_k!r}.")
        check_fusion(fusion, SIDES)
        request = Request(top_k, _condition(where), mode, fusion, rerank)
        queries = _queries(query)
        vectors: list[FloatArray | None] = [None] * len(queries)
        if mode != "text" and queries:
            vectors = list(self._embedder().query(queries))
        searcher = self._searcher()
        found = [searcher.search(text, vector, request) for text, vector in zip(queries, vectors, strict=True)]
        return found[0] if isinstance(query, str) else found

    def search_image(self, image: Any, top_k: int = 10, *, where: str | None = None) -> list[Hit]:
        """The passages and images that are most like an image, by the vectors of a model that reads images.

        Args:
            image: one of Pillow, a path, or an array of uint8, (height, width, channels).
            top_k: hits at the most.
            where: as for :meth:`search`.

        Raises:
            ImageError: it cannot be read.
            InputError: the model reads texts alone; or as for :meth:`search`.
        """
        if not self.model.spec.input.reads_images:
            raise InputError(f"{self._identity.model} reads texts alone, so nothing is found by an image.")
        vector = self.model.encode({"image": image} if isinstance(image, str) else image, show_progress_bar=False)
        return self.search_vector(vector, top_k, where=where)

    def search_vector(self, embedding: Vectors, top_k: int = 10, *, where: str | None = None) -> list[Hit]:
        """The passages whose vectors are most like one that is at hand.

        Args:
            embedding: (d,) a vector by the index's model; of late interaction (tokens, d). NumPy, torch or a list. No
                model is loaded.
            top_k: hits at the most.
            where: as for :meth:`search`.

        Raises:
            DimensionError: it has another width than the index's.
            InputError: it holds NaN or infinity; or as for :meth:`search`.
        """
        rows = as_rows(embedding, "embedding")
        require_finite(rows, "embedding")
        request = Request(positive("top_k", top_k), _condition(where), "dense", WEIGHTS, None)
        if is_late(self._identity.similarity):
            return self._searcher().search("", query_rows(rows, self._identity.dimension), request)
        if tuple(rows.shape) != (1, self._identity.dimension):
            raise DimensionError(
                f"embedding must be one vector of width {self._identity.dimension}; got {tuple(rows.shape)}."
            )
        return self._searcher().search("", as_array(rows)[0].astype(np.float32), request)

    # --- what it is ---------------------------------------------------------------------------------------------

    @property
    def version(self) -> int:
        """The number of the newest version."""
        return int(self._store.table.version)

    def versions(self) -> list[Version]:
        """The states that it can be brought back to, the oldest first; those of the last seven days, at the least."""
        with translated("The versions cannot be read"):
            return [
                Version(each["version"], each["timestamp"], int(each["metadata"].get("total_rows", 0)))
                for each in self._store.table.list_versions()
            ]

    def info(self) -> Info:
        """What it holds and how it is searched."""
        facts = self._identity
        schema = self._store.schema
        return Info(
            path=str(self.path),
            version=self.version,
            documents=self._store.count(FIRST),
            passages=len(self),
            model=facts.model,
            backend=facts.backend,
            dtype=facts.dtype,
            fingerprint=facts.fingerprint,
            dimension=facts.dimension,
            similarity=facts.similarity,
            chunk_tokens=facts.chunk_tokens,
            language=facts.language,
            precision=facts.precision,
            sources=tuple(source for source in self._store.sources() if source),
            metadata=metadata_columns(schema),
            approximation=stored_approximation(self._store.table),
            bytes=_size(self.path),
        )

    def count(self, where: str | None = None) -> int:
        """Passages of which a condition in SQL holds; all without one.

        Raises:
            InputError: something is wrong with the condition.
        """
        return self._store.count(_condition(where))

    def contents(self, where: str | None = None, limit: int | None = None) -> Contents:
        """Its passages with their vectors; no model is needed.

        Args:
            where: a condition in SQL, as for :meth:`search`; all passages without one.
            limit: at the most; of more, so many at even distances, so that they stand for all.

        Raises:
            InputError: something is wrong with the condition, or limit is below 1.
        """
        limit = None if limit is None else positive("limit", limit)
        return read(self._store, _condition(where), limit)

    def batches(
        self,
        where: str | None = None,
        *,
        columns: Sequence[str] | None = None,
        rows: int | None = None,
        start: int = 0,
        version: int | None = None,
    ) -> Iterator[Any]:
        """Its rows, a batch at a time, in memory that does not grow with it; no model is needed.

        The order of a version's rows is the same each time, and writers do not disturb it.

        Args:
            where: a condition in SQL, as for :meth:`search`; all passages without one.
            columns: such as ``id``, ``document``, ``passage``, ``heading``, ``vector`` and names of metadata; all by
                default.
            rows: of a batch at the most; by default so many that their vectors take 16 MB.
            start: rows that are left out at the beginning.
            version: that is read; the newest by default.

        Returns:
            ``pyarrow.RecordBatch`` after ``pyarrow.RecordBatch``.

        Raises:
            InputError: something is wrong with the condition; there is no such column or version.
        """
        size = batch_rows(self._identity) if rows is None else positive("rows", rows)
        return Stream(self.path, version).batches(size, columns, _condition(where), start)

    def export(
        self,
        path: str | os.PathLike[str],
        *,
        where: str | None = None,
        overwrite: bool = False,
        show_progress_bar: bool | None = None,
    ) -> int:
        """Write all that it holds to one table, which other programs read and :func:`import_table` takes back.

        A row is a passage; columns are called as in conditions, beside ``vector``. The schema's metadata says whose
        vectors they are: the model, its fingerprint, dimension, similarity, whether they are normalised. The table is
        there whole or not at all, and is of one version, whoever writes meanwhile. No model is loaded.

        Args:
            path: ``NAME.parquet``, a file, or ``NAME.lance``, a folder that is a Lance dataset.
            where: a condition in SQL, as for :meth:`search`; all passages without one.
            overwrite: whether a table that is there is replaced.
            show_progress_bar: as for :meth:`add`.

        Returns:
            Passages that were written.

        Raises:
            DataError: the name tells no form; something is there; it cannot be written.
            InputError: something is wrong with the condition.
        """
        stream = Stream(self.path)
        some = sampled(self._store.table)
        normalized = bool(some) and all(has_unit_length(np.atleast_2d(vectors)) for vectors in some)
        with progress_bar(stream.count(_condition(where)), show_progress_bar, "Exporting") as progress:
            return export(
                stream,
                self._identity,
                Path(path).expanduser(),
                where,
                normalized,
                overwrite=overwrite,
                progress=progress,
            )

    def image(self, document: str) -> Path | None:
        """The image file that a document is of, where there is one and it is still there."""
        (path,) = self.contents(f"{DOCUMENT} = {quoted(document)}", 1).images() or (None,)
        return path

    def settle(self) -> None:
        """Bring up to date what searches need, after rows were put in: indexes of words and names, the approximate one.

        Called by all that changes the index, unless it is told not to.
        """
        self._upkeep.make_words()
        self._upkeep.tidy()
        self._settle()

    # --- inside -------------------------------------------------------------------------------------------------

    def _searcher(self) -> Searcher:
        return Searcher(self._store, self._identity.similarity, stored_approximation(self._store.table))

    def _embedder(self, batch_size: int | None = None, workers: PassageWorkers | None = None) -> Embedder:
        return Embedder(self.model, self._identity, batch_size, workers)

    def _written(
        self,
        documents: Iterable[DocumentLike] | FileDocuments,
        name: str,
        batch_size: int | None,
        show: bool | None,
        *,
        removes: bool,
        settle: bool,
        workers: PassageWorkers | None,
    ) -> Changes:
        files = documents if isinstance(documents, FileDocuments) else None
        total = None if files else length_hint(documents) or None
        source = files.source if files else name
        self._upkeep.make_words()
        with progress_bar(total, show, "Indexing") as progress:
            writer = Writer(self._store, self._embedder(batch_size, workers), source, self._upkeep.tidy, progress)
            writer.write(files or as_documents(documents))
        skipped = files.skipped if files else {}
        if removes:
            writer.remove_missing(skipped)
        changes = writer.changes(skipped.items())
        if changes.written and settle:
            self._settle()
        return changes

    def _settle(self) -> None:
        """Bring up to date what searches need."""
        self._upkeep.settle()
        if is_due(self._store.table, self._store.count(), self._identity.similarity):
            self.tune()


def _size(folder: Path) -> int:
    """Bytes of the files in a folder; of those that other processes remove meanwhile, none."""
    size = 0
    for file in folder.rglob("*"):
        with suppress(OSError):
            size += file.stat().st_size if file.is_file() else 0
    return size


def _condition(where: str | None) -> str | None:
    """A condition, if it can be one; None is none."""
    if where is not None and (not isinstance(where, str) or not where.strip()):
        raise InputError(f"where must be a condition in SQL, such as \"document = 'a.md'\"; got {where!r}.")
    return where


def _queries(query: str | list[str] | tuple[str, ...]) -> list[str]:
    queries = [query] if isinstance(query, str) else list(query)
    for number, text in enumerate(queries):
        what = "query" if isinstance(query, str) else f"query[{number}]"
        if not isinstance(text, str):
            raise NotTextError(f"{what} must be text; got {type(text).__name__}.")
        if not text.strip():
            raise InputError(f"{what} is blank: there is nothing to look for.")
    return queries


def _loaded(name: str, identity: Identity | None = None) -> IndexModel:
    """A model by its name; for an index that is there, on its engine and in its dtype."""
    return load_embedder(name, **(identity.loading_options() if identity else {}))
