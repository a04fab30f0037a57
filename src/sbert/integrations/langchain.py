"""LangChain: embeddings, a reranker and a retriever, by the base classes of langchain-core."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..errors import MissingDependencyError
from ._adapting import MODEL, Encoder, Finder, Ranker, contents, facts

try:
    from langchain_core.documents import BaseDocumentCompressor, Document
    from langchain_core.embeddings import Embeddings
    from langchain_core.retrievers import BaseRetriever
    from pydantic import PrivateAttr
except ImportError as error:
    raise MissingDependencyError("langchain-core", "serve LangChain", "langchain") from error


class SbertEmbeddings(Embeddings):  # type: ignore[misc]
    """Vectors for LangChain's stores and chains. Their ``aembed_`` forms run in a thread.

    Args:
        model: name or folder of a dense model, or the model.
        **options: of ``encode``, such as ``batch_size``, ``normalize_embeddings`` or ``truncate_dim``.

    Raises:
        InputError: an option is unknown, or the model is not dense.

    >>> SbertEmbeddings("all-MiniLM-L6-v2").embed_query("a cat")  # doctest: +SKIP
    """

    def __init__(self, model: Any = MODEL, **options: Any) -> None:
        self._encoder = Encoder(model, options)

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        """Vectors of documents, with the model's prompt for documents."""
        return self._encoder.documents(texts)

    def embed_query(self, text: str) -> list[float]:
        """The vector of a query, with the model's prompt for queries."""
        return self._encoder.query(text)


class SbertReranker(BaseDocumentCompressor):  # type: ignore[misc]
    """Puts documents in the order in which they answer a query; the score is their ``relevance_score``.

    Args:
        model: name or folder of a cross-encoder, or the model.
        top_n: documents to keep; all by default.
        **options: of ``rank``, such as ``batch_size``.

    Raises:
        InputError: an option is unknown, or the model is no cross-encoder.

    >>> SbertReranker("a-cross-encoder", top_n=3).compress_documents(documents, "a question")  # doctest: +SKIP
    """

    _ranker: Ranker = PrivateAttr()

    def __init__(self, model: Any, *, top_n: int | None = None, **options: Any) -> None:
        super().__init__()
        self._ranker = Ranker(model, options, top_n)

    def compress_documents(self, documents: Sequence[Any], query: str, callbacks: Any = None) -> list[Any]:  # noqa: ARG002
        """The best documents, the best first; those given are not changed."""
        texts = contents(documents, Document, lambda document: document.page_content)
        return [
            documents[number].model_copy(
                update={"metadata": {**documents[number].metadata, "relevance_score": score}}
            )
            for number, score in self._ranker.rank(query, texts)
        ]  # fmt: skip


class SbertRetriever(BaseRetriever):  # type: ignore[misc]
    """Finds passages in a lasting index; where they stand is in their metadata.

    Args:
        index: an :class:`sbert.Index`, or its folder.
        top_k: passages of a query.
        **options: of ``Index.search``: ``where``, ``mode``, ``fusion``, ``rerank``.

    Raises:
        InputError: an option is unknown.
        StoredIndexError: there is no index.

    >>> SbertRetriever("notes.lance", top_k=3).invoke("a pet at rest")  # doctest: +SKIP
    """

    _finder: Finder = PrivateAttr()

    def __init__(self, index: Any, *, top_k: int = 10, **options: Any) -> None:
        super().__init__()
        self._finder = Finder(index, top_k, options)

    def _get_relevant_documents(self, query: str, *, run_manager: Any = None) -> list[Any]:  # noqa: ARG002
        return [
            Document(id=hit.id, page_content=hit.passage, metadata={**facts(hit), "score": hit.score})
            for hit in self._finder.find(query)
        ]
