"""Vectors whose first numbers do by themselves."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from torch import Tensor
from torch.nn.functional import normalize

from ..errors import InputError
from .base import Loss


class MatryoshkaLoss(Loss):
    """The weighted sum of a loss of vectors cut to several widths, so that a model's vectors can be cut after training.

    Vectors are scaled to length 1 after they are cut. Kusupati et al., https://arxiv.org/abs/2205.13147.

    Args:
        model: to be trained.
        loss: of its vectors; any that takes vectors of any width.
        matryoshka_dims: widths, no greater than the model's.
        matryoshka_weights: of each; 1 by default.

    Raises:
        InputError: a width is not possible, or weights are not as many.
    """

    columns = (1, None)

    def __init__(
        self,
        model: Any,
        loss: Loss,
        matryoshka_dims: Sequence[int],
        matryoshka_weights: Sequence[float] | None = None,
    ) -> None:
        super().__init__(model)
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
        self.of_each = loss
        self.widths = dict(zip(matryoshka_dims, weights, strict=True))
        self.label = loss.label

    def loss(self, embeddings: list[Tensor], labels: Any) -> Tensor:  # noqa: D102
        losses = [
            weight * self.of_each.compute_loss_from_embeddings([_cut(column, width) for column in embeddings], labels)
            for width, weight in self.widths.items()
        ]
        return sum(losses[1:], losses[0])

    def get_config_dict(self) -> dict[str, Any]:  # noqa: D102
        return {
            "loss": type(self.of_each).__name__,
            "matryoshka_dims": list(self.widths),
            "matryoshka_weights": list(self.widths.values()),
        }


def _cut(vectors: Tensor, width: int) -> Tensor:
    return normalize(vectors[..., :width], dim=-1)
