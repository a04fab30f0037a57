"""LlamaIndex: embeddings, a reranker and a retriever, by the base classes of llama-index-core."""

from __future__ import annotations

import asyncio
from typing import Any

from ..errors import InputError, MissingDependencyError
from ._adapting import MODEL, Encoder, Finder, Ranker, contents, facts

try:
    from llama_index.core.base.base_retriever import BaseRetriever
    from llama_index.core.base.embeddings.base import BaseEmbedding
    from llama_index.core.postprocessor.types import BaseNodePostprocessor
    from llama_index.core.schema import MetadataMode, NodeWithScore, TextNode
    from pydantic import Field, PrivateAttr
except ImportError as error:
    raise MissingDependencyError("llama-index-core", "serve LlamaIndex", "llama-index") from error


class SbertEmbedding(BaseEmbedding):  # type: ignore[misc]
    """Vectors for LlamaIndex. ``to_dict`` keeps the model's name and options, not its weights.

    Args:
        model: name or folder of a dense model, or the model.
        **options: of ``encode``, such as ``normalize_embeddings``; or fields of LlamaIndex's ``BaseEmbedding``.

    Raises:
        InputError: an option is unknown, or the model is not dense.

    >>> SbertEmbedding("all-MiniLM-L6-v2").get_query_embedding("a cat")  # doctest: +SKIP
    """

    encode_options: dict[str, Any] = Field(default_factory=dict, description="Options of encode.")
    _encoder: Encoder = PrivateAttr()

    def __init__(self, model: Any = None, **options: Any) -> None:
        fields = {name: options.pop(name) for name in BaseEmbedding.model_fields if name in options}
        options = {**options.pop("encode_options", {}), **options}
        encoder = Encoder(model if model is not None else fields.get("model_name", MODEL), options)
        # All texts of a call together: sbert makes its own batches.
        super().__init__(**{"embed_batch_size": 2048, **fields, "model_name": encoder.name, "encode_options": options})
        self._encoder = encoder

    @classmethod
    def class_name(cls) -> str:
        """What LlamaIndex files it under."""
        return "SbertEmbedding"

    def _get_query_embedding(self, query: str) -> list[float]:
        return self._encoder.query(query)

    async def _aget_query_embedding(self, query: str) -> list[float]:
        return await asyncio.to_thread(self._encoder.query, query)

    def _get_text_embedding(self, text: str) -> list[float]:
        return self._encoder.documents([text])[0]

    def _get_text_embeddings(self, texts: list[str]) -> list[list[float]]:
        return self._encoder.documents(texts)

    async def _aget_text_embeddings(self, texts: list[str]) -> list[list[float]]:
        return await asyncio.to_thread(self._encoder.documents, texts)


class SbertReranker(BaseNodePostprocessor):  # type: ignore[misc]
    """Puts nodes in the order in which they answer a query, with new scores.

    Args:
        model: name or folder of a cross-encoder, or the model.
        top_n: nodes to keep; all by default.
        **options: of ``rank``, such as ``batch_size``.

    Raises:
        InputError: an option is unknown, the model is no cross-encoder, or there is no query.

    >>> SbertReranker("a-cross-encoder", top_n=3).postprocess_nodes(nodes, query_str="a question")  # doctest: +SKIP
    """

    _ranker: Ranker = PrivateAttr()

    def __init__(self, model: Any, *, top_n: int | None = None, **options: Any) -> None:
        super().__init__()
        self._ranker = Ranker(model, options, top_n)

    @classmethod
    def class_name(cls) -> str:
        """What LlamaIndex files it under."""
        return "SbertReranker"

    def _postprocess_nodes(self, nodes: list[Any], query_bundle: Any = None) -> list[Any]:
        if query_bundle is None:
            raise InputError("A reranker needs the query: pass query_str or query_bundle.")
        texts = contents(nodes, NodeWithScore, lambda node: node.node.get_content(metadata_mode=MetadataMode.EMBED))
        ranked = self._ranker.rank(query_bundle.query_str, texts)
        return [NodeWithScore(node=nodes[number].node, score=score) for number, score in ranked]


class SbertRetriever(BaseRetriever):  # type: ignore[misc]
    """Finds passages in a lasting index, as nodes with scores.

    Args:
        index: an :class:`sbert.Index`, or its folder.
        top_k: passages of a query.
        **options: of ``Index.search``: ``where``, ``mode``, ``fusion``, ``rerank``.

    Raises:
        InputError: an option is unknown.
        StoredIndexError: there is no index.

    >>> SbertRetriever("notes.lance", top_k=3).retrieve("a pet at rest")  # doctest: +SKIP
    """

    def __init__(self, index: Any, *, top_k: int = 10, **options: Any) -> None:
        super().__init__()
        self._finder = Finder(index, top_k, options)

    def _retrieve(self, query_bundle: Any) -> list[Any]:
        return [
            NodeWithScore(node=TextNode(id_=hit.id, text=hit.passage, metadata=facts(hit)), score=hit.score)
            for hit in self._finder.find(query_bundle.query_str)
        ]
