"""Reranking, in the forms of Cohere, Jina and text-embeddings-inference; the body tells which."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from ..answers import answer, truncation_headers
from ..body import checked
from ..readers import Reading
from ..schemas import RerankDocumentsRequest, RerankTextsRequest
from ..state import state_of
from ..tally import tally_of
from ..work import work


async def rerank(request: Request) -> Response:
    """The texts in the order in which they answer the query."""
    async with state_of(request).bodies.json(request) as body:
        if isinstance(body, Mapping) and "texts" in body:
            return await _texts(request, checked(RerankTextsRequest, body))
        return await _documents(request, checked(RerankDocumentsRequest, body))


async def _documents(request: Request, asked: RerankDocumentsRequest) -> Response:
    served = state_of(request).models.find(asked.model, "reranker")
    texts = [document if isinstance(document, str) else document.text for document in asked.documents]
    done = await work(request, served, Reading(), [(asked.query, text) for text in texts])
    results: list[dict[str, Any]] = [
        {"index": index, "relevance_score": done.rows[index]} for index in _best_first(done.rows)[: asked.top_n]
    ]
    if asked.return_documents:
        for result in results:
            result["document"] = {"text": texts[result["index"]]}
    found = {
        "id": tally_of(request).id,
        "model": served.name,
        "results": results,
        "usage": {"prompt_tokens": done.tokens, "total_tokens": done.tokens},
        "truncated": done.truncated,
    }
    return answer(found, truncation_headers(done.truncated, len(texts)))


async def _texts(request: Request, asked: RerankTextsRequest) -> Response:
    served = state_of(request).models.find(asked.model, "reranker")
    pairs = [(asked.query, text) for text in asked.texts]
    done = await work(request, served, Reading(raw=bool(asked.raw_scores)), pairs, truncate=asked.truncate)
    results: list[dict[str, Any]] = [{"index": index, "score": done.rows[index]} for index in _best_first(done.rows)]
    if asked.return_text:
        for result in results:
            result["text"] = asked.texts[result["index"]]
    return answer(results, truncation_headers(done.truncated, len(pairs)))


def _best_first(scores: list[float]) -> list[int]:
    """The numbers of the best first; of equal ones, the first."""
    return sorted(range(len(scores)), key=lambda index: -scores[index])
