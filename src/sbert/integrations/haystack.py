"""Haystack 2: components that embed texts and documents, rank them, and find passages in a lasting index."""

# Haystack reads the types of ``run`` when a component is made, so they are not postponed here.
from dataclasses import replace
from typing import Any

from ..errors import InputError, MissingDependencyError
from ._adapting import MODEL, Encoder, Finder, Ranker, contents, facts

try:
    from haystack import Document, component, default_from_dict, default_to_dict
except ImportError as error:
    raise MissingDependencyError("haystack-ai", "run in Haystack's pipelines", "haystack") from error


class _Component:
    """Is written down as what it was made with: names and options, no weights."""

    def _made_with(self) -> dict[str, Any]:
        raise NotImplementedError

    def to_dict(self) -> dict[str, Any]:
        """The name of the model or the folder of the index, and the options.

        Raises:
            InputError: one of them cannot be written down.
        """
        written: dict[str, Any] = default_to_dict(self, **self._made_with())
        return written

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Any:
        """What :meth:`to_dict` wrote."""
        return default_from_dict(cls, data)


class _Embedder(_Component):
    def __init__(self, model: Any = MODEL, **options: Any) -> None:
        self._encoder = Encoder(model, options)

    def warm_up(self) -> None:
        """Load the model."""
        _ = self._encoder.model

    def _made_with(self) -> dict[str, Any]:
        return {"model": self._encoder.lasting_name, **self._encoder.options}


@component
class SbertTextEmbedder(_Embedder):
    """The vector of a query, with the model's prompt for queries.

    Args:
        model: name or folder of a dense model, or the model.
        **options: of ``encode``, such as ``normalize_embeddings``.

    Raises:
        InputError: an option is unknown, or the model is not dense.

    >>> SbertTextEmbedder("all-MiniLM-L6-v2").run(text="a cat")["embedding"]  # doctest: +SKIP
    """

    @component.output_types(embedding=list[float])  # type: ignore[untyped-decorator]
    def run(self, text: str) -> dict[str, Any]:
        """``embedding``: of a text."""
        return {"embedding": self._encoder.query(text)}


@component
class SbertDocumentEmbedder(_Embedder):
    """Documents with their vectors, made with the model's prompt for documents; those given are not changed.

    Args:
        model: name or folder of a dense model, or the model.
        **options: of ``encode``, such as ``normalize_embeddings``.

    Raises:
        InputError: an option is unknown, or the model is not dense.

    >>> SbertDocumentEmbedder("all-MiniLM-L6-v2").run(documents=documents)["documents"]  # doctest: +SKIP
    """

    @component.output_types(documents=list[Document])  # type: ignore[untyped-decorator]
    def run(self, documents: list[Document]) -> dict[str, Any]:
        """``documents``: with embeddings, in their order."""
        vectors = self._encoder.documents(contents(documents, Document, lambda document: document.content))
        return {"documents": [replace(each, embedding=vector) for each, vector in zip(documents, vectors, strict=True)]}


@component
class SbertRanker(_Component):
    """Puts documents in the order in which they answer a query, with new scores.

    Args:
        model: name or folder of a cross-encoder, or the model.
        top_k: documents to keep; all by default.
        **options: of ``rank``, such as ``batch_size``.

    Raises:
        InputError: an option is unknown, or the model is no cross-encoder.

    >>> SbertRanker("a-cross-encoder").run(query="a question", documents=documents)  # doctest: +SKIP
    """

    def __init__(self, model: Any, top_k: int | None = None, **options: Any) -> None:
        self._ranker = Ranker(model, options, top_k)

    def warm_up(self) -> None:
        """Load the model."""
        _ = self._ranker.model

    def _made_with(self) -> dict[str, Any]:
        return {"model": self._ranker.lasting_name, "top_k": self._ranker.top, **self._ranker.options}

    @component.output_types(documents=list[Document])  # type: ignore[untyped-decorator]
    def run(self, query: str, documents: list[Document], top_k: int | None = None) -> dict[str, Any]:
        """``documents``: the best first."""
        texts = contents(documents, Document, lambda document: document.content)
        ranked = self._ranker.rank(query, texts, top_k)
        return {"documents": [replace(documents[number], score=score) for number, score in ranked]}


@component
class SbertRetriever(_Component):
    """Finds passages in a lasting index.

    Args:
        index: an :class:`sbert.Index`, or its folder.
        top_k: passages of a query.
        **options: of ``Index.search``: ``where``, ``mode``, ``fusion``, ``rerank``.

    Raises:
        InputError: an option is unknown.
        StoredIndexError: there is no index.

    >>> SbertRetriever("notes.lance").run(query="a pet at rest")["documents"]  # doctest: +SKIP
    """

    def __init__(self, index: Any, top_k: int = 10, **options: Any) -> None:
        self._finder = Finder(index, top_k, options)

    def _made_with(self) -> dict[str, Any]:
        finder = self._finder
        if finder.options.get("rerank") is not None:
            raise InputError("A retriever with rerank cannot be written down. Put an SbertRanker after it instead.")
        return {"index": str(finder.index.path), "top_k": finder.top_k, **finder.options}

    @component.output_types(documents=list[Document])  # type: ignore[untyped-decorator]
    def run(self, query: str, top_k: int | None = None) -> dict[str, Any]:
        """``documents``: the best first."""
        hits = self._finder.find(query, top_k)
        return {"documents": [Document(id=h.id, content=h.passage, meta=facts(h), score=h.score) for h in hits]}
