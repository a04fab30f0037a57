"""Exact search by late interaction: the documents whose tokens answer a query's best."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import InputError, positive
from ..late_interaction import Packed, maxsim
from ..types import FloatArray
from .corpus import Corpus
from .hits import Hits
from .selection import best, best_in_parts


class MultiVectorCorpus:
    """Documents as sets of token vectors, searched by MaxSim.

    Args:
        embeddings: the token vectors of each document: a list of (tokens, d).
        length_normalize: divide scores by the number of the query's vectors.

    Raises:
        InputError: something is no set of vectors, or a vector is not finite.
        DimensionError: documents differ in width.

    >>> corpus = MultiVectorCorpus([[[1.0, 0.0]], [[0.0, 1.0], [0.6, 0.8]]])
    >>> corpus
    MultiVectorCorpus(2 documents, 3 vectors of 2)
    >>> corpus.search([[[0.0, 1.0], [1.0, 0.0]]], top_k=1)
    Hits(1 query x 1 hit; first query: 1 at 1.6000)
    """

    def __init__(self, embeddings: Any, *, length_normalize: bool = False) -> None:
        self._packed = Packed.of(embeddings, "embeddings")
        if not np.isfinite(self._packed.vectors).all():
            raise InputError("embeddings hold NaN or infinity. Encode the documents again.")
        self._length_normalize = length_normalize
        # One vector a document, for a first look: the mean, whose product with a query's vectors is the mean of theirs.
        self._means: Corpus | None = None

    def __len__(self) -> int:
        return len(self._packed)

    def __repr__(self) -> str:
        total, width = self._packed.vectors.shape
        return f"MultiVectorCorpus({len(self):,} documents, {total:,} vectors of {width})"

    def search(self, query_embeddings: Any, top_k: int = 10, *, candidates: int | None = None) -> Hits:
        """The documents with the greatest MaxSim with each query.

        Args:
            query_embeddings: the token vectors of each query: a list of (tokens, d), or (tokens, d) for one.
            top_k: hits for each query; all where the corpus is smaller.
            candidates: compare only so many documents for each query, those whose mean vector is most like the query's:
                not exact, and much faster in a large corpus. None compares all.

        Returns:
            The hits, (q, min(top_k, m)); of equal scores the smaller number comes first.

        Raises:
            DimensionError: queries and documents differ in width.
            InputError: ``top_k`` or ``candidates`` is below 1.
        """
        top_k = min(positive("top_k", top_k), len(self))
        queries = Packed.of(query_embeddings, "query_embeddings")
        if candidates is not None and positive("candidates", candidates) < len(self):
            return self._search_some(queries, top_k, max(top_k, candidates))

        def scores_of(start: int, stop: int) -> FloatArray:
            return maxsim(queries.part(start, stop), self._packed, length_normalize=self._length_normalize)

        return Hits(*best_in_parts(scores_of, len(queries), len(self), top_k))

    def scores(self, query_embedding: Any, ids: list[int]) -> FloatArray:
        """MaxSim of one query with some of the documents, by their numbers: (n,) float32."""
        query = Packed.of(query_embedding, "query_embedding")
        scores: FloatArray = maxsim(query, self._packed.chosen(ids), length_normalize=self._length_normalize)[0]
        return scores

    def _search_some(self, queries: Packed, top_k: int, candidates: int) -> Hits:
        if self._means is None:
            self._means = Corpus(_means(self._packed))
        likely = self._means.search(_means(queries), candidates).ids
        scores, ids = np.zeros((len(queries), top_k), np.float32), np.zeros((len(queries), top_k), np.int64)
        for row in range(len(queries)):
            numbers = np.sort(likely[row])  # so that of equal scores the smaller number comes first
            found = self.scores(queries.part(row, row + 1), numbers.tolist())
            scores[row], places = (side[0] for side in best(found[None], top_k))
            ids[row] = numbers[places]
        return Hits(scores, ids)


def _means(packed: Packed) -> FloatArray:
    """The mean of each text's vectors, (n, d) float32; zeros for a text without any."""
    found = np.zeros((len(packed), packed.vectors.shape[1]), np.float32)
    full = np.flatnonzero(packed.lengths)
    if len(full):
        found[full] = np.add.reduceat(packed.vectors, packed.starts[full], axis=0) / packed.lengths[full, None]
    return found
