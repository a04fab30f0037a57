"""By how much a teacher finds a positive better than each negative, however it was written down."""

from __future__ import annotations

from typing import Any

from torch import Tensor

from ..errors import InputError


def teacher_margins(labels: Any, negatives: int) -> Tensor:
    """The margins that labels hold.

    Args:
        labels: margins, (B,) for one negative or (B, negatives); or scores of the positive and the negatives,
            (B, 1 + negatives).
        negatives: how many there are of each row.

    Returns:
        (B, negatives).

    Raises:
        InputError: the shape is another.
    """
    wanted: Tensor = labels[:, None] if labels.dim() == 1 else labels
    if wanted.dim() == 2 and wanted.shape[1] == negatives + 1:
        wanted = wanted[:, :1] - wanted[:, 1:]
    if wanted.dim() != 2 or wanted.shape[1] != negatives:
        raise InputError(
            f"labels must be a margin for each of {negatives} negatives, or the scores of the positive and those; got "
            f"the shape {tuple(labels.shape)}."
        )
    return wanted
