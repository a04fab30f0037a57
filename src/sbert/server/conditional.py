"""Whether a client has an answer already."""

from __future__ import annotations

from starlette.requests import Request


def is_known(request: Request, tag: str) -> bool:
    """Whether ``If-None-Match`` names a tag, so that 304 is enough; weak tags count, as RFC 9110 has it."""
    given = [each.strip().removeprefix("W/") for each in request.headers.get("if-none-match", "").split(",")]
    return tag in given or "*" in given
