"""The models that people hold, and the torch modules that one can be put together from.

``SentenceTransformer`` needs no torch. ``Transformer``, ``Pooling``, ``Dense``, ``Normalize``, ``LayerNorm`` and
``Dropout`` are ``torch.nn.Module`` classes, loaded when they are first used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ..engines.torch import Dense, Dropout, LayerNorm, Normalize, Pooling, Transformer
    from .sentence_transformer import SentenceTransformer

_TORCH_MODULES = ("Dense", "Dropout", "LayerNorm", "Normalize", "Pooling", "Transformer")

__all__ = ["Dense", "Dropout", "LayerNorm", "Normalize", "Pooling", "SentenceTransformer", "Transformer"]


def __getattr__(name: str) -> Any:
    if name == "SentenceTransformer":
        return importlib.import_module(".sentence_transformer", __name__).SentenceTransformer
    if name in _TORCH_MODULES:
        try:
            home = importlib.import_module("..engines.torch", __name__)
        except ImportError as error:
            from ..errors import MissingDependencyError

            raise MissingDependencyError("torch", f"use sbert.models.{name}", "torch") from error
        return getattr(home, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
