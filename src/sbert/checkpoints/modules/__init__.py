"""The modules that a model is made of, one file a kind."""

from __future__ import annotations

from .base import ModuleSpec
from .dense import DenseSpec
from .dropout import DropoutSpec
from .input import InputSpec
from .layer_norm import LayerNormSpec
from .normalize import NormalizeSpec
from .pooling import PoolingSpec
from .splade_pooling import SpladePoolingSpec
from .static_embedding import StaticEmbeddingSpec
from .transformer import TransformerSpec

#: Every kind of module that is read, by the class name that checkpoints use.
KINDS: dict[str, type[ModuleSpec]] = {
    spec.kind: spec
    for spec in (
        TransformerSpec,
        StaticEmbeddingSpec,
        PoolingSpec,
        DenseSpec,
        NormalizeSpec,
        LayerNormSpec,
        DropoutSpec,
        SpladePoolingSpec,
    )
}

__all__ = [
    "KINDS", "DenseSpec", "DropoutSpec", "InputSpec", "LayerNormSpec", "ModuleSpec", "NormalizeSpec", "PoolingSpec",
    "SpladePoolingSpec", "StaticEmbeddingSpec", "TransformerSpec",
]  # fmt: skip
