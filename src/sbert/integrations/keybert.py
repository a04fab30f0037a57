"""KeyBERT: a backend that embeds its documents and words."""

from __future__ import annotations

from typing import Any

from ..errors import MissingDependencyError
from ..types import FloatArray
from ._adapting import MODEL, Encoder

try:
    from keybert.backend import BaseEmbedder
except ImportError as error:
    raise MissingDependencyError("keybert", "embed for KeyBERT", "keybert") from error


class SbertBackend(BaseEmbedder):  # type: ignore[misc]
    """Vectors of documents and words, with the model's prompt for documents.

    Args:
        model: name or folder of a dense model, or the model.
        **options: of ``encode``, such as ``batch_size``.

    Raises:
        InputError: an option is unknown, or the model is not dense.

    >>> KeyBERT(model=SbertBackend("all-MiniLM-L6-v2"))  # doctest: +SKIP
    """

    def __init__(self, model: Any = MODEL, **options: Any) -> None:
        super().__init__()
        self._encoder = Encoder(model, options)

    def embed(self, documents: list[str], verbose: bool = False) -> FloatArray:  # noqa: ARG002
        """(n, d) float32, in the documents' order; sbert shows progress by itself."""
        return self._encoder.array(documents)
