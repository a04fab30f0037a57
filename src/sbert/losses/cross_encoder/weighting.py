"""How much each couple of documents weighs in LambdaLoss: Wang et al., 2018, https://doi.org/10.1145/3269206.3271784."""

from __future__ import annotations

from abc import abstractmethod

import torch
from torch import Tensor, nn


class BaseWeightingScheme(nn.Module):
    """Weights of couples of documents.

    In formulas, ``G_i`` is the gain of the document that the scores put in place ``i``, ``2^label - 1`` divided by the
    greatest DCG that there is for the list, and ``D_i = log2(1 + i)`` the discount of that place.
    """

    #: Whether only couples count of which the first is the more relevant; else all do.
    ordered = True

    @abstractmethod
    def forward(self, gain: Tensor, discount: Tensor, true_sorted: Tensor) -> Tensor:
        """The weights, of a shape that spreads to (queries, documents, documents).

        Args:
            gain: ``G``, (queries, documents).
            discount: ``D``, (1, documents).
            true_sorted: labels in the order of the scores, (queries, documents).
        """


class NoWeightingScheme(BaseWeightingScheme):
    """1 everywhere, which makes RankNet of LambdaLoss."""

    def forward(self, gain: Tensor, discount: Tensor, true_sorted: Tensor) -> Tensor:  # noqa: ARG002, D102
        return torch.ones_like(gain)[:, :, None]


class NDCGLoss1Scheme(BaseWeightingScheme):
    """``G_i / D_i``, for all couples: a bound of NDCG that holds places still. Equation 13 of the paper."""

    ordered = False

    def forward(self, gain: Tensor, discount: Tensor, true_sorted: Tensor) -> Tensor:  # noqa: ARG002, D102
        return (gain / discount)[:, :, None]


class NDCGLoss2Scheme(BaseWeightingScheme):
    """``|1 / D_|i-j| - 1 / D_(|i-j|+1)| |G_i - G_j|``: a tighter bound, of how far apart two stand."""

    def forward(self, gain: Tensor, discount: Tensor, true_sorted: Tensor) -> Tensor:  # noqa: ARG002, D102
        inverse = 1 / discount[0]
        places = torch.arange(gain.shape[1], device=gain.device)
        apart = (places[:, None] - places).abs()
        # A document and itself weigh nothing, so what stands for a distance of none does not matter.
        steps = (inverse[(apart - 1).clamp(min=0)] - inverse[apart]).abs()
        return steps * (gain[:, :, None] - gain[:, None, :]).abs()


class LambdaRankScheme(BaseWeightingScheme):
    """``|1 / D_i - 1 / D_j| |G_i - G_j|``: by how much NDCG would change if the two changed places.

    Burges, Ragno and Le, 2006, https://papers.nips.cc/paper/2971-learning-to-rank-with-nonsmooth-cost-functions.
    """

    def forward(self, gain: Tensor, discount: Tensor, true_sorted: Tensor) -> Tensor:  # noqa: ARG002, D102
        inverse = 1 / discount
        steps = (inverse[:, :, None] - inverse[:, None, :]).abs()
        return steps * (gain[:, :, None] - gain[:, None, :]).abs()


class NDCGLoss2PPScheme(BaseWeightingScheme):
    """``mu`` times :class:`NDCGLoss2Scheme`, and :class:`LambdaRankScheme`: NDCG-Loss2++, the best of the paper.

    Args:
        mu: how much the first weighs.
    """

    def __init__(self, mu: float = 10.0) -> None:
        super().__init__()
        self.mu = mu
        self.ndcg_loss2, self.lambda_rank = NDCGLoss2Scheme(), LambdaRankScheme()

    def forward(self, gain: Tensor, discount: Tensor, true_sorted: Tensor) -> Tensor:  # noqa: D102
        apart: Tensor = self.ndcg_loss2(gain, discount, true_sorted)
        places: Tensor = self.lambda_rank(gain, discount, true_sorted)
        return self.mu * apart + places
