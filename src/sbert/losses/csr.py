"""Losses of sparse autoencoders: latent numbers should give back the vectors that they were made of, and rank."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import mse_loss

from ..engines.torch.sparse_auto_encoder import BACKBONE, FROM_4K, FROM_AUX, FROM_K, LEFT_OVER, SparseAutoEncoder
from ..errors import InputError
from .base import VECTORS, Embeddings, Loss, Value, check_is_loss
from .columns import Features, outputs_of
from .sparse import SparseMultipleNegativesRankingLoss
from .tokens import pad_id_of

#: How much less what ``4 k`` latent numbers give back counts than what ``k`` do.
_WIDER = 8.0


class CSRReconstructionLoss(Loss):
    """How far the vectors are from what latent numbers give back: ``k``, ``4 k`` (an eighth), and those hardly used.

    The last is of what the ``k`` leave over, relative to its spread: so latent numbers that are hardly used find a use.
    Wen et al., https://arxiv.org/abs/2503.01776, section 3; Gao et al., https://arxiv.org/abs/2406.04093, appendix A.2.

    Args:
        model: with a ``SparseAutoEncoder``.
        beta: how much the hardly used ones count.

    Raises:
        InputError: the model has none.
    """

    columns = (1, None)

    def __init__(self, model: Any, beta: float = 1.0) -> None:
        super().__init__(model)
        if not self._coders():
            raise InputError(f"{type(self).__name__} trains a model with a SparseAutoEncoder; this one has none.")
        self.beta = beta

    def forward(self, sentence_features: Iterable[Features], labels: Any = None) -> Value:  # noqa: ARG002, D102
        return self.of(self.outputs(list(sentence_features)))

    def outputs(self, columns: Sequence[Features]) -> list[dict[str, Tensor]]:
        """What the network makes of each column: latent numbers, and what they give back.

        In training, it is noted which latent numbers were used.
        """
        names = (VECTORS, BACKBONE, FROM_K, FROM_4K, FROM_AUX, LEFT_OVER)
        found = outputs_of(self.network, columns, names, self.chunks, pad_id_of(self.model))
        for coder in self._coders():
            if coder.training and torch.is_grad_enabled():
                coder.count(torch.cat([outputs[VECTORS] for outputs in found]))
        return found

    def of(self, outputs: Sequence[dict[str, Tensor]]) -> dict[str, Tensor]:
        """The parts of the loss, each the mean over columns.

        Args:
            outputs: those of :meth:`outputs`.
        """
        near = [mse_loss(found[BACKBONE], found[FROM_K]) for found in outputs]
        wide = [mse_loss(found[BACKBONE], found[FROM_4K]) for found in outputs]
        idle = [_relative(found[FROM_AUX], found[LEFT_OVER]) for found in outputs]
        return {
            "reconstruction_loss_k": torch.stack(near).mean(),
            "reconstruction_loss_4k": torch.stack(wide).mean() / _WIDER,
            "reconstruction_loss_aux": self.beta * torch.stack(idle).mean(),
        }

    def loss(self, embeddings: list[Tensor], labels: Any) -> Value:  # noqa: ARG002, D102
        raise InputError(f"{type(self).__name__} reads more than latent numbers: call it with features.")

    def _coders(self) -> list[SparseAutoEncoder]:
        return [module for module in self.network.modules() if isinstance(module, SparseAutoEncoder)]

    def get_config_dict(self) -> dict[str, Any]:  # noqa: D102
        return {"beta": self.beta}


class CSRLoss(CSRReconstructionLoss):
    """:class:`CSRReconstructionLoss` and a loss of the latent numbers. Wen et al., https://arxiv.org/abs/2503.01776.

    Args:
        model: with a ``SparseAutoEncoder``.
        loss: of the latent numbers; :class:`~sbert.losses.SparseMultipleNegativesRankingLoss` by default.
        beta: how much hardly used latent numbers count.
        gamma: how much the loss of the latent numbers counts.

    Raises:
        InputError: the model has no ``SparseAutoEncoder``.
    """

    def __init__(self, model: Any, loss: Loss | None = None, beta: float = 0.1, gamma: float = 1.0) -> None:
        super().__init__(model, beta)
        self.of_vectors = SparseMultipleNegativesRankingLoss(model) if loss is None else loss
        check_is_loss("loss", self.of_vectors)
        self.label, self.gamma = self.of_vectors.label, gamma

    def check_columns(self, columns: int, labels: bool) -> None:  # noqa: D102
        self.of_vectors.check_columns(columns, labels)

    def check_labels(self, labels: Any) -> None:  # noqa: D102
        self.of_vectors.check_labels(labels)

    def forward(self, sentence_features: Iterable[Features], labels: Any = None) -> Value:  # noqa: D102
        outputs = self.outputs(list(sentence_features))
        vectors: Embeddings = [found[VECTORS] for found in outputs]
        found = self.of_vectors.compute_loss_from_embeddings(vectors, labels)
        parts = found if isinstance(found, dict) else {"base_loss": found}
        return {**self.of(outputs), **{name: self.gamma * part for name, part in parts.items()}}

    def get_config_dict(self) -> dict[str, Any]:  # noqa: D102
        return {"loss": type(self.of_vectors).__name__, "gamma": self.gamma, **super().get_config_dict()}


def _relative(found: Tensor, wanted: Tensor) -> Tensor:
    """The squared difference relative to the variance over the batch; by itself where there is none."""
    variance = mse_loss(wanted.mean(dim=0, keepdim=True).expand_as(wanted), wanted)
    flat = (variance == 0) | (wanted == wanted[:1]).all()
    return mse_loss(found, wanted) / torch.where(flat, torch.ones_like(variance), variance)
