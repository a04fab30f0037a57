"""sbert: sentence, text and image embeddings by Siamese networks, and all that people do with them.

>>> import sbert
>>> sorted(name for name in sbert.__all__ if name.endswith("Encoder") or name.endswith("Transformer"))
['CrossEncoder', 'MultiVectorEncoder', 'SentenceTransformer', 'SparseEncoder']

Names are loaded when they are first used, so ``import sbert`` itself loads nothing heavy.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from .version import __version__

if TYPE_CHECKING:
    from . import errors as errors
    from . import evaluation as evaluation
    from . import losses as losses
    from . import models as models
    from . import training as training
    from . import util as util
    from .data.examples import InputExample
    from .index.index import Index
    from .models.cross_encoder import CrossEncoder
    from .models.multi_vector_encoder import MultiVectorEncoder
    from .models.sentence_transformer import SentenceTransformer
    from .models.sparse_encoder import SparseEncoder
    from .quantization import quantize_embeddings
    from .search.hard_negatives import mine_hard_negatives
    from .similarity import SimilarityFunction
    from .training.families import (
        CrossEncoderTrainer,
        CrossEncoderTrainingArguments,
        MultiVectorEncoderTrainer,
        MultiVectorEncoderTrainingArguments,
        SentenceTransformerTrainer,
        SentenceTransformerTrainingArguments,
        SparseEncoderTrainer,
        SparseEncoderTrainingArguments,
    )

#: Where each public name lives.
_HOMES = {
    "CrossEncoder": "models.cross_encoder",
    "CrossEncoderTrainer": "training.families",
    "CrossEncoderTrainingArguments": "training.families",
    "Index": "index.index",
    "InputExample": "data.examples",
    "MultiVectorEncoder": "models.multi_vector_encoder",
    "MultiVectorEncoderTrainer": "training.families",
    "MultiVectorEncoderTrainingArguments": "training.families",
    "SentenceTransformer": "models.sentence_transformer",
    "SentenceTransformerTrainer": "training.families",
    "SentenceTransformerTrainingArguments": "training.families",
    "SimilarityFunction": "similarity",
    "SparseEncoder": "models.sparse_encoder",
    "SparseEncoderTrainer": "training.families",
    "SparseEncoderTrainingArguments": "training.families",
    "mine_hard_negatives": "search.hard_negatives",
    "quantize_embeddings": "quantization",
}
_MODULES = ("errors", "evaluation", "losses", "models", "training", "util")

__all__ = [
    "CrossEncoder",
    "CrossEncoderTrainer",
    "CrossEncoderTrainingArguments",
    "Index",
    "InputExample",
    "MultiVectorEncoder",
    "MultiVectorEncoderTrainer",
    "MultiVectorEncoderTrainingArguments",
    "SentenceTransformer",
    "SentenceTransformerTrainer",
    "SentenceTransformerTrainingArguments",
    "SimilarityFunction",
    "SparseEncoder",
    "SparseEncoderTrainer",
    "SparseEncoderTrainingArguments",
    "__version__",
    "errors",
    "evaluation",
    "losses",
    "mine_hard_negatives",
    "models",
    "quantize_embeddings",
    "training",
    "util",
]


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return importlib.import_module(f".{name}", __name__)
    if name not in _HOMES:
        from .errors import closest

        raise AttributeError(f"module {__name__!r} has no attribute {name!r}.{closest(name, __all__)}")
    value = getattr(importlib.import_module(f".{_HOMES[name]}", __name__), name)
    globals()[name] = value  # found without this function from now on
    return value


def __dir__() -> list[str]:
    return __all__
