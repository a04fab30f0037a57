"""Late interaction: texts as sets of token vectors, compared token by token (https://arxiv.org/abs/2004.12832).

MaxSim takes, for each vector of a query, the greatest dot product with a vector of the document, and sums those up. All
documents are packed one after another, so that one matrix product serves many, and no padding is multiplied.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from .errors import DimensionError, InputError
from .types import FloatArray, IntArray
from .vectors import as_array

#: What the comparison is called.
MAXSIM = "maxsim"

#: Products of token vectors that are held at a time, so many numbers of float32: few enough for a processor's caches,
#: and in memory that is used again, since the system fills fresh memory with zeros first.
_NUMBERS = 1_000_000
#: The score of a document without a token: nothing in it can be the greatest.
_NOTHING = np.float32(-np.inf)


@dataclass(frozen=True)
class Packed:
    """The token vectors of many texts, one after another.

    Args:
        vectors: (total, d) float32.
        starts: where each text begins; one more entry at the end, (n + 1,) int64.
    """

    vectors: FloatArray
    starts: IntArray

    @classmethod
    def of(cls, embeddings: Any, argument: str) -> Packed:
        """Pack the token vectors of texts.

        Args:
            embeddings: a list of (tokens, d) arrays or tensors; (n, tokens, d) for texts of one length; (tokens, d) for
                one text.
            argument: its name, for errors.

        Raises:
            InputError: something is no set of vectors.
            DimensionError: texts differ in width.
        """
        if isinstance(embeddings, Packed):
            return embeddings
        single = getattr(embeddings, "ndim", 0) == 2
        texts = [as_array(text).astype(np.float32, copy=False) for text in ([embeddings] if single else embeddings)]
        for index, text in enumerate(texts):
            if text.ndim != 2:
                raise InputError(
                    f"{argument}[{index}] must be token vectors, (tokens, d); got the shape {text.shape}. Encode with "
                    "a MultiVectorEncoder."
                )
        widths = {text.shape[1] for text in texts if len(text)}
        if len(widths) > 1:
            raise DimensionError(f"{argument} must be of one width; got vectors of {sorted(widths)} numbers.")
        starts = np.concatenate([[0], np.cumsum([len(text) for text in texts])]).astype(np.int64)
        width = next(iter(widths), 0)
        parts = [text for text in texts if len(text)]
        return cls(np.concatenate(parts) if parts else np.empty((0, width), np.float32), starts)

    def __len__(self) -> int:
        return len(self.starts) - 1

    @property
    def lengths(self) -> IntArray:
        """Vectors of each text, (n,) int64."""
        return np.diff(self.starts)

    def part(self, start: int, stop: int) -> Packed:
        """Some of the texts, one after another; nothing is copied."""
        first, last = self.starts[start], self.starts[stop]
        return Packed(self.vectors[first:last], self.starts[start : stop + 1] - first)

    def chosen(self, numbers: Sequence[int]) -> Packed:
        """Some of the texts by their numbers, copied."""
        rows = [np.arange(self.starts[number], self.starts[number + 1]) for number in numbers]
        lengths = [len(row) for row in rows]
        starts = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
        return Packed(self.vectors[np.concatenate(rows)] if rows else self.vectors[:0], starts)

    def chunks(self, vectors: int) -> Iterator[tuple[int, int]]:
        """Where chunks of texts start and end, each of so many vectors at the most, or of one text."""
        cuts = [0]
        while cuts[-1] < len(self):
            room = self.starts[cuts[-1]] + vectors
            cuts.append(max(cuts[-1] + 1, int(np.searchsorted(self.starts, room, side="right")) - 1))
        yield from pairwise(cuts)


def maxsim(queries: Any, documents: Any, *, length_normalize: bool = False) -> FloatArray:
    """MaxSim of every query with every document (https://arxiv.org/abs/2004.12832, section 3.3).

    Args:
        queries: the token vectors of each: a list of (tokens, d), (n, tokens, d), or (tokens, d) for one.
        documents: likewise.
        length_normalize: divide by the number of the query's vectors.

    Returns:
        (queries, documents) float32. A query without vectors scores 0; a document without any is -inf to other queries.

    Raises:
        InputError: something is no set of vectors.
        DimensionError: queries and documents differ in width.

    >>> maxsim([[[1.0, 0.0], [0.0, 1.0]]], [[[1.0, 0.0]], [[0.5, 0.75]]]).tolist()
    [[1.0, 1.25]]
    """
    asked, read = Packed.of(queries, "queries"), Packed.of(documents, "documents")
    _require_one_width(asked, read)
    scores = np.empty((len(asked), len(read)), np.float32)
    room = _Room()
    for q_start, q_stop in asked.chunks(1024):
        some = asked.part(q_start, q_stop)
        for d_start, d_stop in read.chunks(max(1, _NUMBERS // max(1, len(some.vectors)))):
            scores[q_start:q_stop, d_start:d_stop] = _scores(some, read.part(d_start, d_stop), room)
    return _per_token(scores.T, asked).T if length_normalize else scores


def maxsim_pairwise(queries: Any, documents: Any, *, length_normalize: bool = False) -> FloatArray:
    """MaxSim of each query with the document at the same place; arguments as for :func:`maxsim`.

    Returns:
        (n,) float32.

    Raises:
        InputError: there are not as many of each.
        DimensionError: queries and documents differ in width.
    """
    asked, read = Packed.of(queries, "queries"), Packed.of(documents, "documents")
    _require_one_width(asked, read)
    if len(asked) != len(read):
        raise InputError(f"queries and documents must be as many; got {len(asked)} and {len(read)}.")
    pairs = range(len(asked))
    room = _Room()
    found = np.array([_scores(asked.part(i, i + 1), read.part(i, i + 1), room)[0, 0] for i in pairs], np.float32)
    return _per_token(found, asked) if length_normalize else found


def _per_token(scores: FloatArray, asked: Packed) -> FloatArray:
    """Scores divided by the number of vectors of each query, which are along the last axis."""
    return np.asarray(scores / np.maximum(asked.lengths, 1), np.float32)


def _require_one_width(asked: Packed, read: Packed) -> None:
    if len(asked.vectors) and len(read.vectors) and asked.vectors.shape[1] != read.vectors.shape[1]:
        raise DimensionError(
            f"queries have vectors of {asked.vectors.shape[1]} numbers, documents of {read.vectors.shape[1]}: they are "
            "of two models."
        )


class _Room:
    """Memory for products, used again and again."""

    def __init__(self) -> None:
        self._numbers = np.empty(0, np.float32)

    def product(self, rows: FloatArray, columns: FloatArray) -> FloatArray:
        """``rows @ columns.T``; overwritten by the next."""
        size = len(rows) * len(columns)
        if size > len(self._numbers):
            self._numbers = np.empty(max(size, _NUMBERS), np.float32)
        return np.matmul(rows, columns.T, out=self._numbers[:size].reshape(len(rows), len(columns)))


def _scores(asked: Packed, read: Packed, room: _Room) -> FloatArray:
    """MaxSim of all queries with all documents, whose products fit into memory."""
    found = np.full((len(read), len(asked.vectors)), _NOTHING)
    if len(asked.vectors) and len(read.vectors):
        # Rows are the documents' tokens: the maximum of some rows is taken of whole stretches of memory, a document at
        # a time, which is a fraction of the product's time. Along the other axis it takes about as long as the product.
        products = room.product(read.vectors, asked.vectors)
        for number, (start, stop) in enumerate(pairwise(read.starts.tolist())):
            if start < stop:
                products[start:stop].max(axis=0, out=found[number])
    scores = np.zeros((len(asked), len(read)), np.float32)
    some = np.flatnonzero(asked.lengths)
    if len(some):
        scores[some] = np.add.reduceat(found, asked.starts[some], axis=1).T
    return scores
