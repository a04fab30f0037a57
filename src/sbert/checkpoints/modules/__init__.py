"""The modules that a model is made of, one file a kind."""

from __future__ import annotations

from .base import ModuleSpec
from .dense import DenseSpec
from .dropout import DropoutSpec
from .input import InputSpec
from .layer_norm import LayerNormSpec
from .multi_vector_mask import MultiVectorMaskSpec
from .normalize import NormalizeSpec
from .pooling import PoolingSpec
from .query_expansion import QueryExpansion
from .router import RouterSpec
from .sparse_static_embedding import SparseStaticEmbeddingSpec
from .splade_pooling import SpladePoolingSpec
from .static_embedding import StaticEmbeddingSpec
from .token_pooling import HierarchicalTokenPoolingSpec
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
        MultiVectorMaskSpec,
        HierarchicalTokenPoolingSpec,
        RouterSpec,
        SparseStaticEmbeddingSpec,
    )
}

__all__ = [
    "KINDS", "DenseSpec", "DropoutSpec", "HierarchicalTokenPoolingSpec", "InputSpec", "LayerNormSpec", "ModuleSpec",
    "MultiVectorMaskSpec", "NormalizeSpec", "PoolingSpec", "QueryExpansion", "RouterSpec", "SparseStaticEmbeddingSpec",
    "SpladePoolingSpec", "StaticEmbeddingSpec", "TransformerSpec",
]  # fmt: skip
