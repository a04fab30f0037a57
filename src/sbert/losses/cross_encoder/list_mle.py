"""ListMLE: how likely the right order of a list is, if documents are taken one after another by their scores."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from .base import called
from .listwise import Lists, ListwiseLoss

#: So that the weights of a list of one document, which sum to zero, can be divided by their sum.
_EPS = 1e-10
#: Powers of two beyond this are too large for float32.
_GREATEST_POWER = 127


class PListMLELambdaWeight(nn.Module):
    """How much each place of a list weighs: ``2^(n - place) - 1`` of ``n`` documents.

    Lan et al., 2014, https://auai.org/uai2014/proceedings/individuals/164.pdf.

    Args:
        rank_discount_fn: gives weights, (queries, longest), of a mask of the documents of each list, in its place.
    """

    def __init__(self, rank_discount_fn: Callable[[Tensor], Tensor] | None = None) -> None:
        super().__init__()
        self.rank_discount_fn = rank_discount_fn

    def forward(self, mask: Tensor) -> Tensor:
        """The weights of places, up to a factor for each list: (queries, longest).

        Args:
            mask: (queries, longest), True for documents, which stand in front.
        """
        if self.rank_discount_fn is not None:
            return self.rank_discount_fn(mask)
        counts = mask.sum(dim=1, keepdim=True)
        places = torch.arange(1, mask.shape[1] + 1, device=mask.device)
        # Weights are divided by their sum later, so those of long lists may be divided by a power before.
        shift = (counts - _GREATEST_POWER).clamp(min=0)
        weights = torch.exp2((counts - places - shift).float()) - torch.exp2(-shift.float())
        return weights * mask


_PLACES = PListMLELambdaWeight()


class PListMLELoss(ListwiseLoss):
    """``-sum_i w_i log(exp(s_i) / sum_{j >= i} exp(s_j))`` of scores in the right order, the mean over queries.

    The first places of a list weigh more than the last. Lan et al., 2014,
    https://auai.org/uai2014/proceedings/individuals/164.pdf.

    Args:
        model: to be trained, with one label. Its columns are queries and lists of documents, its labels a list of
            numbers for each query.
        lambda_weight: gives ``w``, which is divided by its sum; None for 1 everywhere.
        activation_fn: what scores go through before; nothing by default.
        mini_batch_size: pairs that go through the network at a time, for less memory; all by default.
        respect_input_order: whether documents stand in the right order already, the best first; else labels say it.

    Raises:
        InputError: the model has not one label.
    """

    def __init__(
        self,
        model: Any,
        lambda_weight: nn.Module | None = _PLACES,
        activation_fn: nn.Module | None = None,
        mini_batch_size: int | None = None,
        respect_input_order: bool = True,
    ) -> None:
        super().__init__(model, activation_fn, mini_batch_size)
        self.lambda_weight, self.respect_input_order = lambda_weight, respect_input_order

    def of_lists(self, lists: Lists) -> Tensor:  # noqa: D102
        if not self.respect_input_order:
            lists = lists.in_order(lists.labels)
        # Not minus infinity, whose gradients through logcumsumexp are no numbers.
        least = torch.finfo(lists.scores.dtype).min
        left = lists.scores.masked_fill(~lists.mask, least).flip(1).logcumsumexp(dim=1).flip(1)
        told = (lists.scores - left).masked_fill(~lists.mask, 0)
        if self.lambda_weight is not None:
            weights = self.lambda_weight(lists.mask).to(told.dtype)
            told = told * (weights / (weights.sum(dim=1, keepdim=True) + _EPS))
        return -told.sum(dim=1).mean()

    def get_config_dict(self) -> dict[str, Any]:  # noqa: D102
        settings = {"lambda_weight": called(self.lambda_weight), "respect_input_order": self.respect_input_order}
        return settings | super().get_config_dict()


class ListMLELoss(PListMLELoss):
    """``-sum_i log(exp(s_i) / sum_{j >= i} exp(s_j))`` of scores in the right order, the mean over queries.

    Xia et al., 2008, https://doi.org/10.1145/1390156.1390306.

    Args:
        model: to be trained, with one label. Its columns are queries and lists of documents, its labels a list of
            numbers for each query.
        activation_fn: what scores go through before; nothing by default.
        mini_batch_size: pairs that go through the network at a time, for less memory; all by default.
        respect_input_order: whether documents stand in the right order already, the best first; else labels say it.

    Raises:
        InputError: the model has not one label.
    """

    def __init__(
        self,
        model: Any,
        activation_fn: nn.Module | None = None,
        mini_batch_size: int | None = None,
        respect_input_order: bool = True,
    ) -> None:
        super().__init__(model, None, activation_fn, mini_batch_size, respect_input_order)

    def get_config_dict(self) -> dict[str, Any]:  # noqa: D102
        settings = super().get_config_dict()
        del settings["lambda_weight"]
        return settings
