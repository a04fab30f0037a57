"""The threads of the encode loop: one that works ahead, and some that share what there is to do."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Generic, TypeVar

T = TypeVar("T")
R = TypeVar("R")


def ahead(function: Callable[[T], R], items: Iterable[T]) -> Generator[R, None, None]:
    """What a function makes of each item, in order; a thread works on the next one while the last is used.

    Items are drawn in the thread that asks for results, one ahead. An error of drawing comes after the results of all
    items before it. Closing the iterator early ends the thread. A single item starts none.

    Args:
        function: run on one item at a time.
        items: what to run it on.

    Yields:
        A result for each item.
    """
    source = _Source(items)
    if not source.more():
        return
    item = source.take()
    if not source.more():
        yield function(item)
        source.end()
        return
    with ThreadPoolExecutor(1, "sbert-ahead") as pool:
        pending: Future[R] | None = pool.submit(function, item)
        while pending is not None:
            result = pending.result()
            pending = pool.submit(function, source.take()) if source.more() else None
            yield result
    source.end()


class _Source(Generic[T]):
    """An iterator that can be asked whether there is more, and keeps an error of drawing for later."""

    def __init__(self, items: Iterable[T]) -> None:
        self._items = iter(items)
        self._held: list[T] = []
        self._error: Exception | None = None
        self._ended = False

    def more(self) -> bool:
        if not self._held and not self._ended:
            try:
                self._held.append(next(self._items))
            except StopIteration:
                self._ended = True
            except Exception as error:  # whatever the user's iterator raises: it is raised again by end()
                self._ended, self._error = True, error
        return bool(self._held)

    def take(self) -> T:
        return self._held.pop()

    def end(self) -> None:
        if self._error is not None:
            raise self._error


def share(function: Callable[[T], None], items: Iterator[T], workers: int) -> None:
    """Call a function on each item, on several at once; who does which is left to chance.

    The caller's thread is one of the workers, so with one there is no other thread.

    Args:
        function: may run in several threads at a time.
        items: drawn by one thread at a time.
        workers: how many threads, at least 1.

    Raises:
        BaseException: the first that the function or the iterator raised; what was begun is finished first.
    """
    if workers == 1:
        for item in items:
            function(item)
        return
    lock = threading.Lock()
    failures: list[BaseException] = []

    def work() -> None:
        try:
            while not failures:
                with lock:
                    item = next(items, None)
                if item is None:
                    return
                function(item)
        except BaseException as error:
            failures.append(error)

    helpers = [threading.Thread(target=work, name=f"sbert-bulk-{number}") for number in range(1, workers)]
    for helper in helpers:
        helper.start()
    work()
    try:
        for helper in helpers:
            helper.join()
    except BaseException as error:  # Ctrl-C while waiting: the others stop after the batch that they are at
        failures.append(error)
        for helper in helpers:
            helper.join()
    if failures:
        raise failures[0]
