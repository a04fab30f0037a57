"""Exact search: every query is compared with every vector of the corpus, and the best are kept."""

from __future__ import annotations

import operator
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from ..errors import InputError
from ..similarity import SMALLEST_NORM, SimilarityFunction, cos_sim, dot_score, norms
from ..types import Vectors
from ..vectors import Rows, as_array, as_floats, as_rows, beside, is_tensor, require_finite, require_width
from .selection import Ids, Scores, best, merge

#: A similarity, its name, or any function of (n, d) and (m, d) vectors that returns (n, m) scores.
ScoreFunction: TypeAlias = str | SimilarityFunction | Callable[[Any, Any], Any]


@dataclass(frozen=True, repr=False)
class Hits:
    """What a search found: for each query the best rows of the corpus, the best first.

    Attributes:
        scores: (q, k) float32, decreasing along each row.
        ids: (q, k) int64, numbers of corpus rows; of equal scores the smaller number comes first.

    >>> hits = search([[1.0, 0.0]], [[0.0, 1.0], [2.0, 0.0]])
    >>> hits
    Hits(1 query x 2 hits; first query: 1 at 1.0000, 0 at 0.0000)
    >>> hits.to_dicts()
    [[{'corpus_id': 1, 'score': 1.0}, {'corpus_id': 0, 'score': 0.0}]]
    """

    scores: Scores
    ids: Ids

    def __len__(self) -> int:
        return len(self.ids)

    def __repr__(self) -> str:
        queries, hits = self.ids.shape
        size = f"{queries} {'query' if queries == 1 else 'queries'} x {hits} {'hit' if hits == 1 else 'hits'}"
        if not self.ids.size:
            return f"Hits({size})"
        shown = zip(self.ids[0, :3].tolist(), self.scores[0, :3].tolist(), strict=True)
        listed = ", ".join(f"{number} at {score:.4f}" for number, score in shown)
        return f"Hits({size}; first query: {listed}{', ...' if hits > 3 else ''})"

    def to_dicts(self) -> list[list[dict[str, int | float]]]:
        """One list for each query of ``{"corpus_id": int, "score": float}``, the best first."""
        return [
            [{"corpus_id": number, "score": score} for number, score in zip(ids, scores, strict=True)]
            for ids, scores in zip(self.ids.tolist(), self.scores.tolist(), strict=True)
        ]


def search(
    query_embeddings: Vectors,
    corpus_embeddings: Vectors,
    *,
    top_k: int = 10,
    score_function: ScoreFunction = cos_sim,
    query_chunk_size: int = 100,
    corpus_chunk_size: int = 100_000,
) -> Hits:
    """Find the corpus rows most like each query, by comparing all with all.

    Beside its arguments it holds ``query_chunk_size * corpus_chunk_size`` scores (40 MB by default) and the result; a
    corpus that is not float32 is also converted, a chunk at a time. Chunk sizes do not change the result, as far as
    the last bit of a score does not depend on the shape of the product that it is part of: it never does when all
    products and sums are whole numbers below 2**24.

    Args:
        query_embeddings: (q, d), or (d,) for one query. NumPy, torch or lists; moved to where the corpus is.
        corpus_embeddings: (m, d). An np.memmap is read a chunk at a time, once.
        top_k: hits for each query; all m where the corpus is smaller.
        score_function: a name (cosine, dot, euclidean, manhattan) or a function. Cosine and dot product run as one
            matrix product for each pair of chunks. Any other function is called with (n, d) and (m, d) chunks of
            floats, NumPy or torch as the corpus is, and returns (n, m); a greater score is a better one.
        query_chunk_size: queries compared at a time.
        corpus_chunk_size: corpus rows compared at a time.

    Returns:
        The hits, (q, min(top_k, m)), empty when the corpus is. Equal scores are in the order of the corpus, also where
        ``top_k`` cuts through them.

    Raises:
        DimensionError: queries and corpus differ in width.
        InputError: NaN or infinity in either (the first such row is named), NaN from a score function, a size below 1.

    >>> search([[1.0, 0.0]], [[0.0, 1.0], [2.0, 0.0], [1.0, 1.0]], top_k=2).ids
    array([[1, 2]])
    """
    top_k = positive("top_k", top_k)
    query_step = positive("query_chunk_size", query_chunk_size)
    corpus_step = positive("corpus_chunk_size", corpus_chunk_size)
    scorer = _scorer(score_function)
    queries, corpus = as_rows(query_embeddings, "query_embeddings"), as_rows(corpus_embeddings, "corpus_embeddings")
    top_k = min(top_k, len(corpus))
    if not len(queries) or not top_k:
        return Hits(np.empty((len(queries), top_k), np.float32), np.empty((len(queries), top_k), np.int64))
    require_width(queries, corpus, "query_embeddings", "corpus_embeddings")
    queries = beside(queries, corpus)

    found: dict[int, tuple[Scores, Ids]] = {}
    for left in range(0, len(corpus), corpus_step):
        scorer.load(corpus[left : left + corpus_step], left)
        for top in range(0, len(queries), query_step):
            scores = scorer.score(queries[top : top + query_step], top)
            values, columns = best(scores, min(top_k, scores.shape[1]))
            further = values, columns + left
            found[top] = merge(found[top], further, top_k) if top in found else further
    return Hits(*(np.concatenate(parts) for parts in zip(*found.values(), strict=True)))


