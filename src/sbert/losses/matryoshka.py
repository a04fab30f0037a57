"""Vectors whose first numbers do by themselves."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import normalize

from ..errors import InputError
from .base import Loss
from .wrapping import WrappingLoss, check_count, drawn, summed, vectors_of, with_vectors


class MatryoshkaLoss(WrappingLoss):
    """The weighted sum of a loss of vectors cut to several widths, so that a model's vectors can be cut after training.

    Vectors are scaled to length 1 after they are cut; labels that are vectors of the same width are cut, too. Kusupati
    et al., https://arxiv.org/abs/2205.13147.

    Args:
        model: to be trained.
        loss: of its vectors; any that takes vectors of any width. One whose batch goes through the network in chunks,
            such as :class:`~sbert.losses.CachedMultipleNegativesRankingLoss`, still does.
        matryoshka_dims: widths, no greater than the model's.
        matryoshka_weights: of each; 1 by default.
        n_dims_per_step: how many widths are drawn at random each step; -1 for all. In evaluation it is all of them.

    Raises:
        InputError: a width is not possible, weights are not as many, or the loss reads more than vectors.
    """

    def __init__(
        self,
        model: Any,
        loss: Loss,
        matryoshka_dims: Sequence[int],
        matryoshka_weights: Sequence[float] | None = None,
        n_dims_per_step: int = -1,
    ) -> None:
        super().__init__(model, loss)
        width = model.get_embedding_dimension()
        wrong = [dimension for dimension in matryoshka_dims if not 1 <= dimension <= width]
        if wrong or not matryoshka_dims:
            raise InputError(
                f"matryoshka_dims must be widths from 1 to {width}, the model's; got {list(matryoshka_dims)}."
            )
        weights = [1.0] * len(matryoshka_dims) if matryoshka_weights is None else list(matryoshka_weights)
        if len(weights) != len(matryoshka_dims):
            raise InputError(
                f"matryoshka_weights must be {len(matryoshka_dims)}, a weight a width; got {len(weights)}."
            )
        check_count("n_dims_per_step", n_dims_per_step)
        self.matryoshka_dims, self.matryoshka_weights = list(matryoshka_dims), weights
        self.n_dims_per_step = n_dims_per_step

    def loss(self, embeddings: list[Any], labels: Any) -> Tensor:  # noqa: D102
        first = vectors_of(embeddings[0])
        wanted = self.n_dims_per_step if self.training else -1
        losses = []
        for place in drawn(wanted, len(self.matryoshka_dims), first.device):
            width = self.matryoshka_dims[place]
            cut = [_cut(column, width) for column in embeddings]
            value = self.of_each.compute_loss_from_embeddings(cut, _cut_labels(labels, width, first.shape[-1]))
            losses.append(self.matryoshka_weights[place] * summed(value))
        return torch.stack(losses).sum()

    def get_config_dict(self) -> dict[str, Any]:  # noqa: D102
        names = ("matryoshka_dims", "matryoshka_weights", "n_dims_per_step")
        return {"loss": type(self.of_each).__name__} | {name: getattr(self, name) for name in names}


def _cut(column: Any, width: int) -> Any:
    return with_vectors(column, normalize(vectors_of(column)[..., :width], dim=-1))


def _cut_labels(labels: Any, width: int, whole: int) -> Any:
    if isinstance(labels, Tensor) and labels.dim() > 1 and labels.shape[-1] == whole and labels.is_floating_point():
        return labels[..., :width]
    return labels
