"""The sum, mean and other poolings of rows of a table, for many texts at once."""

from __future__ import annotations

import numpy as np

from ...checkpoints.modules.pooling import LEAST_WEIGHT
from ...types import AnyArray, FloatArray, IntArray

# Texts that are summed together: their sums stay in a processor's cache. Found by measurement.
_TEXTS = 512
# Longer texts are summed in pieces of so many tokens, and then their pieces, so that no text takes many small steps.
_PIECE = 256


def pooled_rows(
    mode: str, table: AnyArray, ids: IntArray, starts: IntArray, weights: FloatArray | None = None
) -> FloatArray:
    """What a pooling mode makes of the rows that each text names; zeros for a text without tokens.

    Args:
        mode: one of :data:`~sbert.checkpoints.modules.pooling.MODES`.
        table: (rows, d), multiplied by the weights already where there are any.
        ids: row numbers of all texts, (total,).
        starts: where each text begins in ``ids``, with one more entry at the end, (n + 1,).
        weights: of each row, (rows,), whose sum a mean is divided by instead of by the number of tokens.

    Returns:
        (n, d) float32.
    """
    lengths = np.diff(starts)
    if mode in ("cls", "lasttoken"):
        out = np.zeros((len(lengths), table.shape[1]), np.float32)
        some = lengths > 0
        out[some] = table[ids[starts[:-1][some] if mode == "cls" else starts[1:][some] - 1]]
        return out
    if mode == "max":
        return _reduced(np.maximum, table, ids, starts)
    if mode == "weightedmean":
        # Weight 1 for the first token, 2 for the second ...
        places = (np.arange(len(ids)) - np.repeat(starts[:-1], lengths) + 1).astype(np.float32)
        total = sum_rows(table[ids] * places[:, None], np.arange(len(ids)), starts)
        total /= np.maximum(lengths * (lengths + 1) / 2, 1).astype(np.float32)[:, None]
        return total
    if weights is None:
        counts = np.maximum(lengths, 1).astype(np.float32)
    else:
        counts = np.maximum(sum_rows(weights[:, None], ids, starts)[:, 0], np.float32(LEAST_WEIGHT))
    total = sum_rows(table, ids, starts)
    total /= (np.sqrt(counts) if mode == "mean_sqrt_len_tokens" else counts)[:, None]
    return total


def mean_rows(table: AnyArray, ids: IntArray, starts: IntArray) -> FloatArray:
    """The mean of the rows that each text names; arguments and result are those of :func:`pooled_rows`."""
    return pooled_rows("mean", table, ids, starts)


def sum_rows(table: AnyArray, ids: IntArray, starts: IntArray) -> FloatArray:
    """The sum of the rows that each text names; arguments and result are those of :func:`pooled_rows`."""
    return _reduced(np.add, table, ids, starts)


def _reduced(join: np.ufunc, table: AnyArray, ids: IntArray, starts: IntArray) -> FloatArray:
    """The rows that each text names, joined by a function of two.

    Rows are joined in the order of the text, so the result does not depend on other texts, bit for bit. All texts'
    first rows are taken in one step, then all second rows, and so on: texts go longest first, so that those which still
    have a row stand together. (NumPy's ``reduceat`` does the same many times slower.)

    Args:
        join: ``np.add`` or ``np.maximum``.
        table: (rows, d), of any real dtype.
        ids: row numbers of all texts, (total,); each less than ``rows``, which is not checked.
        starts: where each text begins in ``ids``, with one more entry at the end, (n + 1,).

    Returns:
        (n, d) float32; zeros for a text without tokens.
    """
    lengths = np.diff(starts)
    if lengths.max(initial=0) > _PIECE:
        return _joined_pieces(join, table, ids, starts)
    out = np.zeros((len(lengths), table.shape[1]), np.float32)
    order = np.argsort(-lengths, kind="stable")
    for first in range(0, len(order), _TEXTS):
        texts = order[first : first + _TEXTS]
        out[texts] = _joined(join, table, ids, starts[texts], lengths[texts])
    return out


def _joined_pieces(join: np.ufunc, table: AnyArray, ids: IntArray, starts: IntArray) -> FloatArray:
    bounds = np.zeros_like(starts)
    np.cumsum(-(-np.diff(starts) // _PIECE), out=bounds[1:])  # where each text's pieces begin among all pieces
    place = np.arange(bounds[-1]) - np.repeat(bounds[:-1], np.diff(bounds))
    piece_starts = np.append(np.repeat(starts[:-1], np.diff(bounds)) + place * _PIECE, starts[-1])
    return _reduced(join, _reduced(join, table, ids, piece_starts), np.arange(bounds[-1]), bounds)


def _joined(join: np.ufunc, table: AnyArray, ids: IntArray, starts: IntArray, lengths: IntArray) -> FloatArray:
    """Rows of texts that are sorted by length, longest first, joined."""
    total = np.zeros((len(lengths), table.shape[1]), np.float32)
    rows = np.empty(total.shape, table.dtype)
    # How many texts have a token at place 0, 1, 2 ...
    alive = np.searchsorted(-lengths, -np.arange(lengths[0]), side="left")
    for place, count in enumerate(alive.tolist()):
        # clip: the other modes copy through a buffer.
        np.take(table, ids[starts[:count] + place], axis=0, out=rows[:count], mode="clip")
        if place:
            join(total[:count], rows[:count], out=total[:count])
        else:
            total[:count] = rows[:count]
    return total
