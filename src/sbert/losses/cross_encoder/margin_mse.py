"""The margins of a teacher."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from ...errors import InputError
from ..margins import teacher_margins
from .base import CrossEncoderLoss


class MarginMSELoss(CrossEncoderLoss):
    """``((s(q, p) - s(q, n)) - (t(q, p) - t(q, n)))^2`` of scores ``s`` and a teacher's ``t``, the mean over negatives.

    Hofstätter et al., https://arxiv.org/abs/2010.02666.

    Args:
        model: to be trained, with one label. Its columns are queries, positives, and one negative or more. Its labels
            are margins, (B,) for one negative or (B, negatives), or the teacher's scores of the positive and the
            negatives, (B, 1 + negatives).
        activation_fn: what scores go through before they are subtracted; nothing by default.
        **options: of ``torch.nn.MSELoss``.

    Raises:
        InputError: the model has not one label.
    """

    columns = (3, None)
    label = "the teacher's margins, or its scores"

    def __init__(self, model: Any, activation_fn: nn.Module | None = None, **options: Any) -> None:
        super().__init__(model, activation_fn)
        self.loss_fct = nn.MSELoss(**options)

    def loss(self, logits: Any, labels: Any) -> Tensor:  # noqa: D102
        if isinstance(labels, list):
            if len({tuple(one.shape) for one in labels}) != 1:
                raise InputError("MarginMSELoss needs as many labels for each row; got rows of different numbers.")
            labels = torch.stack(labels)
        rows, pairs = len(labels), logits.numel()
        if not rows or pairs % rows or pairs // rows < 2:
            raise InputError(f"MarginMSELoss needs labels for each row of {pairs} pairs; got those of {rows}.")
        documents = logits.reshape(-1, rows).T
        margins = documents[:, :1] - documents[:, 1:]
        found: Tensor = self.loss_fct(margins, teacher_margins(labels, margins.shape[1]).to(margins.dtype))
        return found
