"""Normalize: scale vectors to length one."""

from __future__ import annotations

import torch.nn.functional as F

from ...checkpoints.modules import NormalizeSpec
from ...checkpoints.modules.dense import SENTENCE
from .base import Features, Module, feature, wide


class Normalize(Module):
    """Divides each vector by its Euclidean length (at least 1e-12).

    Args:
        module_input_name: what it reads: ``sentence_embedding`` or ``token_embeddings``.
        module_output_name: what it writes; the same by default.
    """

    def __init__(self, module_input_name: str = SENTENCE, module_output_name: str | None = None) -> None:
        super().__init__()
        self.module_input_name = module_input_name
        self.module_output_name = module_output_name or module_input_name

    @classmethod
    def from_spec(cls, spec: NormalizeSpec) -> Normalize:
        """Make the module of its spec."""
        return cls(spec.input_name, spec.output_name)

    def to_spec(self) -> NormalizeSpec:  # noqa: D102
        return NormalizeSpec(self.module_input_name, self.module_output_name)

    def forward(self, features: Features) -> Features:
        """Write the vectors with length one; shape and dtype are the input's."""
        x = feature(features, self.module_input_name)
        # In float32: the smallest length, 1e-12, is no number of float16.
        features[self.module_output_name] = F.normalize(wide(x), dim=-1, eps=1e-12).to(x.dtype)
        return features

    def extra_repr(self) -> str:
        """What ``repr`` shows between the brackets."""
        return f"module_input_name={self.module_input_name!r}, module_output_name={self.module_output_name!r}"
