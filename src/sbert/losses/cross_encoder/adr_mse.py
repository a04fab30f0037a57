"""ADR-MSE: where documents stand by their scores should be where they stand by their labels."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from .listwise import Lists, ListwiseLoss


class ADRMSELoss(ListwiseLoss):
    """``(r_i - r'_i)^2 / log2(1 + r_i)``, the mean over documents: discounted, of approximate ranks.

    ``r`` is the rank by labels, equal ones sharing the mean of theirs, and ``r'_i = 1 + sum_{j != i} sigmoid(alpha
    (s_j - s_i))``, which scores of any distance would make whole numbers. Schlatt et al., 2025,
    https://arxiv.org/abs/2405.07920.

    Args:
        model: to be trained, with one label. Its columns are queries and lists of documents, its labels a list of
            numbers for each query, such as a teacher's scores, or its ranks with a minus.
        alpha: how steep the sigmoid is; greater ones are nearer to whole ranks, and have smaller gradients.
        activation_fn: what scores go through before; nothing by default.
        mini_batch_size: pairs that go through the network at a time, for less memory; all by default.

    Raises:
        InputError: the model has not one label.
    """

    def __init__(
        self,
        model: Any,
        alpha: float = 1.0,
        activation_fn: nn.Module | None = None,
        mini_batch_size: int | None = None,
    ) -> None:
        super().__init__(model, activation_fn, mini_batch_size)
        self.alpha = alpha

    def of_lists(self, lists: Lists) -> Tensor:  # noqa: D102
        scores, labels, mask = lists.scores, lists.labels, lists.mask
        others = mask[:, None, :]
        # Each document is half above itself, which is taken off.
        above = torch.sigmoid(self.alpha * (scores[:, None, :] - scores[:, :, None])) * others
        told = 0.5 + above.sum(dim=2)
        greater = ((labels[:, None, :] > labels[:, :, None]) & others).sum(dim=2)
        equal = ((labels[:, None, :] == labels[:, :, None]) & others).sum(dim=2)
        ranks = greater + (equal + 1) / 2
        errors = (ranks - told) ** 2 / torch.log2(1 + ranks)
        # The mean over the documents of all lists, not of each list's own mean: long lists weigh more.
        return torch.where(mask, errors, 0).sum() / mask.sum()

    def get_config_dict(self) -> dict[str, Any]:  # noqa: D102
        return {"alpha": self.alpha} | super().get_config_dict()
