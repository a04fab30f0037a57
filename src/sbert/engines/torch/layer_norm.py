"""LayerNorm: normalise each sentence vector to mean 0 and variance 1, then scale and shift."""

from __future__ import annotations

from torch import nn

from ...checkpoints.modules import LayerNormSpec
from ...checkpoints.modules.layer_norm import EPSILON
from .base import Features, Module, arrays, feature, load_arrays


class LayerNorm(Module):
    """Layer normalisation of the sentence vector (https://arxiv.org/abs/1607.06450).

    Args:
        dimension: width of the vector.
    """

    def __init__(self, dimension: int) -> None:
        super().__init__()
        self.dimension = dimension
        self.norm = nn.LayerNorm(dimension, eps=EPSILON)

    @classmethod
    def from_spec(cls, spec: LayerNormSpec) -> LayerNorm:
        """Make the module of its spec and weights, in float32.

        Raises:
            CorruptCheckpointError: a tensor is missing or has another shape.
        """
        module = cls(spec.dimension)
        load_arrays(module, spec.tensors)
        return module

    def to_spec(self) -> LayerNormSpec:  # noqa: D102
        return LayerNormSpec(self.dimension, arrays(self))

    def forward(self, features: Features) -> Features:
        """Write ``sentence_embedding`` (B, dimension), in the dtype of its weights."""
        x = feature(features, "sentence_embedding")
        features["sentence_embedding"] = self.norm(x.to(self.norm.weight.dtype))
        return features

    def get_embedding_dimension(self) -> int:
        """Width of the vector."""
        return self.dimension

    def get_sentence_embedding_dimension(self) -> int:
        """The same by its older name."""
        return self.dimension
