"""Paraphrase mining: the most similar pairs among the nearest of every row, for sets too large for all pairs."""

from __future__ import annotations

import numpy as np

from ..similarity import cos_sim
from ..types import Vectors
from ..vectors import as_rows
from .exact import search
from .hits import Hits
from .pairs import Pairs
from .scoring import ScoreFunction, positive


def paraphrases(
    embeddings: Vectors,
    *,
    max_pairs: int = 500_000,
    top_k: int = 100,
    score_function: ScoreFunction = cos_sim,
    query_chunk_size: int = 5000,
    corpus_chunk_size: int = 100_000,
) -> Pairs:
    """Find the most similar pairs, among each row and its nearest ones.

    Each row is compared with all others; beside its argument this holds what :func:`~sbert.search.search` does, twice
    the result and ``query_chunk_size * top_k`` pairs. To find the best of all pairs, however many a row has, see
    :func:`~sbert.search.most_similar_pairs`.

    Args:
        embeddings: (n, d). NumPy, torch or lists.
        max_pairs: pairs returned at the most.
        top_k: for each row, only pairs with so many nearest ones are looked at.
        score_function: as for :func:`~sbert.search.search`; symmetric.
        query_chunk_size: rows that are compared at a time.
        corpus_chunk_size: rows that those are compared with at a time.

    Returns:
        Each unordered pair of different rows once.

    Raises:
        InputError: NaN or infinity (the first such row is named), or a size below 1.

    >>> paraphrases([[1.0, 0.0], [0.0, 1.0], [2.0, 0.0]], max_pairs=2)
    Pairs(2: 0 and 2 at 1.0000, 0 and 1 at 0.0000)
    """
    max_pairs, top_k = positive("max_pairs", max_pairs), positive("top_k", top_k)
    step = positive("query_chunk_size", query_chunk_size)
    rows = as_rows(embeddings, "embeddings")
    found, threshold = Pairs.joined([]), -np.inf
    for start in range(0, len(rows), step):
        hits = search(
            rows[start : start + step],
            rows,
            top_k=top_k + 1,  # a row is among its own nearest ones
            score_function=score_function,
            corpus_chunk_size=corpus_chunk_size,
        )
        found = _distinct(Pairs.joined([found, _pairs(hits, start, top_k, threshold)]), len(rows))
        if len(found) > max_pairs:
            found = found.first(max_pairs)
            threshold = float(found.scores[-1])
    return found.first(max_pairs)


def _pairs(hits: Hits, start: int, top_k: int, threshold: float) -> Pairs:
    """The pairs of rows, from ``start`` on, with their hits, without those below a threshold."""
    queries = np.arange(start, start + len(hits))[:, None]
    others = hits.ids != queries
    # Where a row is not among its own hits, as copies with smaller numbers may crowd it out, one hit is too many.
    others &= np.cumsum(others, axis=1) <= top_k
    row, column = np.nonzero(others & (hits.scores >= threshold))
    centres, ids = row + start, hits.ids[row, column]
    return Pairs(hits.scores[row, column], np.minimum(centres, ids), np.maximum(centres, ids))


def _distinct(pairs: Pairs, rows: int) -> Pairs:
    """Each pair once: the first time that it comes."""
    _, first = np.unique(pairs.left * rows + pairs.right, return_index=True)
    return Pairs(pairs.scores[first], pairs.left[first], pairs.right[first])
