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
        Dense,
        Dropout,
        LayerNorm,
        MultiVectorMask,
        Normalize,
        Pooling,
        SpladePooling,
        Transformer,
    )
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
    "Router": ".router",
    "SentenceTransformer": ".sentence_transformer",
    "SparseEncoder": ".sparse_encoder",
    "load": ".families",
}
_TORCH_MODULES = (
    "Dense", "Dropout", "LayerNorm", "MultiVectorMask", "Normalize", "Pooling", "SpladePooling", "Transformer",
)  # fmt: skip

__all__ = [
    "CrossEncoder", "Dense", "Dropout", "HierarchicalTokenPooling", "LambdaTokenPooling", "LayerNorm",
    "MultiVectorEncoder", "MultiVectorMask", "Normalize", "Pooling", "Router", "SentenceTransformer", "SparseEncoder",
    "SpladePooling", "Transformer", "load",
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
