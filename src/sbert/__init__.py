"""sbert: sentence, text and image embeddings by Siamese networks, and all that people do with them.

>>> import sbert
>>> sorted(name for name in sbert.__all__ if name[0].isupper())
['CrossEncoder', 'Index', 'MultiVectorEncoder', 'SentenceTransformer', 'SimilarityFunction', 'SparseEncoder']

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
    from . import util as util
    from .index.index import Index
    from .models.cross_encoder import CrossEncoder
    from .models.multi_vector_encoder import MultiVectorEncoder
    from .models.sentence_transformer import SentenceTransformer
    from .models.sparse_encoder import SparseEncoder
    from .quantization import quantize_embeddings
    from .search.hard_negatives import mine_hard_negatives
    from .similarity import SimilarityFunction

#: Where each public name lives.
_HOMES = {
    "CrossEncoder": "models.cross_encoder",
    "Index": "index.index",
    "MultiVectorEncoder": "models.multi_vector_encoder",
    "SentenceTransformer": "models.sentence_transformer",
    "SimilarityFunction": "similarity",
    "SparseEncoder": "models.sparse_encoder",
    "mine_hard_negatives": "search.hard_negatives",
    "quantize_embeddings": "quantization",
}
_MODULES = ("errors", "evaluation", "losses", "models", "util")

__all__ = [
    "CrossEncoder",
    "Index",
    "MultiVectorEncoder",
    "SentenceTransformer",
    "SimilarityFunction",
    "SparseEncoder",
    "__version__",
    "errors",
    "evaluation",
    "losses",
    "mine_hard_negatives",
    "models",
    "quantize_embeddings",
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
