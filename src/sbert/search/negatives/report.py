"""What was mined, in a few lines for people."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ...types import FloatArray
from .filters import REMOVED
from .formats import Negatives

_STATISTICS = (
    ("mean", np.mean),
    ("std", np.std),
    ("min", np.min),
    ("25 %", lambda values: np.quantile(values, 0.25)),
    ("median", np.median),
    ("75 %", lambda values: np.quantile(values, 0.75)),
    ("max", np.max),
)


class Counts:
    """How many candidates were looked at, and how many each bound left out.

    Args:
        bounds: the bounds, by name.
    """

    def __init__(self, bounds: Mapping[str, float]) -> None:
        self.bounds = bounds
        self.looked_at = 0
        self.left_out = dict.fromkeys(bounds, 0)

    def add(self, looked_at: int, left_out: Mapping[str, int]) -> None:
        """Add those of some anchors."""
        self.looked_at += looked_at
        for name, count in left_out.items():
            self.left_out[name] += count


def report(mined: Negatives, counts: Counts) -> str:
    """A table of the scores of positives and negatives, and what the bounds left out."""
    owners = mined.groups.anchor_of
    there = mined.scores != REMOVED
    differences = (mined.positive_scores[:, None] - mined.scores[owners])[there[owners]]
    columns: list[FloatArray] = [mined.positive_scores, mined.scores[there], differences]
    row = "{:<8}{:>12}{:>12}{:>12}".format
    lines = [
        row("", "positives", "negatives", "difference"),
        row("count", *(f"{len(part):,}" for part in columns[:2]), ""),
    ]
    for name, statistic in _STATISTICS:
        values = (f"{statistic(part):.4f}" if len(part) else "-" for part in columns)
        lines.append(row(name, *values))
    for name, count in counts.left_out.items():
        share = _share(count, counts.looked_at)
        lines.append(f"{name}={counts.bounds[name]} left out {count:,} of {counts.looked_at:,} candidates ({share}).")
    short = int(np.count_nonzero(~there.all(axis=1)))
    if short:
        lines.append(
            f"{short:,} of {len(there):,} anchors ({_share(short, len(there))}) have fewer than {there.shape[1]} "
            "negatives. A greater range_max or wider bounds find more."
        )
    return "\n".join(lines)


def _share(part: int, whole: int) -> str:
    return f"{part / max(whole, 1):.1%}"
