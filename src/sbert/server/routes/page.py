"""The page for people, beside the routes for programs."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from ..conditional import is_known
from ..door import own_path
from ..page_files import page_files


async def page(request: Request) -> Response:
    """A page to search, compare and look at the map in a browser."""
    file = page_files()[own_path(request.scope)]
    if is_known(request, file.tag):
        return Response(status_code=304, headers=file.headers)
    return Response(file.content, headers=file.headers)
