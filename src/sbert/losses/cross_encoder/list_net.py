"""ListNet: how scores are spread over a list should be how labels are."""

from __future__ import annotations

import torch
from torch import Tensor

from .listwise import Lists, ListwiseLoss


class ListNetLoss(ListwiseLoss):
    """``-sum_d softmax(labels)[d] log softmax(scores)[d]``, the mean over queries: the cross-entropy of who is first.

    Cao et al., 2007, https://doi.org/10.1145/1273496.1273513, with the probabilities of one document.

    Args:
        model: to be trained, with one label. Its columns are queries and lists of documents, its labels a list of
            numbers for each query.
        activation_fn: what scores go through before; nothing by default.
        mini_batch_size: pairs that go through the network at a time, for less memory; all by default.

    Raises:
        InputError: the model has not one label.
    """

    def of_lists(self, lists: Lists) -> Tensor:  # noqa: D102
        none = ~lists.mask
        wanted = lists.labels.masked_fill(none, -torch.inf).softmax(dim=1)
        told = lists.scores.masked_fill(none, -torch.inf).log_softmax(dim=1)
        return -(wanted * told.masked_fill(none, 0)).sum(dim=1).mean()
