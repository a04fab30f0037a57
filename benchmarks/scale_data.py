"""Many vectors: real ones, and beyond those simulated ones, which are real ones a little changed."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

# Rows that are made at a time. Each chunk has a seed of its own, so any of them can be made alone.
CHUNK = 100_000
# Length of what is added to a vector of length 1: a changed one has a cosine of 0.958 with its real one.
CHANGE = 0.3

# Neighbours that are asked for.
K = 10
# Conditions by the percentage of rows that they leave: those whose names end in one of these. Queries under each.
ENDINGS = {"0.1": ("777",), "1": ("77",), "10": ("7",), "50": tuple("13579"), "100": tuple("0123456789")}
FILTERED_QUERIES = 50

Array = npt.NDArray[np.float32]


def chunk(base: Array, first: int, count: int) -> Array:
    """Rows of an endless matrix: those of ``base``, then changed copies of them, over and over.

    Args:
        base: (n, d), of length 1.
        first: a multiple of :data:`CHUNK`.
        count: at most :data:`CHUNK`.
    """
    numbers = np.arange(first, first + count)
    rows: Array = np.asarray(base[numbers % len(base)], np.float32)
    copies = numbers >= len(base)
    if copies.any():
        noise = np.random.default_rng(first).standard_normal((count, base.shape[1]), dtype=np.float32)
        noise *= CHANGE / np.sqrt(base.shape[1])
        rows[copies] += noise[copies]
        rows[copies] /= np.linalg.norm(rows[copies], axis=1, keepdims=True)
    return rows


def exact(base: Array, rows: int, queries: Array, k: int) -> npt.NDArray[np.int64]:
    """The k rows most like each query, by comparing all: (q, k)."""
    scores = np.empty((len(queries), 0), np.float32)
    ids = np.empty((len(queries), 0), np.int64)
    for first in range(0, rows, CHUNK):
        block = queries @ chunk(base, first, min(CHUNK, rows - first)).T
        best = np.argpartition(-block, k, axis=1)[:, :k]
        scores = np.concatenate([scores, np.take_along_axis(block, best, axis=1)], axis=1)
        ids = np.concatenate([ids, best + first], axis=1)
        order = np.argsort(-scores, axis=1, kind="stable")[:, :k]
        scores, ids = np.take_along_axis(scores, order, axis=1), np.take_along_axis(ids, order, axis=1)
    return ids
