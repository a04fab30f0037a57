"""What labels may be, checked over a whole dataset before training."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import InputError


def between(loss: str, labels: Any, low: float, high: float, advice: str = "") -> None:
    """Raise where a label is outside of a range.

    Args:
        loss: its name, for the message.
        labels: (rows,) or (rows, n).
        low: the least that one may be.
        high: the most.
        advice: what to do.

    Raises:
        InputError: one is.
    """
    found = np.asarray(labels, np.float64)
    if len(found) and not (found.min() >= low and found.max() <= high):
        raise InputError(
            f"{loss} takes labels from {low:g} to {high:g}; got {found.min():g} to {found.max():g}. {advice}".rstrip()
        )


def zero_or_one(loss: str, labels: Any) -> None:
    """Raise where a label is neither 0 nor 1.

    Raises:
        InputError: one is.
    """
    found = np.asarray(labels, np.float64)
    odd = found[(found != 0) & (found != 1)]
    if len(odd):
        raise InputError(f"{loss} takes labels of 0 or 1; got {odd[0]:g}.")


def classes(loss: str, labels: Any, count: int) -> None:
    """Raise where a label is none of the numbers from 0 to below a count.

    Raises:
        InputError: one is.
    """
    found = np.asarray(labels, np.float64)
    odd = found[(found < 0) | (found >= count) | (found != np.floor(found))]
    if len(odd):
        raise InputError(
            f"{loss} takes whole labels from 0 to {count - 1}; got {odd[0]:g}. Number the classes anew, or pass "
            "num_labels."
        )
