"""SpladePooling: from a number for each word at each token to one for each word (https://arxiv.org/abs/2107.05720)."""

from __future__ import annotations

import torch
from torch import Tensor

from ...checkpoints.modules import ModuleSpec, SpladePoolingSpec
from ...checkpoints.modules.splade_pooling import LOGARITHMS
from .base import Features, Module, feature


class SpladePooling(Module):
    """Makes weights of words, most of them zero, of the numbers that a network gives each word at each token.

    Padding takes no part. With ``max`` the activation is computed after the largest number is found, to the same bits,
    since both activations grow with their input: no second block of (texts, tokens, words) is held.

    Args:
        pooling_strategy: ``max`` or ``sum``.
        activation_function: ``relu``, which stands for log(1 + relu(x)), or ``log1p_relu``, the logarithm taken twice.
        embedding_dimension: number of words; None where it does not matter.

    Raises:
        InputError: the strategy or the activation is not known.
    """

    def __init__(
        self,
        pooling_strategy: str = "max",
        activation_function: str = "relu",
        embedding_dimension: int | None = None,
    ) -> None:
        super().__init__()
        self._spec = SpladePoolingSpec(pooling_strategy, activation_function, embedding_dimension)

    @classmethod
    def from_spec(cls, spec: SpladePoolingSpec) -> SpladePooling:
        """Make the module of its spec."""
        return cls(spec.strategy, spec.activation, spec.dimension)

    def to_spec(self) -> SpladePoolingSpec:  # noqa: D102
        return self._spec

    def take_settings(self, spec: ModuleSpec) -> None:  # noqa: D102
        if isinstance(spec, SpladePoolingSpec):
            self._spec = spec

    def forward(self, features: Features) -> Features:
        """Add ``sentence_embedding``, (B, words), of ``token_embeddings``, (B, T, words)."""
        x, shown = feature(features, "token_embeddings"), features["attention_mask"].unsqueeze(-1).bool()
        if self._spec.strategy == "max":
            pooled = self._activation(x.masked_fill(~shown, -torch.inf).amax(1))
        else:
            pooled = (self._activation(x) * shown).sum(1)
        features["sentence_embedding"] = pooled
        return features

    def extra_repr(self) -> str:
        """What ``repr`` shows between the brackets."""
        return f"{self._spec.strategy!r}, {self._spec.activation!r}"

    def _activation(self, x: Tensor) -> Tensor:
        x = torch.relu(x)
        for _ in range(LOGARITHMS[self._spec.activation]):
            x = torch.log1p(x)
        return x
