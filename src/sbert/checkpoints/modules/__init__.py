"""The modules that a model is made of, one file a kind."""

from __future__ import annotations

from .bag_of_words import BoWSpec
from .base import ModuleSpec
from .cnn import CNNSpec
from .dense import DenseSpec
from .dropout import DropoutSpec
from .image_preprocessing import ImagePreprocessing
from .image_text import ImageTextSpec
from .input import InputSpec
from .layer_norm import LayerNormSpec
from .logit_score import LogitScoreSpec
from .lstm import LSTMSpec
from .multi_vector_mask import MultiVectorMaskSpec
from .normalize import NormalizeSpec
from .pooling import PoolingSpec
from .query_expansion import QueryExpansion
from .router import RouterSpec
from .sparse_auto_encoder import SparseAutoEncoderSpec
from .sparse_static_embedding import SparseStaticEmbeddingSpec
from .splade_pooling import SpladePoolingSpec
from .static_embedding import StaticEmbeddingSpec
from .table import TableSpec
from .token_pooling import HierarchicalTokenPoolingSpec
from .transformer import TransformerSpec
from .weighted_layer_pooling import WeightedLayerPoolingSpec
from .word_embeddings import WordEmbeddingsSpec
from .word_weights import WordWeightsSpec

#: Every kind of module that is read, by the class name that checkpoints use.
KINDS: dict[str, type[ModuleSpec]] = {
    spec.kind: spec
    for spec in (
        TransformerSpec,
        ImageTextSpec,
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
        SparseAutoEncoderSpec,
        LogitScoreSpec,
        WordEmbeddingsSpec,
        WordWeightsSpec,
        BoWSpec,
        LSTMSpec,
        CNNSpec,
        WeightedLayerPoolingSpec,
    )
}

__all__ = [
    "KINDS", "BoWSpec", "CNNSpec", "DenseSpec", "DropoutSpec", "HierarchicalTokenPoolingSpec", "ImagePreprocessing",
    "ImageTextSpec", "InputSpec", "LSTMSpec", "LayerNormSpec", "LogitScoreSpec", "ModuleSpec", "MultiVectorMaskSpec",
    "NormalizeSpec", "PoolingSpec", "QueryExpansion", "RouterSpec", "SparseAutoEncoderSpec",
    "SparseStaticEmbeddingSpec", "SpladePoolingSpec", "StaticEmbeddingSpec", "TableSpec", "TransformerSpec",
    "WeightedLayerPoolingSpec", "WordEmbeddingsSpec", "WordWeightsSpec",
]  # fmt: skip
