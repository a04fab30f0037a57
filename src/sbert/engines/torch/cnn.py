"""CNN: convolutions over token vectors."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import nn

from ...checkpoints.modules import CNNSpec
from ...checkpoints.modules.dense import TOKENS
from ...errors import InputError
from .base import Features, Module, arrays, feature, load_arrays


class CNN(Module):
    """Convolutions of several widths over token vectors, side by side (Kim 2014, https://arxiv.org/abs/1408.5882).

    Args:
        in_embedding_dimension: width of the token vectors.
        out_channels: numbers that each convolution gives a token.
        kernel_sizes: tokens that each looks at; odd.
        stride_sizes: kept for scripts that pass it; all 1.

    Raises:
        UnsupportedModelError: a kernel is even.
        InputError: a stride is not 1.
    """

    def __init__(
        self,
        in_embedding_dimension: int,
        out_channels: int = 256,
        kernel_sizes: Sequence[int] = (1, 3, 5),
        stride_sizes: Sequence[int] | None = None,
    ) -> None:
        super().__init__()
        if any(stride != 1 for stride in stride_sizes or ()):
            raise InputError(f"stride_sizes other than 1 leave out tokens; got {list(stride_sizes or ())}.")
        spec = CNNSpec(in_embedding_dimension, out_channels, tuple(kernel_sizes))  # refuses even kernels
        self.in_embedding_dimension, self.out_channels = in_embedding_dimension, out_channels
        self.kernel_sizes = spec.kernel_sizes
        self.convs = nn.ModuleList(
            nn.Conv1d(in_embedding_dimension, out_channels, size, padding=size // 2) for size in spec.kernel_sizes
        )

    @classmethod
    def from_spec(cls, spec: CNNSpec) -> CNN:
        """Make the module of its spec and weights, in float32.

        Raises:
            CorruptCheckpointError: a tensor is missing or has another shape.
        """
        module = cls(spec.in_embedding_dimension, spec.out_channels, spec.kernel_sizes)
        load_arrays(module, spec.tensors)
        return module

    def to_spec(self) -> CNNSpec:  # noqa: D102
        return CNNSpec(self.in_embedding_dimension, self.out_channels, self.kernel_sizes, arrays(self))

    def forward(self, features: Features) -> Features:
        """Replace ``token_embeddings`` by (B, T, width). Padding counts as zeros, so a text's do not depend on it."""
        weight = next(self.parameters())
        real = feature(features, "attention_mask").bool().unsqueeze(2)
        tokens = feature(features, TOKENS).to(weight.dtype).masked_fill(~real, 0).transpose(1, 2)
        features[TOKENS] = torch.cat([conv(tokens) for conv in self.convs], dim=1).transpose(1, 2)
        return features

    def get_embedding_dimension(self) -> int:
        """Width of what comes out."""
        return self.out_channels * len(self.kernel_sizes)
