"""Retrieve and rerank: candidates found by vectors, put in order by a model that reads each beside the query."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias, overload

import numpy as np

from ..errors import InputError, positive
from ..ranking import passage_scores
from ..types import FloatArray

if TYPE_CHECKING:
    from ..models.cross_encoder import CrossEncoder


class Found(Protocol):
    """What a retriever finds: an :class:`~sbert.index.Hit`, or a :class:`FoundText`."""

    @property
    def passage(self) -> str:
        """Its text."""

    @property
    def score(self) -> float:
        """How well it answers, as the retriever has it."""


class Retriever(Protocol):
    """What finds candidates: an :class:`~sbert.Index`, or a :class:`TextCorpus`."""

    def search(self, query: list[str], top_k: int) -> Sequence[Sequence[Found]]:
        """The candidates of each query, the best first."""


#: Called with a query and passages, gives a score for each.
Scorer: TypeAlias = Callable[[str, list[str]], Sequence[float]]


@dataclass(frozen=True)
class Answer:
    """A passage after reranking.

    Attributes:
        passage: its text.
        score: what the reranker gives it.
        rank: its place among the candidates, from 1 on.
        found: what the retriever found: its name or number, its score and more.
    """

    passage: str
    score: float
    rank: int
    found: Any


@dataclass(frozen=True)
class Timings:
    """How long the steps of the last search took.

    Attributes:
        queries: how many there were.
        candidates: how many passages were read, over all of them.
        retrieve: seconds to find the candidates.
        rerank: seconds to score them.
    """

    queries: int = 0
    candidates: int = 0
    retrieve: float = 0.0
    rerank: float = 0.0

    def __str__(self) -> str:
        return (
            f"{self.candidates:,} candidates found in {1000 * self.retrieve:.0f} ms, "
            f"reranked in {1000 * self.rerank:.0f} ms"
        )


class Pipeline:
    """A retriever and a reranker as one.

    A cross-encoder judges best but needs a forward pass a pair, so it reads only what vectors have found.

    Args:
        retriever: an :class:`~sbert.Index`, or a :class:`TextCorpus`.
        reranker: a :class:`~sbert.CrossEncoder` with one label, or a function of a query and passages that gives a
            score for each.
        candidates: passages that are read for each query.

    Raises:
        InputError: an argument is of another kind.
    """

    def __init__(self, retriever: Retriever, reranker: CrossEncoder | Scorer, candidates: int = 100) -> None:
        if not callable(getattr(retriever, "search", None)):
            raise InputError(f"retriever must be an Index or a TextCorpus; got {type(retriever).__name__}.")
        self._predict = getattr(reranker, "predict", None)
        if self._predict is None and not callable(reranker):
            raise InputError(f"reranker must be a CrossEncoder or a function; got {type(reranker).__name__}.")
        if getattr(reranker, "num_labels", 1) != 1:
            raise InputError(
                "Reranking needs a model with one score for a pair; this one has "
                f"{getattr(reranker, 'num_labels', None)}."
            )
        self.retriever, self.reranker = retriever, reranker
        self.candidates = positive("candidates", candidates)
        #: Of the last search.
        self.timings = Timings()

    @overload
    def search(self, query: str, top_k: int = ..., **options: Any) -> list[Answer]: ...
    @overload
    def search(self, query: list[str] | tuple[str, ...], top_k: int = ..., **options: Any) -> list[list[Answer]]: ...
    def search(
        self, query: str | list[str] | tuple[str, ...], top_k: int = 10, **options: Any
    ) -> list[Answer] | list[list[Answer]]:
        """The passages that answer a query best.

        All queries are retrieved together, and all their candidates are scored together.

        Args:
            query: a text, or several.
            top_k: passages for each.
            **options: passed to the retriever, such as ``where`` for an index.

        Returns:
            The best passages, of equal scores the one that was found first; a list of them for each query where several
            were given.

        Raises:
            InputError: an argument is wrong, or the reranker does not give a finite number for each passage.
        """
        top_k = positive("top_k", top_k)
        queries = [query] if isinstance(query, str) else list(query)
        started = time.perf_counter()
        found = self.retriever.search(queries, max(top_k, self.candidates), **options)
        retrieved = time.perf_counter()
        scores = self._scores(queries, [[each.passage for each in of_one] for of_one in found])
        self.timings = Timings(len(queries), sum(map(len, found)), retrieved - started, time.perf_counter() - retrieved)
        answers = [_in_order(of_one, numbers)[:top_k] for of_one, numbers in zip(found, scores, strict=True)]
        return answers[0] if isinstance(query, str) else answers

    def _scores(self, queries: list[str], passages: list[list[str]]) -> list[FloatArray]:
        if self._predict is None:
            score: Any = self.reranker  # a function, as was checked
            return [
                passage_scores(score(query, texts), len(texts), "reranker")
                for query, texts in zip(queries, passages, strict=True)
            ]
        pairs = [(query, text) for query, texts in zip(queries, passages, strict=True) for text in texts]
        scores = passage_scores(self._predict(pairs), len(pairs), "reranker")
        ends = np.cumsum([0, *map(len, passages)]).tolist()
        return [scores[start:end] for start, end in pairwise(ends)]


def _in_order(found: Sequence[Found], scores: FloatArray) -> list[Answer]:
    order = np.argsort(-scores, kind="stable").tolist()
    return [Answer(found[place].passage, float(scores[place]), place + 1, found[place]) for place in order]
