"""Texts cut into shards: the one place where a job is cut, whoever makes its shards, and on however many machines."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from operator import length_hint
from typing import Any

from ..data.parts import Part


class Cut:
    """Numbered shards of texts, or every so-many-th of them for a part of a job; drawn once, as they are needed.

    Args:
        texts: all texts of the job.
        size: texts in a shard.
        part: which shards are given.

    Attributes:
        part: which shards are given.
        drawn: texts that were drawn so far, those of other parts too.
    """

    def __init__(self, texts: Iterable[Any], size: int, part: Part) -> None:
        self.part = part
        self.drawn = 0
        self._hint = length_hint(texts)
        self._shards = enumerate(self._all(iter(texts), size))
        self._ahead: list[tuple[int, list[Any]]] = []

    def __iter__(self) -> Iterator[tuple[int, list[Any]]]:
        while (shard := self._ahead.pop() if self._ahead else next(self._shards, None)) is not None:
            if self.part.has(shard[0]):
                yield shard

    def __length_hint__(self) -> int:
        return self._hint // self.part.count

    def peek(self) -> list[Any]:
        """The items of the next shard of the whole job, which stays to be drawn; none at the end."""
        self._ahead = list(islice(self._shards, 1))
        return self._ahead[0][1] if self._ahead else []

    def _all(self, source: Iterator[Any], size: int) -> Iterator[list[Any]]:
        while items := list(islice(source, size)):
            self.drawn += len(items)
            yield items
