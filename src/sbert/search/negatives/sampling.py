"""Which of the candidates become negatives: the best of a range of ranks, or some of it at random."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...errors import InputError, one_of, positive
from ..selection import Ids, Scores
from .filters import REMOVED

STRATEGIES = ("top", "random")


@dataclass(frozen=True)
class Window:
    """The ranks that negatives are taken from, and how many.

    Attributes:
        range_min: ranks that are passed over.
        range_max: the rank behind the last one.
        num_negatives: how many are taken.
        strategy: ``top`` or ``random``.

    Raises:
        InputError: a number or a name is wrong, or the range holds too few ranks.
    """

    range_min: int
    range_max: int
    num_negatives: int
    strategy: str = "top"

    def __post_init__(self) -> None:
        positive("num_negatives", self.num_negatives)
        positive("range_max", self.range_max)
        if self.range_min < 0:
            raise InputError(f"range_min must be at least 0; got {self.range_min}.")
        if self.strategy not in STRATEGIES:
            raise one_of("sampling_strategy", self.strategy, STRATEGIES)
        if self.num_negatives > self.range_max - self.range_min:
            raise InputError(
                f"num_negatives={self.num_negatives} do not fit between range_min={self.range_min} and "
                f"range_max={self.range_max}. Widen the range or ask for fewer."
            )

    def take(self, scores: Scores, ids: Ids, generator: np.random.Generator) -> tuple[Scores, Ids]:
        """The negatives of some anchors.

        Ranks are those among the candidates that are left, not those of the search.

        Args:
            scores: (q, k) of candidates in any order; those removed are :data:`~.filters.REMOVED`.
            ids: (q, k), the candidates.
            generator: what chance comes from; each anchor draws equally much of it, so that anchors may come in chunks
                of any size.

        Returns:
            Scores and ids, (q, num_negatives), by decreasing score. Where an anchor has too few candidates, the last
            are :data:`~.filters.REMOVED` and -1.
        """
        order = np.argsort(-scores, axis=1, kind="stable")[:, self.range_min : self.range_max]
        width = self.range_max - self.range_min
        found = np.full((len(scores), width), REMOVED, np.float32)
        rows = np.full((len(scores), width), -1, np.int64)
        found[:, : order.shape[1]] = np.take_along_axis(scores, order, axis=1)
        rows[:, : order.shape[1]] = np.take_along_axis(ids, order, axis=1)
        rows[found == REMOVED] = -1
        if self.strategy == "random":
            chances = generator.random(found.shape)
            chances[found == REMOVED] = 2.0  # behind all others
            drawn = np.sort(np.argsort(chances, axis=1, kind="stable")[:, : self.num_negatives], axis=1)
            return np.take_along_axis(found, drawn, axis=1), np.take_along_axis(rows, drawn, axis=1)
        return found[:, : self.num_negatives], rows[:, : self.num_negatives]
