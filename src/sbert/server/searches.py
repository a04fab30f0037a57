"""Searches of the server's index: a few at a time, in threads of their own."""

from __future__ import annotations

import asyncio
import threading
import time
from concurrent.futures import ThreadPoolExecutor

from starlette.requests import Request

from ..index import Hit, Index
from ..models.cross_encoder import CrossEncoder
from .limits import Limits
from .refusals import Overloaded
from .work import awaited

#: Searches that run at a time. The index's library and the model use all cores by themselves.
_THREADS = 2


class Searches:
    """The searches of an index.

    Args:
        index: which is searched with its own model.
        reranker: puts hits in order where a request asks for it.
        limits: of what may wait.
    """

    def __init__(self, index: Index, reranker: CrossEncoder | None, limits: Limits) -> None:
        self.index, self.reranker = index, reranker
        self._limits = limits
        self._room = threading.BoundedSemaphore(limits.searches)
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="sbert-search")

    async def search(
        self, request: Request, query: str, top_k: int, mode: str, where: str | None, *, rerank: bool
    ) -> tuple[list[Hit], bool]:
        """The hits of a query, and whether the model read only its beginning.

        Args:
            request: that asks.
            query: the text.
            top_k: hits.
            mode: as for :meth:`Index.search`.
            where: as for :meth:`Index.search`.
            rerank: whether the reranker puts them in order.

        Raises:
            Refusal: too many searches wait, something is wrong with this one, or it took too long.
        """
        if not self._room.acquire(blocking=False):
            raise Overloaded("Too many searches wait.")

        def find() -> tuple[list[Hit], bool]:
            hits = self.index.search(query, top_k, mode=mode, where=where, rerank=self.reranker if rerank else None)
            # Each thread reads of its own calls, and a search of words alone makes none.
            return hits, mode != "text" and self.index.model.truncation.truncated > 0

        until = time.monotonic() + self._limits.timeout
        running = self._threads.submit(find)
        # Not when the client is told that it took too long, but when the thread is done with it.
        running.add_done_callback(lambda _: self._room.release())
        return await awaited(request, asyncio.wrap_future(running), until)

    def close(self) -> None:
        """End the threads."""
        self._threads.shutdown(wait=False, cancel_futures=True)
