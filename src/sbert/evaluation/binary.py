"""Scores that tell two classes apart: the best thresholds, and measures that need none."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Cuts:
    """What comes of each threshold that can be put between two different scores.

    Args:
        thresholds: (c,) descending: half way to the next smaller score, and below all of them at the end.
        true: (c,) how many of the first class are not below each.
        taken: (c,) how many of both are.
        positive: of the first class in all.
        total: scores of both.
    """

    thresholds: Numbers
    true: Numbers
    taken: Numbers
    positive: int
    total: int

    @classmethod
    def of(cls, scores: npt.ArrayLike, labels: npt.ArrayLike, positive: int | None = None) -> Cuts:
        """The cuts of some scores, of which greater ones speak for the label 1.

        Equal scores are never parted: no threshold could.

        Args:
            scores: (n,).
            labels: (n,) of 0 and 1.
            positive: of the first class in all, where some of them have no score; accuracy then says nothing.
        """
        numbers, good = np.asarray(scores, np.float64), np.asarray(labels).astype(bool)
        order = np.argsort(-numbers, kind="stable")
        numbers, good = numbers[order], good[order]
        ends = np.flatnonzero(np.append(numbers[1:] < numbers[:-1], True))
        following = np.append(numbers[1:], numbers[-1])[ends]
        thresholds = (numbers[ends] + following) / 2
        return cls(
            thresholds,
            good.cumsum()[ends].astype(np.float64),
            (ends + 1).astype(np.float64),
            int(good.sum()) if positive is None else positive,
            len(good),
        )

    def accuracy(self) -> tuple[float, float]:
        """The greatest accuracy and its threshold."""
        correct = self.true + (self.total - self.positive) - (self.taken - self.true)
        best = int(correct.argmax())
        return float(correct[best] / self.total), float(self.thresholds[best])

    def f1(self) -> tuple[float, float, float, float]:
        """The greatest F1 of the label 1, its precision, recall and threshold; zeros where there is no such label."""
        if not self.positive:
            return 0.0, 0.0, 0.0, 0.0
        best = int((2 * self.true / (self.taken + self.positive)).argmax())
        precision, recall = self.true[best] / self.taken[best], self.true[best] / self.positive
        value = 2 * self.true[best] / (self.taken[best] + self.positive)
        return float(value), float(precision), float(recall), float(self.thresholds[best])

    def average_precision(self) -> float:
        """The mean of precisions, weighted by what each threshold adds to the recall."""
        gained = np.diff(self.true, prepend=0)
        return float((self.true / self.taken * gained).sum() / self.positive) if self.positive else 0.0

    def correlation(self, threshold: float) -> float:
        """Matthews' correlation of the labels with what a threshold tells; 0 where either does not vary."""
        cut = int((self.thresholds >= threshold).sum()) - 1
        true, taken = (self.true[cut], self.taken[cut]) if cut >= 0 else (0.0, 0.0)
        positive, negative, left = self.positive, self.total - self.positive, self.total - taken
        spread = float(np.sqrt(taken * left * positive * negative))
        return float((true * self.total - taken * positive) / spread) if spread else 0.0
