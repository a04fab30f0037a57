"""Ranking with negatives from the batch: a query should score its own document above others."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from ...errors import InputError, positive
from ..base import CachedLoss, Value
from .base import CrossEncoderLoss
from .negatives import in_batch_negatives

_SIGMOID = nn.Sigmoid()


class MultipleNegativesRankingLoss(CrossEncoderLoss):
    """``-log(exp(c s(q, p)) / sum_d exp(c s(q, d)))`` over the positive and its negatives, the mean over queries.

    ``c`` is the scale and ``s`` the activated score. Negatives are those of the row, and some drawn from other rows:
    all of them, as for vectors, would be a pair to read for each couple of rows. Henderson et al.,
    https://arxiv.org/abs/1705.00652, section 4.4; for cross-encoders Gao, Dai and Callan,
    https://arxiv.org/abs/2101.08751.

    Args:
        model: to be trained, with one label. Its columns are queries, positives, and any number of negatives.
        num_negatives: documents of other rows that each query is compared with; None for all. None of them reads like
            the query's own positive. The same batch has the same ones.
        scale: of activated scores.
        activation_fn: what scores go through; None for nothing.

    Raises:
        InputError: the model has not one label, or ``num_negatives`` is less than 0.
    """

    def __init__(
        self,
        model: Any,
        num_negatives: int | None = 4,
        scale: float = 10.0,
        activation_fn: nn.Module | None = _SIGMOID,
    ) -> None:
        super().__init__(model, activation_fn)
        if num_negatives is not None and num_negatives != 0:
            positive("num_negatives", num_negatives, ", or 0, or None")
        self.num_negatives, self.scale = num_negatives, scale

    def pairs(self, columns: Sequence[Sequence[Any]], labels: Any = None) -> list[tuple[str, str]]:
        """Queries with positives, with each column of negatives, and with negatives that are drawn here."""
        given = super().pairs(columns, labels)
        drawn = in_batch_negatives(columns[1:], self.num_negatives)
        return given + super().pairs([columns[0], *drawn], labels)

    def laid_out(self, scores: Tensor, rows: int | None) -> Tensor:
        """Scores as (documents, rows), the positives' first."""
        if rows is None:
            raise InputError(
                f"{type(self).__name__} must know which pairs are of one row: pass features that its method features() "
                "made, or columns of texts."
            )
        return scores.reshape(-1, rows)

    def compute_loss_from_logits(self, logits: Tensor, labels: Any = None) -> Value:
        """The loss of scores that are there already.

        Args:
            logits: (documents, rows), the positives' first.
            labels: not read.

        Raises:
            InputError: scores have another shape.
        """
        if logits.dim() != 2:
            raise InputError(f"logits must be of the shape (documents, rows); got {tuple(logits.shape)}.")
        return super().compute_loss_from_logits(logits, labels)

    def loss(self, logits: Any, labels: Any) -> Tensor:  # noqa: ARG002, D102
        scores = logits.T * self.scale
        return cross_entropy(scores, torch.zeros(len(scores), dtype=torch.long, device=scores.device))

    def get_config_dict(self) -> dict[str, Any]:  # noqa: D102
        settings = {"num_negatives": self.num_negatives, "scale": self.scale}
        return settings | super().get_config_dict()


class CachedMultipleNegativesRankingLoss(CachedLoss, MultipleNegativesRankingLoss):
    """:class:`MultipleNegativesRankingLoss` of batches of any size in the memory of a small one, by GradCache.

    Gao et al., https://arxiv.org/abs/2101.06983.

    Args:
        model: to be trained, with one label.
        num_negatives: as for :class:`MultipleNegativesRankingLoss`; a large batch has hard ones among many.
        scale: of activated scores.
        activation_fn: what scores go through; None for nothing.
        mini_batch_size: pairs that go through the network at a time.
        show_progress_bar: taken from scripts that pass it; the trainer's bar counts batches.
        mini_batch_num_tokens: tokens at a time, in place of ``mini_batch_size``.
    """

    def __init__(
        self,
        model: Any,
        num_negatives: int | None = 4,
        scale: float = 10.0,
        activation_fn: nn.Module | None = _SIGMOID,
        mini_batch_size: int = 32,
        show_progress_bar: bool = False,  # noqa: ARG002
        mini_batch_num_tokens: int | None = None,
    ) -> None:
        super().__init__(model, num_negatives, scale, activation_fn)
        self.cached(mini_batch_size, mini_batch_num_tokens)
