"""What rankings are worth: accuracy, precision, recall, MRR, MAP and nDCG, of many queries at a time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Judged:
    """The judgements of what a search has found, in its order.

    Args:
        gains: (q, k) of the documents found; 0 for one that is not relevant, and where fewer were found.
        relevant: (q,) how many documents are relevant to each query, found or not; at least 1.
        ideal: (q, i) the gains of all relevant ones, the greatest first, 0 beyond them; ones where not given.

    Measures are the mean over queries, 0 to 1. ``at`` looks at the first so many alone.
    """

    gains: Numbers
    relevant: npt.NDArray[np.int64]
    ideal: Numbers | None = None

    def accuracy(self, at: int) -> float:
        """The part of queries with something relevant among the first."""
        return float((self.gains[:, :at] > 0).any(axis=1).mean())

    def precision(self, at: int) -> float:
        """The part of the first ``at`` that is relevant; what was not found counts as not relevant."""
        return float(((self.gains[:, :at] > 0).sum(axis=1) / at).mean())

    def recall(self, at: int) -> float:
        """The part of the relevant ones that is among the first."""
        return float(((self.gains[:, :at] > 0).sum(axis=1) / self.relevant).mean())

    def reciprocal_rank(self, at: int) -> float:
        """1 / the rank of the first relevant one; 0 where it is beyond."""
        good = self.gains[:, :at] > 0
        first = good.argmax(axis=1) + 1 if good.shape[1] else np.ones(len(good))
        return float((good.any(axis=1) / first).mean())

    def average_precision(self, at: int | None = None) -> float:
        """The mean of the precisions at each relevant one (MAP); of the first ``at``, divided by at most so many."""
        good = self.gains[:, :at] > 0
        precisions = good.cumsum(axis=1) / np.arange(1, good.shape[1] + 1)
        most = self.relevant if at is None else np.minimum(self.relevant, at)
        return float(((precisions * good).sum(axis=1) / most).mean())

    def ndcg(self, at: int) -> float:
        """The mean of :meth:`ndcg_of_each`."""
        return float(self.ndcg_of_each(at).mean())

    def ndcg_of_each(self, at: int) -> Numbers:
        """Discounted gains of each query, (q,), over those of the best order (Järvelin and Kekäläinen, 2002).

        Gains count as they stand, as trec_eval takes them.
        """
        ideal = self.ideal
        if ideal is None:
            ideal = (np.arange(at) < self.relevant[:, None]).astype(np.float64)
        found: Numbers = _discounted(self.gains, at) / _discounted(ideal, at)
        return found

    def reranking(self, at: int) -> dict[str, float]:
        """What the order of a few documents is worth, by the names that it is told by."""
        return {"map": self.average_precision(), f"mrr@{at}": self.reciprocal_rank(at), f"ndcg@{at}": self.ndcg(at)}


def _discounted(gains: Numbers, at: int) -> Numbers:
    some = gains[:, :at]
    found: Numbers = some @ (1 / np.log2(np.arange(2, some.shape[1] + 2)))
    return found
