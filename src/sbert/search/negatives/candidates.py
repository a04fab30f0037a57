"""Candidates for negatives: the documents nearest to each anchor, scored by the model or by a cross-encoder."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from ...errors import InputError
from ...similarity import SimilarityFunction
from ...types import FloatArray
from ...vectors import as_array, is_tensor
from ..corpus import Corpus
from ..selection import Ids, Scores
from .filters import REMOVED
from .groups import Groups


class Judge(Protocol):
    """What is needed of a cross-encoder."""

    def predict(self, pairs: Any, **options: Any) -> Any:
        """A score for each pair of texts, (n,)."""


@dataclass(frozen=True)
class Candidates:
    """Of some anchors the documents that may be negatives.

    Attributes:
        ids: (q, k) int64, documents.
        scores: (q, k) float32; :data:`~.filters.REMOVED` where a document may not be a negative.
        positive_scores: (p,) float32, of the anchors' positives.
        least_positive: (q,) float32, of each anchor's positives the least score.
    """

    ids: Ids
    scores: Scores
    positive_scores: Scores
    least_positive: Scores


class Finder:
    """Finds candidates for a part of the anchors at a time.

    Args:
        groups: anchors, documents and positives.
        anchors: (q, d) vectors of the anchors.
        documents: (m, d) vectors of the documents.
        similarity: what they are compared by.
        depth: documents looked at for each anchor.
        keep_positives: whether positives, and a document with the anchor's own text, may be negatives.
        judge: scores them anew; None for no such.
        options: for the judge's ``predict``.
    """

    def __init__(
        self,
        groups: Groups,
        anchors: FloatArray,
        documents: FloatArray,
        *,
        similarity: str | SimilarityFunction,
        depth: int,
        keep_positives: bool = False,
        judge: Judge | None = None,
        options: dict[str, Any] | None = None,
    ) -> None:
        self._groups, self._anchors, self._documents = groups, anchors, documents
        self._corpus = Corpus(documents, score_function=similarity)
        self._pairwise = SimilarityFunction.to_similarity_pairwise_fn(similarity)
        self._depth, self._keep_positives = depth, keep_positives
        self._judge, self._options = judge, options or {}
        self._owners = groups.anchor_of

    def find(self, start: int, stop: int) -> Candidates:
        """The candidates of the anchors from ``start`` to ``stop``."""
        groups = self._groups
        part = slice(groups.starts[start], groups.starts[stop])
        owners, positives = self._owners[part], groups.positives[part]
        # One more than the depth, since the anchor's own text may be among them.
        hits = self._corpus.search(self._anchors[start:stop], self._depth + (not self._keep_positives))
        ids, scores = hits.ids, hits.scores.copy()
        if not self._keep_positives:
            own = ids == groups.own[start:stop, None]
            scores[~own[:, : self._depth].any(axis=1), self._depth :] = REMOVED
            scores[own | self._are_positives(ids, owners - start, positives)] = REMOVED
        judge = self._judge
        if judge is None:
            compared = self._pairwise(self._anchors[owners], self._documents[positives])
            positive_scores = as_array(compared).astype(np.float32, copy=False)
        else:
            rows, columns = np.nonzero(scores != REMOVED)
            judged = self._judged(
                judge, np.concatenate([rows + start, owners]), np.concatenate([ids[rows, columns], positives])
            )
            scores[rows, columns], positive_scores = judged[: len(rows)], judged[len(rows) :]
        least = np.minimum.reduceat(positive_scores, groups.starts[start:stop] - groups.starts[start])
        return Candidates(ids, scores, positive_scores, least)

    def _are_positives(self, ids: Ids, owners: Ids, positives: Ids) -> Any:
        """(q, k) whether a document is a positive of the anchor in whose row it stands."""
        count = len(self._groups.documents)
        return np.isin(ids + count * np.arange(len(ids))[:, None], positives + count * owners)

    def _judged(self, judge: Judge, anchors: Ids, documents: Ids) -> Scores:
        """The judge's scores of anchors with documents, all asked at once, so that it can make full batches."""
        texts, others = self._groups.anchors, self._groups.documents
        pairs = [(texts[left], others[right]) for left, right in zip(anchors.tolist(), documents.tolist(), strict=True)]
        given = judge.predict(pairs, **self._options)
        scores = as_array(given if is_tensor(given) else np.asarray(given)).astype(np.float32, copy=False)
        if scores.shape != (len(pairs),):
            raise InputError(
                f"cross_encoder must give one score for each pair, the shape ({len(pairs)},); got {scores.shape}. "
                "One with several labels does not do."
            )
        if not np.isfinite(scores).all():
            bad = pairs[int(np.isfinite(scores).argmin())]
            raise InputError(f"cross_encoder gave NaN or infinity, first for the pair {str(bad)[:120]}.")
        return scores
