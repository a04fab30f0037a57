"""From the items of a request to their rows: counted, queued, waited for as long as somebody waits for them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

from starlette.requests import Request

from .panics import without_panics
from .readers import Counted, Reading
from .refusals import ClientGone, Stopping, TimedOut, TooLarge
from .served import Served
from .state import state_of
from .tally import tally_of

Result = TypeVar("Result")
#: Characters that are counted in the event loop; more go to a thread, so that other requests are not held up.
_AT_ONCE = 4096
#: Of a token, about.
_CHARACTERS = 4


@dataclass(frozen=True)
class Done:
    """What a model made of a request.

    Args:
        rows: one for each item.
        tokens: that were read.
        truncated: items that were cut.
    """

    rows: list[Any]
    tokens: int
    truncated: int


async def work(
    request: Request, served: Served, reading: Reading, items: Sequence[Any], *, truncate: bool | None = None
) -> Done:
    """Have a model read items.

    Args:
        request: whose they are.
        served: the model.
        reading: how they are read.
        items: texts, pairs or images.
        truncate: False refuses items that are longer than the model reads.

    Raises:
        Refusal: there are too many, they are too long, or it took too long.
        SbertError: the model cannot read them.
    """
    state, tally = state_of(request), tally_of(request)
    check_sizes(items, state.limits.items, state.limits.text_characters)
    until = time.monotonic() + state.limits.timeout
    counted = await _counted(request, served, reading, items, until)
    tally.model, tally.items = served.name, len(items)
    if truncate is False and counted.first_cut is not None:
        raise TooLarge(
            f"Item {counted.first_cut} has more than the {served.model.max_seq_length} tokens that {served.name} "
            "reads. Split it, or leave out truncate."
        )
    ticket = served.lane.submit(reading, items, counted.tokens)
    try:
        rows = await awaited(request, ticket.future, until)
    finally:
        tally.queued = ticket.queued
    tally.tokens, tally.truncated = sum(counted.tokens), counted.truncated
    return Done(rows, tally.tokens, counted.truncated)


def check_sizes(items: Sequence[Any], most: int, characters: int) -> None:
    """Refuse what is too much for one request.

    Raises:
        TooLarge: there are too many items, or a text is too long.
    """
    if len(items) > most:
        raise TooLarge(f"A request may have {most:,} texts; this one has {len(items):,}. Send fewer at a time.")
    for place, item in enumerate(items):
        length = len(item) if isinstance(item, str) else sum(map(len, item)) if isinstance(item, tuple) else 0
        if length > characters:
            raise TooLarge(f"Text {place} has {length:,} characters; {characters:,} are allowed. Split it.")


async def awaited(request: Request, future: asyncio.Future[Result], until: float) -> Result:
    """The result of a future, as long as the client is there and the time is not up; else it is cancelled.

    Args:
        request: whose client waits.
        future: the result.
        until: when it is given up, in seconds of ``time.monotonic``.

    Raises:
        ClientGone: the client left.
        Stopping: the server ended its threads.
        TimedOut: it took too long.
        Exception: what the future got.
    """
    limits = state_of(request).limits
    gone = asyncio.ensure_future(_gone(request))
    try:
        waited: set[asyncio.Future[Any]] = {future, gone}
        await asyncio.wait(waited, timeout=max(0.0, until - time.monotonic()), return_when=asyncio.FIRST_COMPLETED)
        if future.cancelled():  # by whoever closes the threads; this function does so below
            raise Stopping("The server stopped before the answer was there.")
        if future.done():
            return future.result()
        if gone.done():
            raise ClientGone("The client left before its answer was there.")
        raise TimedOut(f"There was no answer within {limits.timeout:g} s. Try again later, or send less at a time.")
    finally:
        gone.cancel()
        future.cancel()


async def _counted(request: Request, served: Served, reading: Reading, items: Sequence[Any], until: float) -> Counted:
    texts = [item for item in items if _is_text(item)]
    length = sum(len(text) if isinstance(text, str) else sum(map(len, text)) for text in texts)
    if length <= _AT_ONCE:
        return without_panics(partial(served.reader.count, reading, items))
    about = min(length // _CHARACTERS, len(texts) * (served.model.max_seq_length or length))
    with served.lane.expecting(about):
        running = state_of(request).counter.submit(without_panics, partial(served.reader.count, reading, items))
        return await awaited(request, asyncio.wrap_future(running), until)


def _is_text(item: Any) -> bool:
    return isinstance(item, (str, tuple))


async def _gone(request: Request) -> None:
    """End when the client leaves; its body has been read already."""
    while (await request.receive())["type"] != "http.disconnect":
        pass
