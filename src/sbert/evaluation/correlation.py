"""How well one list of numbers follows another."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.float64]


def pearson(a: npt.ArrayLike, b: npt.ArrayLike) -> float:
    """Pearson's correlation of two lists of numbers, -1 to 1; NaN where one of them does not vary.

    >>> pearson([1, 2, 3], [2, 4, 6])
    1.0
    """
    x, y = (_centred(values) for values in (a, b))
    lengths = float(np.sqrt((x @ x) * (y @ y)))
    return float(np.clip(x @ y / lengths, -1, 1)) if lengths else float("nan")


def spearman(a: npt.ArrayLike, b: npt.ArrayLike) -> float:
    """Spearman's correlation: Pearson's of the ranks, of which equal numbers share the mean.

    >>> spearman([1, 2, 30], [2, 4, 5])
    1.0
    """
    return pearson(ranks(a), ranks(b))


def ranks(values: npt.ArrayLike) -> Numbers:
    """Ranks from 1, ascending; equal numbers share the mean of theirs.

    >>> ranks([5.0, 1.0, 5.0]).tolist()
    [2.5, 1.0, 2.5]
    """
    _, places, counts = np.unique(np.asarray(values), return_inverse=True, return_counts=True)
    found: Numbers = (np.cumsum(counts) - (counts - 1) / 2)[places.ravel()]
    return found


def _centred(values: npt.ArrayLike) -> Numbers:
    numbers = np.asarray(values, np.float64)
    return np.asarray(numbers - numbers.mean(), np.float64)
