"""Exact search: every query is compared with every vector of the corpus, and the best are kept."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

from ..errors import positive
from ..similarity import cos_sim
from ..types import Vectors
from ..vectors import Rows, as_rows, beside, require_width
from .hits import Hits
from .scoring import ScoreFunction, Scorer, scorer
from .selection import Ids, Scores, best, merge


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
    positive("query_chunk_size", query_chunk_size)
    step = positive("corpus_chunk_size", corpus_chunk_size)
    scores = scorer(score_function)
    queries, corpus = as_rows(query_embeddings, "query_embeddings"), as_rows(corpus_embeddings, "corpus_embeddings")

    def chunks() -> Iterator[int]:
        for left in range(0, len(corpus), step):
            scores.load(corpus[left : left + step], left)
            yield left

    return best_of_chunks(scores, chunks(), queries, corpus, top_k, query_chunk_size)


def best_of_chunks(
    scores: Scorer, chunks: Iterable[int], queries: Rows, corpus: Rows, top_k: int, query_chunk_size: int
) -> Hits:
    """The best rows of a corpus for each query, merged over its chunks.

    Args:
        scores: gives the scores of queries with the chunk that it has been given.
        chunks: gives it chunk after chunk, and yields the number of each one's first row.
        queries: (q, d).
        corpus: (m, d); only its shape and kind are looked at.
        top_k: hits for each query.
        query_chunk_size: queries compared at a time.
    """
    top_k = min(top_k, len(corpus))
    if not len(queries) or not top_k:
        return Hits(np.empty((len(queries), top_k), np.float32), np.empty((len(queries), top_k), np.int64))
    require_width(queries, corpus, "query_embeddings", "corpus_embeddings")
    queries = beside(queries, corpus)
    found: dict[int, tuple[Scores, Ids]] = {}
    for left in chunks:
        for top in range(0, len(queries), query_chunk_size):
            block = scores.score(queries[top : top + query_chunk_size], top)
            values, columns = best(block, min(top_k, block.shape[1]))
            further = values, columns + left
            found[top] = merge(found[top], further, top_k) if top in found else further
    return Hits(*(np.concatenate(parts) for parts in zip(*found.values(), strict=True)))
