"""Searches of the server's index: a few at a time, in threads of their own."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request

from ..errors import ImageError, MissingDependencyError
from ..index import Hit, Index
from ..index.formats.images import is_image
from ..models.cross_encoder import CrossEncoder
from .limits import Limits
from .maps import Map, Maps
from .refusals import NotHere
from .served import own_name
from .threads import Threads

#: Searches that run at a time. The index's library and the model use all cores by themselves.
_THREADS = 2
#: Pixels of the longer side of a picture.
_SIDE = 480


class Searches:
    """The searches of an index, its map and its pictures.

    Args:
        index: which is searched with its own model.
        reranker: puts hits in order where a request asks for it.
        limits: of what may wait.
    """

    def __init__(self, index: Index, reranker: CrossEncoder | None, limits: Limits) -> None:
        self.index, self.reranker = index, reranker
        self._maps = Maps(index, limits.map_points)
        self._threads = Threads("searches", _THREADS, limits)

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

        def find() -> tuple[list[Hit], bool]:
            hits = self.index.search(query, top_k, mode=mode, where=where, rerank=self.reranker if rerank else None)
            # Each thread reads of its own calls, and a search of words alone makes none.
            return hits, mode != "text" and self.index.model.truncation.truncated > 0

        return await self._threads.run(request, find)

    async def newest_map(self, request: Request) -> Map | None:
        """The map of the index; None while it is being made.

        Raises:
            Refusal: too much waits.
        """
        return await self._threads.run(request, self._maps.newest)

    async def picture(self, request: Request, document: str) -> bytes:
        """A JPEG of the image that a document is of.

        Raises:
            Refusal: there is none, or it cannot be read.
        """

        def read() -> bytes:
            path = self.index.image(document)
            if path is None:
                raise NotHere("The index has no image of that name.", "document")
            try:
                from ..images.thumbnail import small_jpeg

                return small_jpeg(path, _SIDE)
            except (ImageError, MissingDependencyError) as error:
                raise NotHere(str(error), "document") from error

        return await self._threads.run(request, read)

    async def facts(self, request: Request) -> dict[str, Any]:
        """What there is to know of the index before it is searched."""

        def read() -> dict[str, Any]:
            return {
                "name": self.index.path.name,
                "passages": len(self.index),
                "model": own_name(self.index.model),
                "metadata": self.index.metadata,
                "reranks": self.reranker is not None,
            }

        return await self._threads.run(request, read)

    @staticmethod
    def found(hit: Hit) -> dict[str, Any]:
        """A hit as clients get it."""
        return {**hit.to_dict(), "image": is_image(hit.document)}

    def close(self) -> None:
        """End the threads."""
        self._threads.close()
