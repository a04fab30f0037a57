"""Which candidates may be negatives: those far enough below the positive, and of a score between two bounds."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields

import numpy as np

from ...errors import InputError
from ..selection import Scores

#: The score of what is no candidate, or none any more.
REMOVED = -np.inf


@dataclass(frozen=True)
class Filters:
    """Bounds on the scores of negatives; None for no such bound.

    Attributes:
        absolute_margin: a negative scores at least so much less than the anchor's positive.
        relative_margin: a negative scores at least this share of the positive's score less (of its size, where scores
            are negative); 0.05 is the TopK-PercPos 95 % of NV-Retriever, https://arxiv.org/abs/2407.15831.
        max_score: greatest score of a negative.
        min_score: least score of a negative.

    Raises:
        InputError: a bound is not a number.
    """

    absolute_margin: float | None = None
    relative_margin: float | None = None
    max_score: float | None = None
    min_score: float | None = None

    def __post_init__(self) -> None:
        for name, value in self.given().items():
            if isinstance(value, bool) or not isinstance(value, (int, float, np.number)) or math.isnan(value):
                raise InputError(f"{name} must be a number, or None for no such bound; got {value!r}.")

    def given(self) -> dict[str, float]:
        """The bounds that there are, by name."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return {name: value for name, value in values.items() if value is not None}

    def apply(self, scores: Scores, least_positive: Scores) -> dict[str, int]:
        """Put :data:`REMOVED` in the place of scores that are out of bounds.

        Args:
            scores: (q, k), changed in place.
            least_positive: (q,), of the scores of each anchor's positives the least: the safe one to keep away from.

        Returns:
            How many each bound removed, bound after bound.
        """
        least = least_positive[:, None]
        removed: dict[str, int] = {}
        for name, value in self.given().items():
            if name == "absolute_margin":
                out = scores + value > least
            elif name == "relative_margin":
                out = scores > least - np.abs(least) * value
            elif name == "max_score":
                out = scores > value
            else:
                out = (scores < value) & (scores != REMOVED)
            scores[out] = REMOVED
            removed[name] = int(np.count_nonzero(out))
        return removed
