"""One ranking of the same texts by two models: by meaning, and by words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import overload

from ..errors import InputError, positive
from ..ranking import Fusion, check_fusion, reciprocal_ranks, weighted
from .text_corpus import FoundText, TextCorpus

SIDES = ("dense", "sparse")
#: Of the scores of both, where nobody says.
WEIGHTS: Mapping[str, float] = {"dense": 0.5, "sparse": 0.5}


class HybridCorpus:
    """Texts that a dense and a sparse model search together.

    Threads may share it.

    Args:
        dense: the texts with their dense vectors.
        sparse: the same texts with their sparse vectors.
        fusion: weights such as ``{"dense": 0.5, "sparse": 0.5}`` for scores scaled to 0 to 1, or ``rrf`` for reciprocal
            ranks.
        candidates: texts that each side brings for a query, at the least.

    Raises:
        InputError: a side is of the other kind, the texts differ, or the fusion is neither.
    """

    def __init__(self, dense: TextCorpus, sparse: TextCorpus, fusion: Fusion = WEIGHTS, candidates: int = 100) -> None:
        for side, corpus in zip(SIDES, (dense, sparse), strict=True):
            if corpus.sparse != (side == "sparse"):
                raise InputError(f"{side} must be a TextCorpus with {side} vectors; got {corpus!r}.")
        if list(dense.texts) != list(sparse.texts):
            raise InputError("dense and sparse must have the same texts in the same order.")
        self.dense, self.sparse = dense, sparse
        self._weights = check_fusion(fusion, SIDES)
        self.candidates = positive("candidates", candidates)

    def __len__(self) -> int:
        return len(self.dense)

    def __repr__(self) -> str:
        return f"HybridCorpus({self.dense!r}, {self.sparse!r})"

    @overload
    def search(self, query: str, top_k: int = ...) -> list[FoundText]: ...
    @overload
    def search(self, query: list[str] | tuple[str, ...], top_k: int = ...) -> list[list[FoundText]]: ...
    def search(
        self, query: str | list[str] | tuple[str, ...], top_k: int = 10
    ) -> list[FoundText] | list[list[FoundText]]:
        """The texts that answer a query best, by both models; for several queries a list of them each.

        With weights, every candidate has the score of both models, whichever found it. Texts that share no word with
        the query, in the sparse model's eyes, are no candidates of its side.

        Args:
            query: a text, or several.
            top_k: texts for each.

        Raises:
            NotTextError: a query is not text.
            InputError: ``top_k`` is below 1.
        """
        top_k = positive("top_k", top_k)
        queries = [query] if isinstance(query, str) else list(query)
        vectors = [corpus.model.encode_query(queries) for corpus in (self.dense, self.sparse)]
        count = max(top_k, self.candidates)
        by_dense = self.dense.found(vectors[0], count)
        by_words = self.sparse.found(vectors[1], count)
        found = [
            self._fused(vectors[0][place : place + 1], vectors[1][place : place + 1], by_dense[place], by_words[place])
            for place in range(len(queries))
        ]
        ranked = [of_one[:top_k] for of_one in found]
        return ranked[0] if isinstance(query, str) else ranked

    def _fused(
        self, dense: object, sparse: object, by_dense: list[FoundText], by_words: list[FoundText]
    ) -> list[FoundText]:
        by_words = [hit for hit in by_words if hit.score > 0]
        if self._weights is None:
            scores = reciprocal_ranks([[hit.id for hit in side] for side in (by_dense, by_words)])
        else:
            ids = sorted({hit.id for hit in (*by_dense, *by_words)})
            both = [
                dict(zip(ids, corpus.scores(vector, ids).tolist(), strict=True))
                for corpus, vector in ((self.dense, dense), (self.sparse, sparse))
            ]
            scores = weighted(both[0], both[1], [self._weights[side] for side in SIDES])
        order = sorted(scores, key=lambda number: (-scores[number], number))
        return [FoundText(number, self.dense.texts[number], scores[number]) for number in order]
