"""Dropout: zero a part of the sentence vector while training."""

from __future__ import annotations

from torch import nn

from ...checkpoints.modules import DropoutSpec
from .base import Features, Module, feature


class Dropout(Module):
    """Zeroes a part of the sentence vector while training (https://jmlr.org/papers/v15/srivastava14a.html).

    Args:
        dropout: the part, from 0 to 1.
    """

    def __init__(self, dropout: float = 0.2) -> None:
        super().__init__()
        self.dropout = dropout
        self.dropout_layer = nn.Dropout(dropout)

    @classmethod
    def from_spec(cls, spec: DropoutSpec) -> Dropout:
        """Make the module of its spec."""
        return cls(spec.dropout)

    def to_spec(self) -> DropoutSpec:  # noqa: D102
        return DropoutSpec(self.dropout)

    def forward(self, features: Features) -> Features:
        """Write ``sentence_embedding``; in evaluation mode it stays as it is."""
        features["sentence_embedding"] = self.dropout_layer(feature(features, "sentence_embedding"))
        return features
