"""Scores of queries with a corpus, a chunk of each at a time: by a matrix product, or by any function."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np

from ..errors import InputError
from ..similarity import SMALLEST_NORM, SimilarityFunction, cos_sim, dot_score, norms
from ..vectors import Rows, as_array, as_floats, as_rows, is_tensor, require_finite

#: A similarity, its name, or any function of (n, d) and (m, d) vectors that returns (n, m) scores.
ScoreFunction: TypeAlias = str | SimilarityFunction | Callable[[Any, Any], Any]


def is_cosine(score_function: ScoreFunction) -> bool:
    """Whether a score function is the cosine, by itself or by a name."""
    if isinstance(score_function, str):
        score_function = SimilarityFunction.to_similarity_fn(score_function)
    return score_function is cos_sim


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


def unit_rows(rows: Rows, argument: str) -> Rows:
    """Rows as float32 of length 1, (n, d); those of zeros stay zeros. Errors as in :func:`inverse_norms`."""
    rows = in_float32(rows)
    return rows * inverse_norms(rows, argument, 0)[:, None]


class Products:
    """Scores by one matrix product a chunk, scaled afterwards when the cosine is asked.

    Scaling (q, m) scores costs less than a tenth of their product, makes no copy of the corpus, and reads it only once;
    dividing (m, d) rows takes half the time of a product of 100 queries.
    """

    def __init__(self, cosine: bool) -> None:
        self.cosine = cosine
        self.room = np.empty(0, np.float32)

    def load(self, rows: Rows, first_row: int, scales: Rows | None = None) -> None:
        """Take a chunk of the corpus; ``scales`` are those of :func:`inverse_norms` where they are known."""
        self.corpus = in_float32(rows)
        self.scales = inverse_norms(self.corpus, "corpus_embeddings", first_row) if scales is None else scales

    def score(self, rows: Rows, first_row: int) -> Rows:
        """Scores of some queries with the chunk, (q, c), in memory that the next call writes into."""
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


class Called:
    """Scores by calling a function of two sets of vectors."""

    def __init__(self, function: Callable[[Any, Any], Any]) -> None:
        self.function = function

    def load(self, rows: Rows, first_row: int) -> None:
        """Take a chunk of the corpus."""
        self.corpus = as_floats(rows.detach() if is_tensor(rows) else rows)
        require_finite(self.corpus, "corpus_embeddings", first_row)

    def score(self, rows: Rows, first_row: int) -> Rows:
        """Scores of some queries with the chunk, (q, c)."""
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


#: Gives the scores of queries with a chunk of the corpus that it was given before.
Scorer: TypeAlias = Products | Called


def scorer(score_function: ScoreFunction) -> Scorer:
    """What computes a similarity, given by itself or by its name.

    Raises:
        InputError: it is neither.
    """
    if isinstance(score_function, str):
        score_function = SimilarityFunction.to_similarity_fn(score_function)
    if score_function is cos_sim or score_function is dot_score:
        return Products(cosine=score_function is cos_sim)
    if not callable(score_function):
        raise InputError(f"score_function must be a function or a similarity's name; got {score_function!r}.")
    return Called(score_function)
