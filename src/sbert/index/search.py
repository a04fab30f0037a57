"""Searching the table of an index: by vectors, by words, or by both."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol, TypeAlias

from ..ranking import Fusion, check_fusion, passage_scores, reciprocal_ranks, weighted
from ..similarity import SimilarityFunction
from ..types import FloatArray
from .ann import Approximation
from .hits import Hit
from .identity import DISTANCES
from .lance import translated_filter
from .late import is_late
from .late import scores as scores_of_sets
from .schema import DOCUMENT, HEADING, ID, OWN, PASSAGE, START, STOP, VECTOR
from .store import Store

MODES = ("dense", "text", "hybrid")
#: Of hybrid search, and the weights that their scores have by default.
SIDES = ("dense", "text")
WEIGHTS: Mapping[str, float] = {"dense": 0.7, "text": 0.3}


class Reranker(Protocol):
    """A model that scores passages anew, such as a :class:`~sbert.CrossEncoder`."""

    def score(self, query: str, documents: Sequence[str]) -> FloatArray:
        """A number for each passage."""


#: What scores passages anew: a model, or a function of the query and the passages' texts.
Rerank: TypeAlias = Reranker | Callable[[str, list[str]], Sequence[float]]
#: Passages that hybrid search and reranking look at, at the least.
CANDIDATES = 100


@dataclass(frozen=True)
class Request:
    """What is asked of every query of a search, checked.

    Args:
        top_k: hits of each query.
        where: condition in SQL.
        mode: one of :data:`MODES`.
        fusion: of hybrid search.
        rerank: scores the candidates anew.
    """

    top_k: int
    where: str | None
    mode: str
    fusion: Fusion
    rerank: Rerank | None

    @property
    def candidates(self) -> int:
        """Passages that each side of the search brings."""
        return max(self.top_k, CANDIDATES) if self.mode == "hybrid" or self.rerank else self.top_k


class Searcher:
    """Searches one index.

    Args:
        store: its table.
        similarity: ``cosine``, ``dot``, ``euclidean`` or ``maxsim``.
        approximation: how its approximate index is asked; None where there is none.
    """

    def __init__(self, store: Store, similarity: str, approximation: Approximation | None) -> None:
        self._store, self._similarity, self._approximation = store, similarity, approximation
        # Looked up once: each look at a table asks for its newest version.
        names = store.schema.names
        self._metadata = [name for name in names if name not in OWN]
        self._columns = [ID, DOCUMENT, PASSAGE, START, STOP, HEADING, *self._metadata]

    def search(self, query: str, vector: FloatArray | None, request: Request) -> list[Hit]:
        """The passages that answer a query best.

        Args:
            query: its words.
            vector: of the query, (d,) float32; None where only words count.
            request: what is asked for.

        Raises:
            InputError: something is wrong with the condition, or with what the reranker returns.
        """
        dense = [] if vector is None else self.dense(vector, request.candidates, request.where)
        if request.mode == "dense":
            found = dense
        else:
            text = self.text(query, request.candidates, request.where, vector)
            found = text if request.mode == "text" else fuse(dense, text, request.fusion)
        if request.rerank is not None:
            found = reranked(query, found, request.rerank)
        return found[: request.top_k]

    def dense(self, vector: FloatArray, count: int, where: str | None) -> list[Hit]:
        """The passages whose vectors are most like a query's; as many as there are, up to ``count``.

        The condition is applied first, and an approximate index is asked with the more effort. Where it finds fewer
        than ``count``, and there are more, all are compared.
        """
        if not vector.any() and self._similarity == "cosine":
            return []  # no direction, so no cosine
        approximation = self._approximation
        if approximation is None:
            return self._nearest(vector, count, where, None)
        wanted = count
        if where is not None:
            rows = self._store.count(where)
            wanted = min(count, rows)
            approximation = approximation.filtered(rows, count)
        found = self._nearest(vector, count, where, approximation)
        return found if len(found) >= wanted else self._nearest(vector, count, where, None)

    def text(self, query: str, count: int, where: str | None, vector: FloatArray | None = None) -> list[Hit]:
        """The passages that share words with a query, by BM25.

        Args:
            query: its words; no signs in it have a meaning.
            count: hits at the most.
            where: condition.
            vector: of the query, for a second score of each hit.
        """
        from lancedb.query import MatchQuery

        search = self._store.table.search(MatchQuery(query, PASSAGE), query_type="fts").limit(count)
        columns = self._columns if vector is None else [*self._columns, VECTOR]
        rows = self._run(search, where, columns, "_score")
        others = {} if vector is None else self._similarities(vector, rows)
        plain = rows.select([*self._columns, "_score"]).to_pylist()
        found = [self._hit(row, float(row["_score"]), "text") for row in plain]
        return ranked([replace(hit, scores={**hit.scores, **others.get(hit.id, {})}) for hit in found])

    def _nearest(
        self, vector: FloatArray, count: int, where: str | None, approximation: Approximation | None
    ) -> list[Hit]:
        search = self._store.table.search(vector, vector_column_name=VECTOR, query_type="vector").limit(count)
        search = search.distance_type(DISTANCES[self._similarity])
        search = search.bypass_vector_index() if approximation is None else approximation.applied(search)
        rows = self._run(search, where, self._columns, "_distance").to_pylist()
        return ranked([self._hit(row, self._score(float(row["_distance"]), vector), "dense") for row in rows])

    def _run(self, search: Any, where: str | None, columns: list[str], score: str) -> Any:
        """The rows that a search of LanceDB's finds, as pyarrow's table."""
        with translated_filter(where, self._store.columns):
            if where is not None:
                search = search.where(where, prefilter=True)
            return search.select([*columns, score]).to_arrow()

    def _score(self, distance: float, query: FloatArray) -> float:
        """The similarity that LanceDB's distance to a query stands for."""
        if is_late(self._similarity):
            return len(query) - distance
        if self._similarity == "euclidean":
            return -math.sqrt(max(distance, 0.0))  # it is squared
        return 1.0 - distance

    def _similarities(self, query: FloatArray, rows: Any) -> dict[str, dict[str, float]]:
        """The similarity of a query with each row that has a vector, by the rows' ids."""
        import pyarrow.compute as pc

        rows = rows.filter(pc.is_valid(rows[VECTOR])).combine_chunks()
        if not len(rows):
            return {}
        column = rows[VECTOR].combine_chunks()
        if is_late(self._similarity):
            scores = scores_of_sets(query, column)
        else:
            vectors = column.flatten().to_numpy().reshape(len(rows), -1)
            scores = SimilarityFunction.to_similarity_fn(self._similarity)(query[None], vectors)[0].tolist()
        return {name: {"dense": score} for name, score in zip(rows[ID].to_pylist(), scores, strict=True)}

    def _hit(self, row: dict[str, Any], score: float, kind: str) -> Hit:
        return Hit(
            id=row[ID],
            document=row[DOCUMENT],
            passage=row[PASSAGE],
            span=(row[START], row[STOP]),
            heading=row[HEADING],
            score=score,
            scores={kind: score},
            metadata={name: row[name] for name in self._metadata if row[name] is not None},
        )


