"""Reading what a client sends: bounded, in parts, and checked against the form that the route declares."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import from_json
from starlette.requests import Request

from ..errors import closest
from .limits import Limits
from .refusals import ClientGone, Malformed, Overloaded, SlowBody, TooLarge, WrongField
from .schemas import TAG

Asked = TypeVar("Asked", bound=BaseModel)


class Bodies:
    """The bodies that are held at a time, so that many large ones cannot fill the memory.

    Args:
        limits: of one, of all, and of the time that one may take.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self.held = 0

    @asynccontextmanager
    async def json(self, request: Request) -> AsyncIterator[Any]:
        """The JSON of a request's body; it counts as held inside the ``with`` block.

        Raises:
            ClientGone: the client left in the middle of it.
            Malformed: it is no JSON, or not in UTF-8.
            Overloaded: too many bytes are held already.
            SlowBody: it takes too long.
            TooLarge: it has more bytes than a body may have.
        """
        length = request.headers.get("content-length", "")
        if length.isdecimal() and int(length) > self._limits.body_bytes:
            raise self._too_large()
        body = bytearray()
        try:
            await self._read(request, body)
            yield _parsed(body)
        finally:
            self.held -= len(body)

    async def _read(self, request: Request, body: bytearray) -> None:
        until = time.monotonic() + self._limits.timeout
        while True:
            try:
                message = await asyncio.wait_for(request.receive(), max(0.0, until - time.monotonic()))
            except asyncio.TimeoutError:  # another class than TimeoutError before Python 3.11
                raise SlowBody(
                    f"The body did not come within {self._limits.timeout:g} s; {len(body):,} bytes did."
                ) from None
            if message["type"] == "http.disconnect":
                raise ClientGone("The client left before its body was read.")
            part = message.get("body", b"")
            if len(body) + len(part) > self._limits.body_bytes:
                raise self._too_large()
            if self.held + len(part) > self._limits.held_bytes:
                raise Overloaded(f"The server holds {self.held:,} bytes of other requests.")
            body += part
            self.held += len(part)
            if not message.get("more_body", False):
                return

    def _too_large(self) -> TooLarge:
        return TooLarge(f"A body may have {self._limits.body_bytes:,} bytes. Send fewer texts at a time.")


def _parsed(body: bytearray) -> Any:
    try:
        return from_json(body, allow_inf_nan=False, cache_strings="keys")
    except ValueError as error:
        raise Malformed(f"The body is no JSON that can be read: {error}.") from error


def checked(form: type[Asked], value: Any) -> Asked:
    """A body as the form that a route reads.

    Args:
        form: with the names and types of its fields.
        value: what the JSON holds.

    Raises:
        WrongField: it does not have that form; the first fault is named.
    """
    if not isinstance(value, Mapping):
        raise WrongField(f"The body must be a JSON object; got {_kind(value)}.")
    try:
        return form.model_validate(value)
    except ValidationError as error:
        raise _told(error, form) from error


def _told(error: ValidationError, form: type[BaseModel]) -> WrongField:
    errors = error.errors(include_url=False)
    # A misspelt name is told before the right one is missed.
    first = next((each for each in errors if each["type"] == "extra_forbidden"), errors[0])
    if first["type"] == "extra_forbidden":
        unknown = str(first["loc"][-1])[:100]
        return WrongField(f"{unknown!r} is not a field of this route.{closest(unknown, form.model_fields)}", unknown)
    # Of a field that may have several forms, pydantic names the form too; no client wrote that.
    names = [part for part in first["loc"] if not str(part).startswith(TAG)]
    field = str(names[0]) if names else None
    where = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in names).lstrip(".") or "The body"
    if first["type"] == "missing":
        return WrongField(f"{where} is missing.", field)
    told = re.sub("^(Input|List|String) should", "must", first["msg"]).partition(" after validation")[0].rstrip(".")
    return WrongField(f"{where} {told}; got {_kind(first['input'])}.", field)


def _kind(value: Any) -> str:
    """What JSON calls a value. Texts are not shown: they may be private, and errors are logged elsewhere."""
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, (int, float)):
        return str(value) if abs(value) < 1e15 else "a large number"
    if isinstance(value, str):
        return f"a string of {len(value):,} characters"
    return f"a list of {len(value):,}" if isinstance(value, list) else "an object"
