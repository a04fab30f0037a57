"""All routes: what answers each, and what it reads and gives. The application and its OpenAPI are made of this."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from .. import schemas
from ..page_files import page_files
from . import corpus, explain, openai, page, rerank, search, status, tei

Endpoint = Callable[[Request], Awaitable[Response]]


@dataclass(frozen=True)
class Operation:
    """A route.

    Args:
        path: of it.
        endpoint: answers it; the first line of its docstring is what people are told.
        asks: forms of the body, any one of them; none for GET.
        gives: forms of the answer, any one of them; a string for text of that media type.
        unlisted: whether it is left out of the OpenAPI: another path of a route that is in it, or a page for people.
        is_page: whether it is a file of the page for people, which a server may be without.
        query: names of parameters behind the path, all of which must be there.
        others: further statuses, with what each means and the form of its answer.
    """

    path: str
    endpoint: Endpoint
    asks: tuple[Any, ...] = ()
    gives: tuple[Any, ...] | str = ()
    unlisted: bool = False
    is_page: bool = False
    query: tuple[str, ...] = ()
    others: Mapping[int, tuple[str, Any]] = field(default_factory=dict)

    @property
    def method(self) -> str:
        """POST where there is a body, else GET."""
        return "POST" if self.asks else "GET"


_RERANK = (
    (schemas.RerankDocumentsRequest, schemas.RerankTextsRequest),
    (schemas.RerankAnswer, list[schemas.RankedText]),
)

_NO_INDEX = {404: ("The server has no index, or the index has no such thing.", schemas.TeiError)}

OPERATIONS: tuple[Operation, ...] = (
    Operation("/v1/embeddings", openai.embeddings, (schemas.EmbeddingsRequest,), (schemas.EmbeddingsAnswer,)),
    Operation("/v1/models", openai.models, (), (schemas.ModelsAnswer,)),
    Operation("/v1/rerank", rerank.rerank, *_RERANK),
    Operation("/rerank", rerank.rerank, *_RERANK),
    Operation("/embed", tei.embed, (schemas.EmbedRequest,), (list[list[float]],)),
    Operation("/", tei.embed, (schemas.EmbedRequest,), (list[list[float]],), unlisted=True),
    Operation("/embed_sparse", tei.embed_sparse, (schemas.EmbedSparseRequest,), (list[list[schemas.SparseValue]],)),
    Operation("/similarity", tei.similarity, (schemas.SimilarityRequest,), (list[float],)),
    Operation("/search", search.search, (schemas.SearchRequest,), (schemas.SearchAnswer,)),
    Operation("/explain", explain.explain, (schemas.ExplainRequest,), (schemas.ExplainAnswer,)),
    Operation(
        "/map",
        corpus.index_map,
        (),
        (schemas.MapAnswer,),
        others={202: ("It is being made.", schemas.StatusAnswer), **_NO_INDEX},
    ),
    Operation(
        "/image",
        corpus.picture,
        (),
        "image/jpeg",
        query=("document",),
        others={**_NO_INDEX, 422: ("document is missing.", schemas.TeiError)},
    ),
    Operation("/info", status.info, (), (schemas.InfoAnswer,)),
    Operation("/health", status.health, (), (schemas.StatusAnswer,)),
    Operation("/ready", status.ready, (), (schemas.StatusAnswer,), others={503: ("Not ready.", schemas.StatusAnswer)}),
    Operation("/metrics", status.metrics, (), "text/plain"),
    Operation("/openapi.json", status.openapi, (), "application/json"),
    # GET / stands beside the POST / of text-embeddings-inference.
    *(Operation(path, page.page, (), "text/html", unlisted=True, is_page=True) for path in page_files()),
)
