"""KeyBERT: a backend that embeds its documents and words."""

from __future__ import annotations

from ..errors import MissingDependencyError
from ._adapting import Backend

try:
    from keybert.backend import BaseEmbedder
except ImportError as error:
    raise MissingDependencyError("keybert", "embed for KeyBERT", "keybert") from error


class SbertBackend(Backend, BaseEmbedder):  # type: ignore[misc]
    """Vectors of documents and words, with the model's prompt for documents.

    Args:
        model: name or folder of a dense model, or the model.
        **options: of ``encode``, such as ``batch_size``.

    Raises:
        InputError: an option is unknown, or the model is not dense.

    >>> KeyBERT(model=SbertBackend("all-MiniLM-L6-v2"))  # doctest: +SKIP
    """
