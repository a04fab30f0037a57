"""The hardest negative of a batch that is large enough to hold hard ones."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import relu

from ..similarity import unit
from .base import CachedLoss


class MegaBatchMarginLoss(CachedLoss):
    """``max(0, positive_margin - s[i, i]) + max(0, max_j s[i, j] - negative_margin)``, the mean over rows ``i``.

    ``s`` are the cosines of anchors with positives, ``j`` runs over those of other rows. Batches should hold hundreds
    of rows. Wieting and Gimpel, https://arxiv.org/abs/1711.05732.

    Args:
        model: to be trained. Its columns are anchors and positives.
        positive_margin: how similar an anchor and its positive should be.
        negative_margin: how similar an anchor and other positives may be.
        use_mini_batched_version: whether the batch goes through the network in chunks, in the memory of one, by
            GradCache; loss and gradients are the same.
        mini_batch_size: texts that then go through the network at a time, and rows of cosines that are computed at a
            time.
        mini_batch_num_tokens: tokens at a time, in its place.
        show_progress_bar: taken from scripts that pass it; the trainer's bar counts batches.
    """

    columns = (2, 2)

    def __init__(
        self,
        model: Any,
        positive_margin: float = 0.8,
        negative_margin: float = 0.3,
        use_mini_batched_version: bool = True,
        mini_batch_size: int = 50,
        mini_batch_num_tokens: int | None = None,
        show_progress_bar: bool = False,  # noqa: ARG002
    ) -> None:
        super().__init__(model)
        self.positive_margin, self.negative_margin = positive_margin, negative_margin
        self.mini_batch_size, self.mini_batched = mini_batch_size, use_mini_batched_version
        if use_mini_batched_version:
            self.cached(mini_batch_size, mini_batch_num_tokens)

    def loss(self, embeddings: list[Tensor], labels: Any) -> Tensor:  # noqa: ARG002, D102
        anchors, positives = (unit(column) for column in embeddings)
        near = (anchors * positives).sum(dim=1)
        rows = self.mini_batch_size if self.mini_batched else len(anchors)
        starts = range(0, len(anchors), rows)
        far = torch.cat([_hardest(anchors[start : start + rows], positives, start) for start in starts])
        return (relu(self.positive_margin - near) + relu(far - self.negative_margin)).mean()

    def get_config_dict(self) -> dict[str, Any]:  # noqa: D102
        settings = {"positive_margin": self.positive_margin, "negative_margin": self.negative_margin}
        return settings | super().get_config_dict()


def _hardest(anchors: Tensor, positives: Tensor, first: int) -> Tensor:
    """The greatest cosine of each anchor with a positive of another row, (n,); the first anchor is of row ``first``."""
    cosines = anchors @ positives.T
    places = torch.arange(len(anchors), device=anchors.device)
    own = torch.zeros_like(cosines, dtype=torch.bool)
    own[places, first + places] = True
    return cosines.masked_fill(own, -torch.inf).max(dim=1).values
