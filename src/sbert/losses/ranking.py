"""Ranking with negatives from the batch: each text should find its own among all that are there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from ..similarity import cos_sim
from .base import Loss, mean_of

Similarity = Callable[[Any, Any], Any]


class MultipleNegativesRankingLoss(Loss):
    """InfoNCE: the cross-entropy of finding a row's own text among those of all rows and all negatives.

    With ``s`` the similarities of anchor ``i`` with the positives and negatives of all rows,
    ``-log(exp(scale * s[i, i]) / sum_j exp(scale * s[i, j]))``, the mean over rows. Larger batches hold more negatives.
    Henderson et al., https://arxiv.org/abs/1705.00652; van den Oord et al., https://arxiv.org/abs/1807.03748.

    Args:
        model: to be trained. Its columns are anchors, positives, and any number of negatives.
        scale: of similarities; the inverse of a temperature.
        similarity_fct: compares all rows with all: (n, d) and (m, d) to (n, m).
    """

    def __init__(self, model: Any, scale: float = 20.0, similarity_fct: Similarity = cos_sim) -> None:
        super().__init__(model)
        self.scale, self.similarity_fct = scale, similarity_fct

    def loss(self, embeddings: list[Tensor], labels: Any) -> Tensor:  # noqa: ARG002, D102
        anchors, *others = embeddings
        scores = self.similarity_fct(anchors, torch.cat(others)) * self.scale
        return cross_entropy(scores, torch.arange(len(anchors), device=scores.device))

    def get_config_dict(self) -> dict[str, Any]:  # noqa: D102
        return {"scale": self.scale, "similarity_fct": _name(self.similarity_fct)}


class MultipleNegativesSymmetricRankingLoss(MultipleNegativesRankingLoss):
    """The mean of ranking positives (and negatives) for anchors, and anchors for positives."""

    def loss(self, embeddings: list[Tensor], labels: Any) -> Tensor:  # noqa: D102
        anchors, positives, *_ = embeddings
        return mean_of([super().loss(embeddings, labels), super().loss([positives, anchors], labels)])


def _name(function: Any) -> str:
    return str(getattr(function, "__name__", function))