def ranked(hits: list[Hit]) -> list[Hit]:
    """Hits, the best first; of equal scores in the order of their names, so that results do not change."""
    return sorted(hits, key=lambda hit: (-hit.score, hit.id))


def fuse(dense: list[Hit], text: list[Hit], fusion: Fusion) -> list[Hit]:
    """One ranking of both sides' hits.

    Args:
        dense: by vectors, ranked.
        text: by words, ranked; with the other score too, as far as they have vectors.
        fusion: how.
    """
    weights = check_fusion(fusion, SIDES)
    every = {hit.id: hit for hit in dense}
    for hit in text:
        every[hit.id] = replace(hit, scores={**every[hit.id].scores, **hit.scores}) if hit.id in every else hit
    if weights is None:
        scores = reciprocal_ranks([[hit.id for hit in side] for side in (dense, text)])
    else:
        by_side = [{hit.id: hit.scores[side] for hit in every.values() if side in hit.scores} for side in SIDES]
        scores = weighted(by_side[0], by_side[1], [weights[side] for side in SIDES])
    return ranked([replace(hit, score=scores[name]) for name, hit in every.items()])


def reranked(query: str, hits: list[Hit], rerank: Rerank) -> list[Hit]:
    """Hits in the order of new scores.

    Raises:
        InputError: it does not give a finite number for each passage.
    """
    if not hits:
        return hits
    score: Any = getattr(rerank, "score", rerank)
    scores = passage_scores(score(query, [hit.passage for hit in hits]), len(hits), "rerank")
    return ranked(
        [
            replace(hit, score=score, scores={**hit.scores, "rerank": score})
            for hit, score in zip(hits, scores.tolist(), strict=True)
        ]
    )
