"""What the server's index looks like: its map, and its pictures."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import Response

from ..answers import answer
from ..conditional import is_known
from ..refusals import NotHere, WrongField
from ..state import state_of

if TYPE_CHECKING:
    from ..searches import Searches

_PRIVATE = {"Cache-Control": "private, no-cache"}


async def index_map(request: Request) -> Response:
    """The passages of the index as places in a plane, with named clusters; 202 while it is being made."""
    found = await _searches(request).newest_map(request)
    if found is None:
        return answer({"status": "computing"}, {"Retry-After": "1"}, 202)
    headers = _PRIVATE | {"ETag": f'"{found.version}"'}
    if is_known(request, headers["ETag"]):
        return Response(status_code=304, headers=headers)
    return Response(found.body, headers=headers, media_type="application/json")


async def picture(request: Request) -> Response:
    """A small picture of the image that a document is of."""
    document = request.query_params.get("document")
    if not document:
        raise WrongField("document is missing: /image?document=NAME.", "document")
    made = await _searches(request).picture(request, document)
    headers = {"Cache-Control": "private, max-age=3600", "X-Content-Type-Options": "nosniff"}
    return Response(made, headers=headers, media_type="image/jpeg")


def _searches(request: Request) -> Searches:
    searches = state_of(request).searches
    if searches is None:
        raise NotHere("This server has no index.")
    return searches
