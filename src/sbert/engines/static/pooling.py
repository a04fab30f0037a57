"""The sum and mean of rows of a table, for many texts at once."""

from __future__ import annotations

import numpy as np

from ...types import AnyArray, FloatArray, IntArray

# Texts that are summed together: their sums stay in a processor's cache. Found by measurement.
_TEXTS = 512
# Longer texts are summed in pieces of so many tokens, and then their pieces, so that no text takes many small steps.
_PIECE = 256


def mean_rows(table: AnyArray, ids: IntArray, starts: IntArray) -> FloatArray:
    """The mean of the rows that each text names; arguments and result are those of :func:`sum_rows`."""
    total = sum_rows(table, ids, starts)
    total /= np.maximum(np.diff(starts), 1)[:, None].astype(np.float32)
    return total


def sum_rows(table: AnyArray, ids: IntArray, starts: IntArray) -> FloatArray:
    """The sum of the rows that each text names.

    Rows are added in the order of the text, so the sum does not depend on other texts, bit for bit. All texts' first
    rows are added in one step, then all second rows, and so on: texts go longest first, so that those which still have
    a row stand together. (NumPy's ``add.reduceat`` does the same many times slower.)

    Args:
        table: (rows, d), of any real dtype.
        ids: row numbers of all texts, (total,); each less than ``rows``, which is not checked.
        starts: where each text begins in ``ids``, with one more entry at the end, (n + 1,).

    Returns:
        (n, d) float32; zeros for a text without tokens.
    """
    lengths = np.diff(starts)
    if lengths.max(initial=0) > _PIECE:
        return _sum_pieces(table, ids, starts)
    out = np.zeros((len(lengths), table.shape[1]), np.float32)
    order = np.argsort(-lengths, kind="stable")
    for first in range(0, len(order), _TEXTS):
        texts = order[first : first + _TEXTS]
        out[texts] = _sums(table, ids, starts[texts], lengths[texts])
    return out


def _sum_pieces(table: AnyArray, ids: IntArray, starts: IntArray) -> FloatArray:
    bounds = np.zeros_like(starts)
    np.cumsum(-(-np.diff(starts) // _PIECE), out=bounds[1:])  # where each text's pieces begin among all pieces
    place = np.arange(bounds[-1]) - np.repeat(bounds[:-1], np.diff(bounds))
    piece_starts = np.append(np.repeat(starts[:-1], np.diff(bounds)) + place * _PIECE, starts[-1])
    return sum_rows(sum_rows(table, ids, piece_starts), np.arange(bounds[-1]), bounds)


def _sums(table: AnyArray, ids: IntArray, starts: IntArray, lengths: IntArray) -> FloatArray:
    """Sums of the rows of texts that are sorted by length, longest first."""
    total = np.zeros((len(lengths), table.shape[1]), np.float32)
    rows = np.empty(total.shape, table.dtype)
    # How many texts have a token at place 0, 1, 2 ...
    alive = np.searchsorted(-lengths, -np.arange(lengths[0]), side="left")
    for place, count in enumerate(alive.tolist()):
        # clip: the other modes copy through a buffer.
        np.take(table, ids[starts[:count] + place], axis=0, out=rows[:count], mode="clip")
        total[:count] += rows[:count]
    return total
