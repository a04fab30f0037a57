"""Searching the server's index."""

from __future__ import annotations

import time

from starlette.requests import Request
from starlette.responses import Response

from ..answers import answer, truncation_headers
from ..body import checked
from ..refusals import NotHere, TooLarge, WrongField
from ..schemas import SearchRequest
from ..state import state_of
from ..tally import tally_of
from ..work import check_sizes

#: What the index calls the modes.
_MODES = {"hybrid": "hybrid", "vector": "dense", "text": "text"}


async def search(request: Request) -> Response:
    """The passages that answer a query best."""
    state, tally = state_of(request), tally_of(request)
    async with state.bodies.json(request) as body:
        asked = checked(SearchRequest, body)
        if state.searches is None:
            raise NotHere("This server has no index.")
        if asked.rerank and state.searches.reranker is None:
            raise WrongField("rerank needs a reranker, which this server was started without.", "rerank")
        if asked.top_k > state.limits.top_k:
            raise TooLarge(f"top_k may be {state.limits.top_k:,} at the most; got {asked.top_k:,}.", "top_k")
        check_sizes([asked.query, asked.where or ""], 2, state.limits.text_characters)
        tally.items, tally.model = 1, "index"
        started = time.perf_counter()
        hits, cut = await state.searches.search(
            request, asked.query, asked.top_k, _MODES[asked.mode], asked.where, rerank=asked.rerank
        )
    milliseconds = round((time.perf_counter() - started) * 1000, 2)
    tally.truncated = int(cut)
    found = {"hits": [state.searches.found(hit) for hit in hits], "milliseconds": milliseconds, "truncated": int(cut)}
    return answer(found, truncation_headers(int(cut), 1))
