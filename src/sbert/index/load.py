"""Many millions of texts with their vectors put into an index, a column at a time instead of a document."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Any

import numpy as np

from ..errors import DimensionError, InputError, StoredIndexError
from ..similarity import norms
from ..types import FloatArray, Vectors
from ..vectors import as_array, as_rows, require_finite
from .identity import Identity
from .lance import quoted
from .schema import DOCUMENT, SOURCE, VECTOR
from .store import Store
from .whole import whole_columns

#: Rows of a commit: as many as LanceDB keeps in a file, so that files need not be put together afterwards.
ROWS = 1 << 20


class Loader:
    """Writes texts and vectors of one source, in order, and goes on where an earlier one stopped.

    Args:
        store: the index's table.
        identity: of the index.
        source: their name; the text of row 7 becomes the document ``source#7``.

    Raises:
        InputError: the name is empty, or no text.
    """

    def __init__(self, store: Store, identity: Identity, source: str) -> None:
        if not isinstance(source, str) or not source:
            raise InputError(f"source must be a name; got {source!r}.")
        self._store, self._identity, self._source = store, identity, source

    def stored(self) -> int:
        """Rows of the source that are there already.

        Raises:
            InputError: another source has documents of such names.
        """
        mine = f"{SOURCE} = {quoted(self._source)}"
        # "$" is the sign after "#": the names that begin with "source#".
        first, last = quoted(f"{self._source}#"), quoted(f"{self._source}$")
        others = f"{DOCUMENT} >= {first} AND {DOCUMENT} < {last} AND NOT {mine}"
        if self._store.count(others):
            raise InputError(f"The index has documents named {self._source}#... of another source. Use another name.")
        return self._store.count(mine)

    def load(
        self, texts: Iterable[str], embeddings: Iterable[Vectors], progress: Callable[[int, int], None] | None = None
    ) -> int:
        """Write what is not there yet.

        Args:
            texts: all of them, in order.
            embeddings: their vectors, in (n, d) chunks of any size.
            progress: told of rows and characters that were written.

        Returns:
            How many rows were written.

        Raises:
            DimensionError: a chunk has another width than the index.
            InputError: there are more texts than vectors, or fewer; NaN or infinity.
            StoredIndexError: it cannot be written; or another process loads the same source.
        """
        done = start = self.stored()
        words = iter(texts)
        skipped = sum(1 for _ in islice(words, done))
        if skipped < done:
            raise InputError(f"The index has {done:,} rows of {self._source}; there are only {skipped:,} texts.")
        for vectors, lengths in self._blocks(embeddings, done):
            some = list(islice(words, len(vectors)))
            if len(some) < len(vectors):
                raise InputError(f"There are {done + len(some):,} texts for at least {done + len(vectors):,} vectors.")
            self._store.append(self._columns(some, vectors, lengths, done))
            done += len(some)
            if progress is not None:
                progress(len(some), sum(map(len, some)))
        if next(words, None) is not None:
            raise InputError(f"There are more texts than the {done:,} vectors.")
        if self.stored() != done:
            raise StoredIndexError(f"Another process loaded {self._source} at the same time. Remove it and load again.")
        return done - start

    def _blocks(self, embeddings: Iterable[Vectors], skip: int) -> Iterator[tuple[FloatArray, FloatArray]]:
        """Vectors and their lengths in blocks of a commit's rows, the last one smaller, without the first ``skip``."""
        width = self._identity.dimension
        room, lengths = np.empty((ROWS, width), self._identity.precision), np.empty(ROWS, np.float32)
        filled = seen = 0
        for chunk in embeddings:
            rows = as_array(as_rows(chunk, "embeddings"))
            if rows.shape[1] != width:
                raise DimensionError(f"embeddings have the width {rows.shape[1]}; the index has {width}.")
            rows, seen = rows[max(0, skip - seen) :], seen + len(rows)
            long = norms(rows)
            if not np.isfinite(long).all():  # a length is not where any number of its row is not
                require_finite(rows, "embeddings", seen - len(rows))
            while len(rows):
                part = slice(filled, min(ROWS, filled + len(rows)))
                count = part.stop - filled
                with np.errstate(over="ignore"):
                    room[part] = rows[:count]
                lengths[part] = long[:count]
                filled, rows, long = part.stop, rows[count:], long[count:]
                if filled == ROWS:
                    yield room, lengths
                    room, filled = np.empty_like(room), 0
        if filled:
            yield room[:filled], lengths[:filled]

    def _columns(self, texts: list[str], vectors: FloatArray, lengths: FloatArray, first: int) -> dict[str, Any]:
        for number, text in enumerate(texts):
            if not isinstance(text, str):
                raise InputError(f"texts[{first + number}] must be text; got {type(text).__name__}.")
        names = [f"{self._source}#{number}" for number in range(first, first + len(texts))]
        return whole_columns(
            names,
            self._source,
            texts,
            [{}] * len(texts),
            vectors,
            lengths,
            similarity=self._identity.similarity,
            kind=self._store.schema.field(VECTOR).type,
        )
