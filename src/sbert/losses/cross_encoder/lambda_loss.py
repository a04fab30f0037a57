"""LambdaLoss and RankNet: the more relevant of two documents should score higher."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import logsigmoid

from ...errors import one_of, positive
from .base import called
from .listwise import Lists, ListwiseLoss
from .weighting import BaseWeightingScheme, NDCGLoss2PPScheme, NoWeightingScheme

_LOGARITHMS = {"binary": math.log(2), "natural": 1.0}
_BEST = NDCGLoss2PPScheme()


class LambdaLoss(ListwiseLoss):
    """``-w_ij log(sigmoid(sigma (s_i - s_j)))``, the mean over couples of which ``i`` is the more relevant.

    ``w`` weighs couples by what they mean for NDCG, with places as the scores give them now. Wang et al., 2018,
    https://doi.org/10.1145/3269206.3271784.

    Args:
        model: to be trained, with one label. Its columns are queries and lists of documents, its labels a list of
            numbers for each query, 0 for what is not relevant.
        weighting_scheme: gives ``w``; None for 1.
        k: only couples of which one is among the first ``k`` count; all by default.
        sigma: how steep the sigmoid is.
        eps: the least that the greatest DCG of a list is taken for.
        reduction_log: ``binary`` or ``natural``, the logarithm.
        activation_fn: what scores go through before; nothing by default.
        mini_batch_size: pairs that go through the network at a time, for less memory; all by default.

    Raises:
        InputError: the model has not one label, or an argument is wrong.
    """

    def __init__(
        self,
        model: Any,
        weighting_scheme: BaseWeightingScheme | None = _BEST,
        k: int | None = None,
        sigma: float = 1.0,
        eps: float = 1e-10,
        reduction_log: str = "binary",
        activation_fn: nn.Module | None = None,
        mini_batch_size: int | None = None,
    ) -> None:
        super().__init__(model, activation_fn, mini_batch_size)
        if k is not None:
            positive("k", k, ", or None")
        if reduction_log not in _LOGARITHMS:
            raise one_of("reduction_log", reduction_log, _LOGARITHMS)
        self.weighting_scheme = NoWeightingScheme() if weighting_scheme is None else weighting_scheme
        self.k, self.sigma, self.eps, self.reduction_log = k, sigma, eps, reduction_log

    def of_lists(self, lists: Lists) -> Tensor:  # noqa: D102
        lists = lists.in_order(lists.scores.detach())
        labels, scores, mask = lists.labels, lists.scores, lists.mask
        counted = mask[:, :, None] & mask[:, None, :]
        if getattr(self.weighting_scheme, "ordered", True):
            counted &= labels[:, :, None] > labels[:, None, :]
        places = torch.arange(1, mask.shape[1] + 1, device=mask.device)
        if self.k is not None:
            counted &= (places[:, None] <= self.k) | (places <= self.k)
        discount = torch.log2(1 + places.to(scores.dtype))[None, :]
        # What is less relevant than 0 gains nothing.
        gain = torch.exp2(labels.clamp(min=0)) - 1
        ideal = gain.sort(dim=1, descending=True).values / discount
        gain = gain / ideal[:, : self.k].sum(dim=1, keepdim=True).clamp(min=self.eps)
        weights = self.weighting_scheme(gain, discount, labels.clamp(min=0))
        found = weights * logsigmoid(self.sigma * (scores[:, :, None] - scores[:, None, :]))
        # The mean over the couples of all lists, not of each list's own mean: long lists weigh more.
        total = torch.where(counted, found, 0).sum() / counted.sum().clamp(min=1)
        return -total / _LOGARITHMS[self.reduction_log]

    def get_config_dict(self) -> dict[str, Any]:  # noqa: D102
        settings = {"k": self.k, "sigma": self.sigma, "eps": self.eps, "reduction_log": self.reduction_log}
        return {"weighting_scheme": called(self.weighting_scheme)} | settings | super().get_config_dict()


class RankNetLoss(LambdaLoss):
    """``-log(sigmoid(sigma (s_i - s_j)))``, the mean over couples of which ``i`` is the more relevant.

    Burges et al., 2005, https://doi.org/10.1145/1102351.1102363.

    Args:
        model: to be trained, with one label. Its columns are queries and lists of documents, its labels a list of
            numbers for each query.
        k: only couples of which one is among the first ``k`` count; all by default.
        sigma: how steep the sigmoid is.
        eps: taken from scripts that pass it.
        reduction_log: ``binary`` or ``natural``, the logarithm.
        activation_fn: what scores go through before; nothing by default.
        mini_batch_size: pairs that go through the network at a time, for less memory; all by default.

    Raises:
        InputError: the model has not one label, or an argument is wrong.
    """

    def __init__(
        self,
        model: Any,
        k: int | None = None,
        sigma: float = 1.0,
        eps: float = 1e-10,
        reduction_log: str = "binary",
        activation_fn: nn.Module | None = None,
        mini_batch_size: int | None = None,
    ) -> None:
        super().__init__(model, None, k, sigma, eps, reduction_log, activation_fn, mini_batch_size)

    def get_config_dict(self) -> dict[str, Any]:  # noqa: D102
        settings = super().get_config_dict()
        del settings["weighting_scheme"]
        return settings
