"""Documents brought into an index: only what changed is embedded, and every commit is a step that stays."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ..errors import InputError
from .documents import Document
from .passages import Embedder
from .store import Prepared, Store, Stored

#: Characters and documents that are embedded and committed at a time: what a process that is killed loses at the most.
BATCH_CHARACTERS, BATCH_DOCUMENTS = 400_000, 1000
#: How many times that many at a time where vectors come with the documents: those are soon done again.
_EMBEDDED_FACTOR = 50
#: Passages after which indexes are brought up to date while writing goes on, at the least, and whenever the table has
#: doubled.
_SETTLED = 50_000

#: Called with the number of documents, and of characters, that were done since the last call.
Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Changes:
    """What became of documents that were added or synchronised.

    Attributes:
        added: documents that were not there.
        updated: that were there with another text or other metadata.
        unchanged: that were there as they are, and were not touched.
        removed: that are gone from their source, and now from the index.
        embedded: passages that went through the model.
        reused: passages whose text was in the index already, under another name or with other metadata.
        skipped: files that could not be read, with what is wrong with each; what the index has of them stays.
        seconds: that it took.
    """

    added: int = 0
    updated: int = 0
    unchanged: int = 0
    removed: int = 0
    embedded: int = 0
    reused: int = 0
    skipped: tuple[tuple[str, str], ...] = ()
    seconds: float = 0.0

    @property
    def written(self) -> bool:
        """Whether the index is another than before."""
        return bool(self.added or self.updated or self.removed)

    def to_dict(self) -> dict[str, Any]:
        """As plain values, for JSON."""
        return asdict(self) | {"skipped": dict(self.skipped)}

    def __str__(self) -> str:
        said = [f"{getattr(self, name):,} {name}" for name in ("added", "updated", "unchanged", "removed")]
        text = f"{', '.join(said)} documents; {self.embedded:,} passages embedded"
        text += f", {self.reused:,} reused" if self.reused else ""
        text += f"; {len(self.skipped):,} files could not be read" if self.skipped else ""
        return f"{text}; {self.seconds:.1f} s"


class Writer:
    """Writes documents of one source into an index, in batches, and counts.

    Args:
        store: the index's table.
        embedder: makes passages.
        source: where the documents come from; empty for documents that are added by themselves.
        settle: called when so many passages were written that those to come would be slowed down by them.
        progress: told of what was done.
    """

    def __init__(
        self,
        store: Store,
        embedder: Embedder,
        source: str,
        settle: Callable[[], object],
        progress: Progress | None = None,
    ) -> None:
        self._store, self._embedder, self._source, self._progress = store, embedder, source, progress
        self._settle, self._unsettled = settle, 0
        self._counts = dict.fromkeys(("added", "updated", "unchanged", "removed", "embedded", "reused"), 0)
        self.seen: set[str] = set()
        self._started = time.perf_counter()

    def write(self, documents: Iterable[Document]) -> None:
        """Write all that is new or changed. What was written before an error stays written.

        Raises:
            InputError: two documents have one name, here or with another source; metadata does not fit.
        """
        for batch in _batches(self._checked(documents), self._embedder.hands):
            stored = self._store.find([document.id for document in batch])
            changed = [document for document in batch if not self._is_stored(document, stored.get(document.id))]
            self._counts["unchanged"] += len(batch) - len(changed)
            if changed:
                self._put(changed, stored)
            if self._progress is not None:
                self._progress(len(batch), sum(len(document.text) for document in batch))

    def remove_missing(self, kept: Iterable[str] = ()) -> None:
        """Remove the source's documents that were not seen; last of all, so that a crash leaves too much.

        Args:
            kept: names of files that could not be read; what is there of them stays.
        """
        files = set(kept)
        there = set(self._store.under(self._source))
        for moved in self._moved_from():
            there |= set(self._store.under(moved))
        gone = sorted(name for name in there - self.seen if name not in files and name.rpartition("#")[0] not in files)
        self._store.remove(gone)
        self._counts["removed"] += len(gone)

    def changes(self, skipped: Iterable[tuple[str, str]] = ()) -> Changes:
        """What was done so far."""
        return Changes(**self._counts, skipped=tuple(skipped), seconds=time.perf_counter() - self._started)

    def _checked(self, documents: Iterable[Document]) -> Iterator[Document]:
        for document in documents:
            if document.id in self.seen:
                raise InputError(f"Two documents have the id {document.id!r}. Ids must differ.")
            self.seen.add(document.id)
            yield document

    def _is_stored(self, document: Document, stored: Stored | None) -> bool:
        """Whether a document is in the index as it is.

        Raises:
            InputError: another one of its name is, from a place that is still there.
        """
        if stored is None:
            return False
        same = stored.hash == document.whole_hash()
        if stored.source == self._source or not self._source:
            return same
        if not stored.source or (Path(stored.source).is_absolute() and not Path(stored.source).exists()):
            return False  # written anew as this source's: it was nobody's, or its folder has been moved here
        if not same:
            raise InputError(
                f"The index has another document {document.id!r}, from {stored.source}. Rename one of the two folders, "
                "or remove the other's documents."
            )
        return True

    def _put(self, changed: list[Document], stored: dict[str, Stored]) -> None:
        known = self._store.embedded([each.content_hash() for each in changed if each.embedding is None])
        fresh = [document for document in changed if document.content_hash() not in known]
        made = dict(zip([document.id for document in fresh], self._embedder.passages(fresh), strict=True))
        batch = []
        for document in changed:
            passages = made.get(document.id) or known[document.content_hash()]
            self._counts["embedded" if document.id in made else "reused"] += len(passages)
            self._counts["updated" if document.id in stored else "added"] += 1
            # A document of a folder that is changed by hand stays the folder's: its next sync sees to it.
            had = stored[document.id].source if document.id in stored and not self._source else self._source
            batch.append(Prepared(document, passages, had))
        self._store.put(batch, new=not any(document.id in stored for document in changed))
        self._unsettled += sum(len(item.passages) for item in batch)
        if self._unsettled >= max(_SETTLED, self._store.count() // 2):
            self._settle()
            self._unsettled = 0

    def _moved_from(self) -> list[str]:
        """Sources with the name of this one that are no longer there: it was moved, and these are its old places."""
        here = Path(self._source)
        if not self._source or not here.is_absolute():
            return []
        places = [Path(source) for source in self._store.sources() if source]
        moved = [place for place in places if place.is_absolute() and place.name == here.name and not place.exists()]
        return [str(place) for place in moved if place != here]


def _batches(documents: Iterable[Document], hands: int) -> Iterator[list[Document]]:
    """Documents that are embedded and committed together: more of them where many work on a batch."""
    batch: list[Document] = []
    size = 0
    for document in documents:
        batch.append(document)
        size += len(document.text)
        factor = hands if batch[0].embedding is None else _EMBEDDED_FACTOR
        if size >= factor * BATCH_CHARACTERS or len(batch) >= factor * BATCH_DOCUMENTS:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch
