"""An index uploaded to a database: begun, gone on with, and checked."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from typing import Any

from ...errors import DatabaseError, DimensionError, InputError, OtherModelError, positive
from ...index import Index
from ...index.late import is_late
from ...models.progress import progress_bar
from .base import Collection, Description
from .choose import open_collection
from .record import Record
from .rows import rows_of
from .target import parse_target

#: Passages of a request, and numbers of its vectors: 10 MB as JSON.
_ROWS, _NUMBERS = 500, 500_000
#: Seconds between two notes of how far it is: what is done again after a crash, at the most.
NOTED = 2.0


@dataclass(frozen=True)
class Uploaded:
    """What became of an index's passages.

    Attributes:
        target: the database, without its password.
        collection: that they are in.
        uploaded: passages that were sent now.
        resumed: that an earlier upload had sent already.
        without_vector: that have no vector, such as blank ones, and were left out.
        count: passages that the collection has.
        extra: of these, that are not among those of the index: others put them there, or the index has them no more.
        seconds: that it took.
    """

    target: str
    collection: str
    uploaded: int
    resumed: int
    without_vector: int
    count: int
    extra: int
    seconds: float

    def to_dict(self) -> dict[str, Any]:
        """As plain values, for JSON."""
        return asdict(self)

    def __str__(self) -> str:
        text = f"{self.uploaded:,} passages uploaded to {self.collection} of {self.target}"
        text += f", {self.resumed:,} were there" if self.resumed else ""
        text += f", {self.without_vector:,} without a vector left out" if self.without_vector else ""
        return f"{text}; it has {self.count:,}; {self.seconds:.1f} s"


def upload(
    index: Index,
    target: str,
    collection: str,
    *,
    where: str | None = None,
    overwrite: bool = False,
    batch_size: int | None = None,
    show_progress_bar: bool | None = None,
) -> Uploaded:
    """Put the passages of an index into a database, with vectors, texts and metadata. No model is loaded.

    The collection is made where it is not there, for the width and the similarity of the index. A passage's id is the
    same each time, so that uploading again replaces and doubles nothing; what is no longer in the index stays, and is
    counted as ``extra``. How far it is stands in the collection: when this is killed, calling it again goes on there,
    as long as the index is the same version; of another version all is sent again. One upload at a time into a
    collection.

    Args:
        index: whose passages.
        target: address of the database: ``qdrant:FOLDER`` or ``qdrant://host:6333``, ``milvus:FILE.db`` or
            ``milvus://host:19530``, ``postgresql://user@host/database``, ``opensearch://host:9200``; ``+https`` behind
            the first word for TLS, ``user:password@`` in front of a host.
        collection: its name; for PostgreSQL the table, for OpenSearch the index.
        where: a condition in SQL, as for ``search``; all passages without one.
        overwrite: remove the collection first, with all that is in it.
        batch_size: passages of a request at the most; 500, and fewer where vectors are wide.
        show_progress_bar: True or False; by default it shows in a terminal, after two seconds.

    Raises:
        DatabaseError: the database cannot be reached, or refuses what is asked.
        DimensionError: the collection has vectors of another width.
        InputError: the address or the name is wrong; the collection compares in another way; the index is of late
            interaction; a passage cannot be held.
        MissingDependencyError: the database's client is not installed.
        OtherModelError: the collection holds vectors of another model.
    """
    started = time.perf_counter()
    identity = index.identity
    if is_late(identity.similarity):
        raise InputError(
            f"{index.path} has a vector for each token of a passage, which is compared by MaxSim; upload takes indexes "
            "with one vector a passage."
        )
    batch_size = None if batch_size is None else positive("batch_size", batch_size)
    size = min(batch_size or _ROWS, max(1, _NUMBERS // identity.dimension))
    total = index.count(where)  # a condition with a fault is told before anything is made
    shown = parse_target(target).shown
    opened = open_collection(target, collection)
    try:
        job = _job(index, where)
        begun = _prepared(opened, index, job, f"{collection} of {shown}", overwrite)
        with progress_bar(total - begun.read, show_progress_bar, "Uploading") as progress:
            done = _sent(opened, index, begun, size, progress)
        count = opened.count()
    finally:
        opened.close()
    if count < done.written:
        raise DatabaseError(
            f"{collection} of {shown} has {count:,} passages, though {done.written:,} were written to it: somebody "
            "removes passages. Upload again."
        )
    return Uploaded(
        shown,
        collection,
        done.written - begun.written,
        begun.written,
        done.read - done.written,
        count,
        count - done.written,
        time.perf_counter() - started,
    )


def _job(index: Index, where: str | None) -> Record:
    """An upload of the newest version, of which nothing is done yet."""
    newest = index.versions()[-1]
    facts = index.identity
    return Record(facts.model, facts.fingerprint, newest.number, newest.time.isoformat(), where)


def _prepared(opened: Collection, index: Index, job: Record, name: str, overwrite: bool) -> Record:
    """The collection as it must be; how far the job is."""
    found = opened.describe()
    if found is not None and overwrite:
        opened.drop()
        found = None
    if found is None:
        opened.create(index.identity.dimension, index.identity.similarity)
        opened.keep(job.to_json())
        return job
    _require_fitting(found, index, name)
    record = Record.read_from(found.record)
    if record is not None and record.is_same_job(job) and opened.count() >= record.written:
        return record
    return job


def _require_fitting(found: Description, index: Index, name: str) -> None:
    facts = index.identity
    if found.dimension != facts.dimension:
        raise DimensionError(
            f"{name} has vectors of {found.dimension} numbers; those of {index.path} have {facts.dimension}. Choose "
            "another name, or replace it with overwrite=True (--overwrite)."
        )
    if found.similarity not in (None, facts.similarity):
        raise InputError(
            f"{name} compares by {found.similarity}; {index.path} by {facts.similarity}. Choose another name, or "
            "replace it with overwrite=True (--overwrite)."
        )
    record = Record.read_from(found.record)
    if record is not None and record.fingerprint != facts.fingerprint:
        raise OtherModelError(
            f"{name} holds vectors of {record.model} (fingerprint {record.fingerprint[:12]}); {index.path} has those "
            f"of {facts.model} (fingerprint {facts.fingerprint[:12]}). They cannot be compared. Choose another name, "
            "or replace it with overwrite=True (--overwrite)."
        )


def _sent(
    opened: Collection, index: Index, record: Record, size: int, progress: Callable[[int, int], None] | None
) -> Record:
    """Send what is not there yet; the record of all."""
    if record.complete:
        return record
    noted = time.monotonic()
    for batch in index.batches(record.where, rows=size, start=record.read, version=record.version):
        rows = rows_of(batch)
        if len(rows):
            opened.upsert(rows)
        record = replace(record, read=record.read + batch.num_rows, written=record.written + len(rows))
        if time.monotonic() - noted >= NOTED:
            opened.keep(record.to_json())
            noted = time.monotonic()
        if progress is not None:
            progress(batch.num_rows, 0)
    record = replace(record, complete=True)
    opened.keep(record.to_json())
    return record
