"""Work beside the models' lanes: a few pieces at a time, in threads of their own, and so many that wait."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from starlette.requests import Request

from .lane import THREADS
from .limits import Limits
from .panics import without_panics
from .refusals import Overloaded, Stopping
from .work import awaited

Result = TypeVar("Result")


class Threads:
    """Threads that work for requests.

    Args:
        what: they do, in the plural, for their names and messages.
        count: at a time.
        limits: of what may wait, and how long.
    """

    def __init__(self, what: str, count: int, limits: Limits) -> None:
        self._what, self._timeout = what, limits.timeout
        self._room = threading.BoundedSemaphore(limits.searches)
        self._pool = ThreadPoolExecutor(count, thread_name_prefix=f"{THREADS}{what}")

    async def run(self, request: Request, function: Callable[[], Result]) -> Result:
        """What a function returns, as long as the client waits for it.

        Args:
            request: whose client waits.
            function: called in a thread.

        Raises:
            Refusal: too many wait, it took too long, or the server has stopped.
            Exception: what the function raises.
        """
        if not self._room.acquire(blocking=False):
            raise Overloaded(f"Too many {self._what} wait.")
        until = time.monotonic() + self._timeout
        try:
            running = self._pool.submit(without_panics, function)
        except RuntimeError as error:  # the pool is closed
            self._room.release()
            raise Stopping("The server has stopped.") from error
        # Not when the client is told that it took too long, but when the thread is done with it.
        running.add_done_callback(lambda _: self._room.release())
        return await awaited(request, asyncio.wrap_future(running), until)

    def close(self) -> None:
        """End them."""
        self._pool.shutdown(wait=False, cancel_futures=True)
