"""Rows that threads share: a loop of NumPy uses one core and lets the interpreter go, so several run side by side."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import TypeVar

Result = TypeVar("Result")

#: Numbers from which on a part is worth a thread.
_WORTH = 1_000_000


@cache
def _threads() -> int:
    """Cores that this process may use, or fewer if it is told so as NumPy's own products are."""
    told = os.environ.get("OMP_NUM_THREADS", "").split(",")[0]
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(cores, int(told)) if told.isdigit() and int(told) else cores


def in_parts(work: Callable[[slice], Result], rows: int, width: int) -> list[Result]:
    """What a function returns for the parts of some rows, in order; each part in a thread of its own.

    The threads are made anew, which takes a fraction of a millisecond, so that a fork never lacks them.

    Args:
        work: is given the rows of a part.
        rows: how many rows there are in all.
        width: numbers of a row; few numbers are one part.

    >>> in_parts(lambda part: sum(range(10)[part]), rows=10, width=1)
    [45]
    """
    parts = max(1, min(_threads(), rows, rows * width // _WORTH))
    if parts == 1:
        return [work(slice(0, rows))]
    ends = [rows * part // parts for part in range(parts + 1)]
    with ThreadPoolExecutor(parts, "sbert-rows") as pool:
        return list(pool.map(work, map(slice, ends, ends[1:])))