def positive(argument: str, value: int) -> int:
    """A size as an int of at least 1.

    Raises:
        InputError: it is smaller, or not a whole number.
    """
    try:
        number = operator.index(value)
    except TypeError:
        number = 0
    if number < 1:
        raise InputError(f"{argument} must be a whole number of at least 1; got {value!r}.")
    return number


def in_float32(rows: Rows) -> Rows:
    """Rows as float32, in NumPy unless they are on an accelerator: NumPy's product is no slower on a processor."""
    if is_tensor(rows):
        rows = rows.detach().float()
        return rows if rows.device.type != "cpu" else as_array(rows)
    return as_floats(rows).astype(np.float32, copy=False)


def inverse_norms(rows: Rows, argument: str, first_row: int) -> Rows:
    """1 / length of each row, (n, d) float32 to (n,); at most 1e12, so that zero rows score 0.

    A sum of squares is not finite when any number of its row is not, so that looking at (n,) lengths checks all
    (n, d) numbers.

    Raises:
        InputError: a row holds NaN or infinity, or numbers too great to be squared in float32.
    """
    lengths = norms(rows)
    if not np.isfinite(as_array(lengths)).all():
        require_finite(rows, argument, first_row)
        row = first_row + int(np.isfinite(as_array(lengths)).argmin())
        raise InputError(f"{argument} holds numbers too great for float32, first in row {row}. Scale all rows down.")
    return 1 / lengths.clip(SMALLEST_NORM)


class _Products:
    """Scores by one matrix product a chunk, scaled afterwards when the cosine is asked.

    Scaling (q, m) scores costs less than a tenth of their product, makes no copy of the corpus, and reads it only once;
    dividing (m, d) rows takes half the time of a product of 100 queries.
    """

    def __init__(self, cosine: bool) -> None:
        self.cosine = cosine
        self.room = np.empty(0, np.float32)

    def load(self, rows: Rows, first_row: int) -> None:
        self.corpus = in_float32(rows)
        self.scales = inverse_norms(self.corpus, "corpus_embeddings", first_row)

    def score(self, rows: Rows, first_row: int) -> Rows:
        queries = in_float32(rows)
        scales = inverse_norms(queries, "query_embeddings", first_row)
        if self.cosine:
            queries = queries * scales[:, None]
        scores = self._product(queries)
        if self.cosine:
            scores *= self.scales
        return scores

    def _product(self, queries: Rows) -> Rows:
        """(q, d) to (q, m), written over the last scores: fresh memory would cost a fifth of the product's time."""
        if is_tensor(queries):
            return queries @ self.corpus.T
        shape = len(queries), len(self.corpus)
        if self.room.size < shape[0] * shape[1]:
            self.room = np.empty(shape[0] * shape[1], np.float32)
        return np.matmul(queries, self.corpus.T, out=self.room[: shape[0] * shape[1]].reshape(shape))


class _Called:
    """Scores by calling a function of two sets of vectors."""

    def __init__(self, function: Callable[[Any, Any], Any]) -> None:
        self.function = function

    def load(self, rows: Rows, first_row: int) -> None:
        self.corpus = as_floats(rows.detach() if is_tensor(rows) else rows)
        require_finite(self.corpus, "corpus_embeddings", first_row)

    def score(self, rows: Rows, first_row: int) -> Rows:
        queries = as_floats(rows.detach() if is_tensor(rows) else rows)
        require_finite(queries, "query_embeddings", first_row)
        scores = as_rows(self.function(queries, self.corpus), "The result of score_function")
        expected = len(queries), len(self.corpus)
        if tuple(scores.shape) != expected:
            raise InputError(
                f"score_function must return a score for each query and corpus row, the shape {expected}; "
                f"got {tuple(scores.shape)}. A pairwise function does not do."
            )
        unordered = as_array((scores != scores).any(1))
        if unordered.any():
            raise InputError(f"score_function returned NaN, first for query {first_row + int(unordered.argmax())}.")
        return scores


def _scorer(score_function: ScoreFunction) -> _Products | _Called:
    if isinstance(score_function, str):
        score_function = SimilarityFunction.to_similarity_fn(score_function)
    if score_function is cos_sim or score_function is dot_score:
        return _Products(cosine=score_function is cos_sim)
    if not callable(score_function):
        raise InputError(f"score_function must be a function or a similarity's name; got {score_function!r}.")
    return _Called(score_function)
