"""SparseAutoEncoder: many latent numbers of a sentence vector, of which the greatest are kept (https://arxiv.org/abs/2503.01776)."""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor, nn

from ...checkpoints.modules import SparseAutoEncoderSpec
from ...checkpoints.modules.dense import SENTENCE
from ...checkpoints.modules.sparse_auto_encoder import EPSILON, LAST_USED
from .base import Features, Module, arrays, feature, load_arrays


class SparseAutoEncoder(Module):
    """Gives the latent numbers of sentence vectors: ``relu(W (x - pre_bias) + latent_bias)``.

    Which of them are kept, the greatest, is seen to by :class:`~sbert.SparseEncoder`, on every engine; in training the
    module does it itself.

    Args:
        input_dim: width of the sentence vector.
        hidden_dim: latent numbers.
        k: of them, how many are kept.
        k_aux: of those that are hardly used, how many take part in training.
        normalize: whether vectors are brought to mean 0 and spread 1 first.
        dead_threshold: training steps after which a latent number that was not used counts as hardly used.
    """

    stats_last_nonzero: Tensor

    def __init__(
        self,
        input_dim: int,
        hidden_dim: int = 512,
        k: int = 8,
        k_aux: int = 512,
        normalize: bool = False,
        dead_threshold: int = 30,
    ) -> None:
        super().__init__()
        self._spec = SparseAutoEncoderSpec(input_dim, hidden_dim, k, k_aux, normalize, dead_threshold)
        self.pre_bias = nn.Parameter(torch.zeros(input_dim))
        self.encoder = nn.Linear(input_dim, hidden_dim, bias=False)
        self.latent_bias = nn.Parameter(torch.zeros(hidden_dim))
        self.register_buffer(LAST_USED, torch.zeros(hidden_dim, dtype=torch.long))

    @classmethod
    def from_spec(cls, spec: SparseAutoEncoderSpec) -> SparseAutoEncoder:
        """Make the module of its spec and weights, in float32.

        Raises:
            CorruptCheckpointError: a tensor is missing or has another shape.
        """
        module = cls(spec.input_dim, spec.hidden_dim, spec.k, spec.k_aux, spec.normalize, spec.dead_threshold)
        load_arrays(module, spec.tensors)
        return module

    def to_spec(self) -> SparseAutoEncoderSpec:  # noqa: D102
        used = self.stats_last_nonzero.cpu().numpy().copy()
        return replace(self._spec, tensors=arrays(self) | {LAST_USED: used})

    def forward(self, features: Features) -> Features:
        """Replace ``sentence_embedding`` (B, input_dim) by the latent numbers (B, hidden_dim)."""
        x = feature(features, SENTENCE).to(self.encoder.weight.dtype)
        if self._spec.normalize:
            x = x - x.mean(dim=1, keepdim=True)
            x = x / (x.std(dim=1, keepdim=True) + EPSILON)
        latents = torch.relu(self.encoder(x - self.pre_bias) + self.latent_bias)
        if self.training:
            kept = latents.topk(min(self._spec.k, self._spec.hidden_dim), dim=1)
            latents = torch.zeros_like(latents).scatter(1, kept.indices, kept.values)
        features[SENTENCE] = latents
        return features

    def get_embedding_dimension(self) -> int:
        """Number of latent numbers."""
        return self._spec.hidden_dim

    get_sentence_embedding_dimension = get_embedding_dimension

    def extra_repr(self) -> str:
        """What ``repr`` shows in front of the layers."""
        return f"k={self._spec.k}, normalize={self._spec.normalize}"
