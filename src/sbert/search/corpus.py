"""A corpus that is looked at once and searched many times."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from ..errors import InputError, one_of, positive
from ..similarity import cos_sim
from ..types import FloatArray, Vectors
from ..vectors import as_array, as_rows, require_width
from .exact import best_of_chunks
from .hits import Hits
from .scoring import Products, ScoreFunction, in_float32, inverse_norms, is_cosine, scorer
from .selection import Ids, Scores

if TYPE_CHECKING:
    from .first_pass import FirstPass


class Corpus:
    """Vectors that queries are compared with, prepared once: checked, and their lengths known.

    Searching gives what :func:`~sbert.search.search` gives, and reads the vectors once instead of twice. They are not
    copied, unless they are of another dtype than float32, so they must not be changed meanwhile. Threads may share it.

    Args:
        embeddings: (m, d). NumPy, torch or lists.
        score_function: a similarity, its name, or a function of (n, d) and (m, d) vectors that returns (n, m).
        chunk_size: vectors compared at a time.
        first_pass: ``int8`` keeps a copy in bytes, a quarter of the size, which is looked at first, and compares in
            float32 what may be among the best (:mod:`.first_pass`): the same hits, but for ties within the last bit of
            a score, several times as soon for a few queries. For cosine and dot product. None compares all.

    Raises:
        InputError: NaN or infinity (the first such row is named), a ``chunk_size`` below 1, or a ``first_pass`` that is
            not known or not possible.

    >>> corpus = Corpus([[0.0, 1.0], [2.0, 0.0]])
    >>> corpus
    Corpus(2 x 2)
    >>> corpus.search([1.0, 0.0], top_k=1)
    Hits(1 query x 1 hit; first query: 1 at 1.0000)
    """

    def __init__(
        self,
        embeddings: Vectors,
        *,
        score_function: ScoreFunction = cos_sim,
        chunk_size: int = 100_000,
        first_pass: str | None = None,
    ) -> None:
        self._step = positive("chunk_size", chunk_size)
        self._score_function = score_function
        rows = as_rows(embeddings, "embeddings")
        self._starts = range(0, len(rows), self._step)
        products = isinstance(scorer(score_function), Products)
        self._rows = in_float32(rows) if products else rows
        self._scales = [
            inverse_norms(in_float32(self._rows[start : start + self._step]), "embeddings", start)
            for start in self._starts
        ]
        self._cosine = is_cosine(score_function)
        self._first_pass: FirstPass | None = None
        if first_pass is not None:
            if first_pass != "int8":  # noqa: S105  (no password)
                raise one_of("first_pass", first_pass, ["int8"])
            if not (products and isinstance(self._rows, np.ndarray)):
                raise InputError("first_pass='int8' is for the cosine and the dot product, of vectors in main memory.")
            from .first_pass import FirstPass  # the runtime, which nothing else here needs

            if len(self._rows):
                self._first_pass = FirstPass(self._units(), *self._rows.shape)
                self._all_scales = np.concatenate(self._scales)  # once, not for each query

    def __len__(self) -> int:
        return len(self._rows)

    def __repr__(self) -> str:
        return f"Corpus({len(self._rows):,} x {self._rows.shape[1]})"

    def search(self, query_embeddings: Vectors, top_k: int = 10, *, query_chunk_size: int = 100) -> Hits:
        """The vectors most like each query.

        Args:
            query_embeddings: (q, d), or (d,) for one query.
            top_k: hits for each query; all m where the corpus is smaller.
            query_chunk_size: queries compared at a time.

        Returns:
            The hits, (q, min(top_k, m)); of equal scores the smaller number comes first.

        Raises:
            DimensionError: queries and corpus differ in width.
            InputError: NaN or infinity (the first such row is named), or a size below 1.
        """
        top_k, query_step = positive("top_k", top_k), positive("query_chunk_size", query_chunk_size)
        if self._first_pass is not None and self._first_pass.usable:
            return self._search_in_bytes(self._first_pass, query_embeddings, min(top_k, len(self)))
        scores = scorer(self._score_function)  # one for each search, since it holds what is computed

        def chunks() -> Iterator[int]:
            for left, scales in zip(self._starts, self._scales, strict=True):
                rows = self._rows[left : left + self._step]
                if isinstance(scores, Products):
                    scores.load(rows, left, scales)
                else:
                    scores.load(rows, left)
                yield left

        queries = as_rows(query_embeddings, "query_embeddings")
        return best_of_chunks(scores, chunks(), queries, self._rows, top_k, query_step)

    def _search_in_bytes(self, first_pass: FirstPass, query_embeddings: Vectors, top_k: int) -> Hits:
        queries = in_float32(as_array(as_rows(query_embeddings, "query_embeddings")))
        require_width(queries, self._rows, "query_embeddings", "corpus_embeddings")
        lengths = inverse_norms(queries, "query_embeddings", 0)
        if not len(queries):
            return Hits(np.empty((0, top_k), np.float32), np.empty((0, top_k), np.int64))

        def exact(query: FloatArray, numbers: Ids | None) -> Scores:
            rows, of_rows = self._rows, self._all_scales
            if numbers is not None:
                rows, of_rows = rows[numbers], of_rows[numbers]
            scores: Scores = query @ rows.T
            return scores * of_rows if self._cosine else scores

        return Hits(*first_pass.search(queries * lengths[:, None] if self._cosine else queries, top_k, exact))

    def _units(self) -> Iterator[FloatArray]:
        for left, scales in zip(self._starts, self._scales, strict=True):
            rows = self._rows[left : left + self._step]
            yield rows * scales[:, None] if self._cosine else rows
