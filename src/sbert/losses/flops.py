"""FLOPS: how much work an inverted index has with sparse vectors, as a number that can be made smaller."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from ..errors import InputError
from .base import Embeddings, Loss, Value


class FlopsLoss(Loss):
    """``sum_j (mean_i |w[i, j]|)^2``: about the products that a search computes, for weights ``w`` of texts and words.

    Words that many texts hold cost most. Paria et al., https://arxiv.org/abs/2004.05665; in SPLADE,
    https://arxiv.org/abs/2107.05720.

    Args:
        model: whose vectors are counted.
        threshold: texts with so many words at the most count as if they had none.
    """

    columns = (1, None)

    def __init__(self, model: Any, threshold: float | None = None) -> None:
        super().__init__(model)
        if threshold is not None and threshold < 0:
            raise InputError(f"threshold must be 0 or more, or None; got {threshold}.")
        self.threshold = threshold

    def compute_loss_from_embeddings(self, embeddings: Embeddings | Tensor, labels: Tensor | None = None) -> Value:
        """The number for vectors that are there already.

        Args:
            embeddings: (n, words); or a list of such columns, whose texts count together.
            labels: none are needed.

        Raises:
            InputError: there is no column, or they differ in rows.
        """
        columns = [embeddings] if isinstance(embeddings, Tensor) else embeddings
        return super().compute_loss_from_embeddings(columns, labels)

    def loss(self, embeddings: list[Tensor], labels: Any) -> Tensor:  # noqa: ARG002, D102
        return self.of(torch.cat(embeddings))

    def of(self, vectors: Tensor) -> Tensor:
        """The number for (n, words)."""
        if self.threshold is not None:
            vectors = vectors * ((vectors != 0).sum(dim=1) > self.threshold)[:, None]
        return (vectors.abs().mean(dim=0) ** 2).sum()

    def get_config_dict(self) -> dict[str, Any]:  # noqa: D102
        return {"threshold": self.threshold}
