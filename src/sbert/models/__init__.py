"""The models that people hold, and the torch modules that one can be put together from.

``SentenceTransformer``, ``CrossEncoder``, ``SparseEncoder`` and ``MultiVectorEncoder`` need no torch; ``load`` makes
the one that a model was saved as. The others, ``Transformer``, ``Pooling``, ``Dense`` and more, are ``torch.nn.Module``
classes, loaded when they are first used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ..engines.torch import (
        CNN,
        LSTM,
        BoW,
        CLIPModel,
        Dense,
        Dropout,
        LayerNorm,
        LogitScore,
        MultiVectorMask,
        Normalize,
        Pooling,
        SparseAutoEncoder,
        SpladePooling,
        StaticEmbedding,
        Transformer,
        WeightedLayerPooling,
        WordEmbeddings,
        WordWeights,
    )
    from ..text import PhraseTokenizer, WhitespaceTokenizer, WordTokenizer
    from .cross_encoder import CrossEncoder
    from .families import load
    from .multi_vector_encoder import MultiVectorEncoder
    from .router import Router
    from .sentence_transformer import SentenceTransformer
    from .sparse_encoder import SparseEncoder
    from .token_pooling import HierarchicalTokenPooling, LambdaTokenPooling

_HOMES = {
    "CrossEncoder": ".cross_encoder",
    "HierarchicalTokenPooling": ".token_pooling",
    "LambdaTokenPooling": ".token_pooling",
    "MultiVectorEncoder": ".multi_vector_encoder",
    "PhraseTokenizer": "..text",
    "Router": ".router",
    "SentenceTransformer": ".sentence_transformer",
    "SparseEncoder": ".sparse_encoder",
    "WhitespaceTokenizer": "..text",
    "WordTokenizer": "..text",
    "load": ".families",
}
_TORCH_MODULES = (
    "CNN", "LSTM", "BoW", "CLIPModel", "Dense", "Dropout", "LayerNorm", "LogitScore", "MultiVectorMask", "Normalize",
    "Pooling", "SparseAutoEncoder", "SpladePooling", "StaticEmbedding", "Transformer", "WeightedLayerPooling",
    "WordEmbeddings", "WordWeights",
)  # fmt: skip

__all__ = [
    "CNN", "LSTM", "BoW", "CLIPModel", "CrossEncoder", "Dense", "Dropout", "HierarchicalTokenPooling",
    "LambdaTokenPooling", "LayerNorm", "LogitScore", "MultiVectorEncoder", "MultiVectorMask", "Normalize",
    "PhraseTokenizer", "Pooling", "Router", "SentenceTransformer", "SparseAutoEncoder", "SparseEncoder",
    "SpladePooling", "StaticEmbedding", "Transformer", "WeightedLayerPooling", "WhitespaceTokenizer", "WordEmbeddings",
    "WordTokenizer", "WordWeights", "load",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(importlib.import_module(_HOMES[name], __name__), name)
    if name in _TORCH_MODULES:
        try:
            home = importlib.import_module("..engines.torch", __name__)
        except ImportError as error:
            from ..errors import MissingDependencyError

            raise MissingDependencyError("torch", f"use sbert.models.{name}", "torch") from error
        return getattr(home, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
