"""Exact search among sparse vectors, by an inverted index: for each word, the texts that have it."""

from __future__ import annotations

from typing import Any

from ..errors import DimensionError, positive
from .hits import Hits
from .selection import best_in_parts


class SparseCorpus:
    """Sparse vectors that queries are compared with by dot product; no text is looked at that shares no word.

    Args:
        embeddings: (m, words), a SciPy array or matrix.

    >>> from scipy.sparse import csr_array
    >>> corpus = SparseCorpus(csr_array([[0.0, 1.0, 0.0], [2.0, 0.0, 1.0]]))
    >>> corpus
    SparseCorpus(2 x 3, 3 weights)
    >>> corpus.search(csr_array([[1.0, 0.0, 1.0]]), top_k=1)
    Hits(1 query x 1 hit; first query: 1 at 3.0000)
    """

    def __init__(self, embeddings: Any) -> None:
        # The transpose in rows: one row a word, which is the inverted index.
        self._by_word = embeddings.T.tocsr()

    def __len__(self) -> int:
        return int(self._by_word.shape[1])

    def __repr__(self) -> str:
        return f"SparseCorpus({len(self):,} x {self._by_word.shape[0]:,}, {self._by_word.nnz:,} weights)"

    def search(self, query_embeddings: Any, top_k: int = 10) -> Hits:
        """The vectors with the greatest dot product with each query.

        Args:
            query_embeddings: (q, words), a SciPy array or matrix.
            top_k: hits for each query; all m where the corpus is smaller.

        Returns:
            The hits, (q, min(top_k, m)); of equal scores, 0 among them, the smaller number comes first.

        Raises:
            DimensionError: queries and corpus differ in width.
            InputError: ``top_k`` is below 1.
        """
        top_k = min(positive("top_k", top_k), len(self))
        queries = query_embeddings.tocsr()
        if queries.shape[1] != self._by_word.shape[0]:
            raise DimensionError(
                f"query_embeddings have {queries.shape[1]} words, the corpus has {self._by_word.shape[0]}: they are of "
                "two models."
            )

        def scores_of(start: int, stop: int) -> Any:
            return (queries[start:stop] @ self._by_word).toarray()

        return Hits(*best_in_parts(scores_of, queries.shape[0], len(self), top_k))
