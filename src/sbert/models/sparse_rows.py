"""Rows of which most numbers are zero, gathered batch by batch without ever holding all of them in full."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np

from ..errors import MissingDependencyError
from ..types import AnyArray, FloatArray, IntArray
from .distinct import Distinct


class SparseRows:
    """Takes batches of full rows, keeps what is not zero, and puts all in order at the end. Threads may share it.

    Args:
        width: numbers of a row.
        keep: at most so many of each row, the greatest; of equal ones the first. None for all.
    """

    def __init__(self, width: int, keep: int | None = None) -> None:
        self._width = width
        self._keep = None if keep is None else min(keep, width)
        self._lock = threading.Lock()
        self._pieces: list[tuple[IntArray, IntArray, IntArray, FloatArray]] = []

    def add(self, places: IntArray, rows: AnyArray) -> None:
        """Take rows, (b, width), that belong at some places, (b,)."""
        shown = rows > 0 if self._keep is None else greatest(rows, self._keep)
        where, columns = np.nonzero(shown)
        counts = np.bincount(where, minlength=len(rows))
        piece = np.asarray(places), counts, columns.astype(np.int32), rows[where, columns].astype(np.float32)
        with self._lock:
            self._pieces.append(piece)

    def csr(self, distinct: Distinct, count: int) -> Any:
        """All rows as a ``scipy.sparse.csr_array`` of float32, (count, width).

        Args:
            distinct: which places have the row of another.
            count: number of rows.

        Raises:
            MissingDependencyError: SciPy is not installed.
        """
        sparse = scipy_sparse()
        if not self._pieces:
            return sparse.csr_array((count, self._width), dtype=np.float32)
        places, counts, columns, values = (np.concatenate(parts) for parts in zip(*self._pieces, strict=True))
        starts = np.concatenate([[0], np.cumsum(counts)])
        stacked = sparse.csr_array((values, columns, starts), shape=(len(counts), self._width))
        order = np.empty(count, np.int64)
        order[places] = np.arange(len(places))
        order[distinct.repeats] = order[distinct.originals]
        return stacked[order]


def greatest(rows: AnyArray, k: int) -> AnyArray:
    """Which numbers of each row are its k greatest and above 0; of equal ones the first: (b, width) bool.

    >>> greatest(np.array([[1.0, 3.0, 0.0, 1.0], [0.0, 0.0, 0.0, 2.0]]), 2).astype(int).tolist()
    [[1, 1, 0, 0], [0, 0, 0, 1]]
    """
    width = rows.shape[1]
    if k >= width:
        return np.asarray(rows > 0)
    least = np.partition(rows, width - k, axis=1)[:, width - k, None]
    above, equal = rows > least, rows == least
    room = k - above.sum(axis=1, keepdims=True)
    return np.asarray((above | (equal & (np.cumsum(equal, axis=1) <= room))) & (rows > 0))


def scipy_sparse() -> Any:
    """The module ``scipy.sparse``.

    Raises:
        MissingDependencyError: SciPy is not installed.
    """
    try:
        import scipy.sparse
    except ImportError as error:
        raise MissingDependencyError("scipy", "hold sparse vectors", "sparse") from error
    return scipy.sparse
