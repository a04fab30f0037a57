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


def report(mined: Negatives, removed: Mapping[str, int], bounds: Mapping[str, float], looked_at: int) -> str:
    """A table of the scores of positives and negatives, and what the filters left out.

    Args:
        mined: what was mined.
        removed: how many candidates each bound removed.
        bounds: the bounds.
        looked_at: how many candidates there were.
    """
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
    for name, count in removed.items():
        lines.append(f"{name}={bounds[name]} left out {count:,} of {looked_at:,} candidates ({count / looked_at:.1%}).")
    short = int(np.count_nonzero(~there.all(axis=1)))
    if short:
        lines.append(
            f"{short:,} of {len(there):,} anchors ({short / len(there):.1%}) have fewer than {there.shape[1]} "
            "negatives. A greater range_max or wider bounds find more."
        )
    return "\n".join(lines)
