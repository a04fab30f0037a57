"""SparseAutoEncoder: many latent numbers of a sentence vector, of which the greatest are kept (https://arxiv.org/abs/2503.01776)."""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor, nn

from ...checkpoints.modules import SparseAutoEncoderSpec
from ...checkpoints.modules.dense import SENTENCE
from ...checkpoints.modules.sparse_auto_encoder import EPSILON, LAST_USED
from .base import Features, Module, arrays, feature, load_arrays

#: Features of training: the vectors that came in; what the greatest ``k`` and ``4 k`` latent numbers make of them; what
#: those that are hardly used make of what the greatest leave over, and that.
BACKBONE, FROM_K, FROM_4K, FROM_AUX, LEFT_OVER = (
    "sentence_embedding_backbone", "decoded_embedding_k", "decoded_embedding_4k", "decoded_embedding_aux",
    "left_over_embedding",
)  # fmt: skip


class SparseAutoEncoder(Module):
    """Gives the latent numbers of sentence vectors: ``relu(W (x - pre_bias) + latent_bias)``.

    Which of them are kept, the greatest, is seen to by :class:`~sbert.SparseEncoder`, on every engine; where a loss is
    computed, for training or to evaluate, the module does it itself.

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
        """Replace ``sentence_embedding`` (B, input_dim) by the latent numbers (B, hidden_dim).

        Outside of torch's inference mode the greatest alone are kept, and what they tell of the vectors is added too,
        (B, input_dim) each: :data:`BACKBONE`, :data:`FROM_K`, :data:`FROM_4K`, :data:`FROM_AUX`, :data:`LEFT_OVER`.
        """
        x = feature(features, SENTENCE).to(self.encoder.weight.dtype)
        backbone, mean, spread = x, torch.zeros_like(x[:, :1]), torch.ones_like(x[:, :1])
        if self._spec.normalize:
            mean = x.mean(dim=1, keepdim=True)
            spread = (x - mean).std(dim=1, keepdim=True)
            x = (x - mean) / (spread + EPSILON)
        every = torch.relu(self.encoder(x - self.pre_bias) + self.latent_bias)
        features[SENTENCE] = every
        if not torch.is_inference_mode_enabled():
            features[SENTENCE] = kept = _greatest(every, self._spec.k)
            features[BACKBONE] = backbone
            features[FROM_K] = self.decoded(kept) * spread + mean
            features[FROM_4K] = self.decoded(_greatest(every, 4 * self._spec.k)) * spread + mean
            features[LEFT_OVER] = (backbone - (self.decoded(kept) - self.pre_bias) * spread - mean).detach()
            idle = every * (self.stats_last_nonzero > self._spec.dead_threshold)
            # What the hardly used ones tell of what the others leave over; where none takes part, nothing is asked.
            told = self.decoded(_greatest(idle, self._spec.k_aux)) * spread
            features[FROM_AUX] = told if self._spec.k_aux else features[LEFT_OVER]
        return features

    def decoded(self, latents: Tensor) -> Tensor:
        """What latent numbers stand for: ``W^T z + pre_bias``, (B, input_dim), before means and spreads."""
        return nn.functional.linear(latents, self.encoder.weight.T) + self.pre_bias

    @torch.no_grad()
    def count(self, kept: Tensor) -> None:
        """Note which latent numbers a step of training used, so that it is known how long ago each was.

        Args:
            kept: (n, hidden_dim), those of all texts of the step: a batch may have come here in parts.
        """
        used = (kept > 1e-5).any(dim=0)
        self.stats_last_nonzero.mul_((~used).to(self.stats_last_nonzero.dtype)).add_(1)

    def get_embedding_dimension(self) -> int:
        """Number of latent numbers."""
        return self._spec.hidden_dim

    get_sentence_embedding_dimension = get_embedding_dimension

    def extra_repr(self) -> str:
        """What ``repr`` shows in front of the layers."""
        return f"k={self._spec.k}, normalize={self._spec.normalize}"


def _greatest(latents: Tensor, count: int) -> Tensor:
    """The greatest latent numbers of each row, the others 0."""
    kept = latents.topk(min(count, latents.shape[1]), dim=1)
    return torch.zeros_like(latents).scatter(1, kept.indices, kept.values)
