"""All routes: what answers each, and what it reads and gives. The application and its OpenAPI are made of this."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from .. import schemas
from . import openai, rerank, search, status, tei

Endpoint = Callable[[Request], Awaitable[Response]]


@dataclass(frozen=True)
class Operation:
    """A route.

    Args:
        path: of it.
        endpoint: answers it; the first line of its docstring is what people are told.
        asks: forms of the body, any one of them; none for GET.
        gives: forms of the answer, any one of them; a string for text of that media type.
        alias: whether it is left out of the OpenAPI, being another path of a route that is in it.
    """

    path: str
    endpoint: Endpoint
    asks: tuple[Any, ...] = ()
    gives: tuple[Any, ...] | str = ()
    alias: bool = False

    @property
    def method(self) -> str:
        """POST where there is a body, else GET."""
        return "POST" if self.asks else "GET"


_RERANK = (
    (schemas.RerankDocumentsRequest, schemas.RerankTextsRequest),
    (schemas.RerankAnswer, list[schemas.RankedText]),
)

# The page for people will be GET / (routes/page.py), beside the POST / of text-embeddings-inference.
OPERATIONS: tuple[Operation, ...] = (
    Operation("/v1/embeddings", openai.embeddings, (schemas.EmbeddingsRequest,), (schemas.EmbeddingsAnswer,)),
    Operation("/v1/models", openai.models, (), (schemas.ModelsAnswer,)),
    Operation("/v1/rerank", rerank.rerank, *_RERANK),
    Operation("/rerank", rerank.rerank, *_RERANK),
    Operation("/embed", tei.embed, (schemas.EmbedRequest,), (list[list[float]],)),
    Operation("/", tei.embed, (schemas.EmbedRequest,), (list[list[float]],), alias=True),
    Operation("/embed_sparse", tei.embed_sparse, (schemas.EmbedSparseRequest,), (list[list[schemas.SparseValue]],)),
    Operation("/similarity", tei.similarity, (schemas.SimilarityRequest,), (list[float],)),
    Operation("/search", search.search, (schemas.SearchRequest,), (schemas.SearchAnswer,)),
    Operation("/info", status.info, (), (schemas.InfoAnswer,)),
    Operation("/health", status.health, (), (schemas.StatusAnswer,)),
    Operation("/ready", status.ready, (), (schemas.StatusAnswer,)),
    Operation("/metrics", status.metrics, (), "text/plain"),
    Operation("/openapi.json", status.openapi, (), "application/json"),
)
