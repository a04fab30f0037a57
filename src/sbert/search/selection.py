"""The k greatest numbers of each row, ties to the left: what every search ends in."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from ..types import FloatArray
from ..vectors import Rows, as_array, is_tensor

Scores: TypeAlias = npt.NDArray[np.float32]
Ids: TypeAlias = npt.NDArray[np.int64]

_BLOCK = 32
_WORTH_BLOCKS = 8
#: Scores of several queries with all entries that are held at a time.
_HELD = 50_000_000


def best(scores: Rows, k: int) -> tuple[Scores, Ids]:
    """The k greatest scores of each row, and their columns.

    Args:
        scores: (q, m) without NaN, NumPy or a torch tensor on any device.
        k: how many, 1 to m.

    Returns:
        Scores (q, k) float32 in decreasing order and columns (q, k) int64. Of equal scores the one further left comes
        first, and is the one kept at the end of the list.

    >>> best(np.array([[1.0, 3.0, 2.0, 3.0, 2.0]]), 3)
    (array([[3., 3., 2.]], dtype=float32), array([[1, 3, 2]]))
    """
    if is_tensor(scores) and scores.device.type != "cpu":
        values, columns = best_of_tensor(scores, k)
    else:
        rows = as_array(scores).astype(np.float32, copy=False)
        columns = best_columns(rows, k)
        values = np.take_along_axis(rows, columns, axis=1)
    order = np.argsort(-values, axis=1, kind="stable")
    return np.take_along_axis(values, order, axis=1), np.take_along_axis(columns, order, axis=1)


def best_in_parts(scores_of: Callable[[int, int], Rows], queries: int, entries: int, k: int) -> tuple[Scores, Ids]:
    """The k greatest scores of each query, of which a limited number of rows are held in full at a time.

    Args:
        scores_of: gives the scores of the queries from one number to another, (stop - start, entries).
        queries: how many there are.
        entries: scores of each.
        k: how many are wanted; 0 to ``entries``.

    Returns:
        As :func:`best`: (queries, k) each.
    """
    scores, ids = np.zeros((queries, k), np.float32), np.zeros((queries, k), np.int64)
    step = max(1, _HELD // max(1, entries))
    for start in range(0, queries if k else 0, step):
        stop = min(start + step, queries)
        scores[start:stop], ids[start:stop] = best(scores_of(start, stop), k)
    return scores, ids


def merge(found: tuple[Scores, Ids], further: tuple[Scores, Ids], k: int) -> tuple[Scores, Ids]:
    """The k best of two results of :func:`best`, where every id of the second is greater than any of the first.

    >>> one, two = (np.array([[3.0, 1.0]]), np.array([[0, 1]])), (np.array([[3.0, 2.0]]), np.array([[5, 4]]))
    >>> merge(one, two, 3)
    (array([[3., 3., 2.]]), array([[0, 5, 4]]))
    """
    scores = np.concatenate([found[0], further[0]], axis=1)
    ids = np.concatenate([found[1], further[1]], axis=1)
    order = np.argsort(-scores, axis=1, kind="stable")[:, :k]
    return np.take_along_axis(scores, order, axis=1), np.take_along_axis(ids, order, axis=1)


def ranked(groups: Ids, scores: Scores, ids: Ids) -> Ids:
    """The order by group, then the greatest score first, then id: ``lexsort((ids, -scores, groups))``, sooner.

    One sort of whole numbers that hold group and score is many times as fast as three; ids are looked at where those
    are equal.

    Args:
        groups: (n,) numbers from 0 to 2**31 - 1.
        scores: (n,) float32 without NaN.
        ids: (n,) numbers.

    >>> ranked(np.array([1, 0, 1, 1]), np.array([0.5, 0.1, 0.9, 0.5], np.float32), np.array([7, 3, 5, 6])).tolist()
    [1, 2, 3, 0]
    """
    keys = _keys(groups, scores)
    order = np.argsort(keys)
    found = keys[order]
    equal = found[1:] == found[:-1]
    if equal.any():
        places = np.flatnonzero(np.append(equal, False) | np.append(False, equal))
        tied = order[places]
        order[places] = tied[np.lexsort((ids[tied], keys[tied]))]
    return order


def best_of_groups(groups: Ids, scores: Scores, ids: Ids, count: int, k: int) -> npt.NDArray[np.bool_]:
    """Which are among the k greatest scores of their group; of equal scores those with the smaller ids.

    Sorting keys by themselves, and comparing each with the k-th of its group, takes a fraction of putting all in order.

    Args:
        groups: (n,) numbers below ``count``, which is below 2**31.
        scores: (n,) float32 without NaN.
        ids: (n,) numbers.
        count: how many groups there are.
        k: at least 1.

    >>> groups, scores = np.array([0, 0, 1, 0]), np.array([1, 2, 0, 1], np.float32)
    >>> best_of_groups(groups, scores, np.array([9, 4, 5, 3]), count=2, k=2).tolist()
    [False, True, True, True]
    """
    keys = _keys(groups, scores)
    sizes = np.bincount(groups, minlength=count)
    large = sizes > k
    ends = np.cumsum(sizes)
    last = np.full(count, np.iinfo(np.int64).max)  # the greatest key that is kept
    last[large] = np.sort(keys)[(ends - sizes)[large] + k - 1]
    limits = last[groups]
    kept: npt.NDArray[np.bool_] = keys <= limits
    too_many = np.maximum(np.bincount(groups[kept], minlength=count) - k, 0) * large
    # Where the cut goes through equal scores, those with the greatest ids are too many.
    equal = np.flatnonzero((keys == limits) & (too_many[groups] > 0))
    equal = equal[np.lexsort((-ids[equal], groups[equal]))]
    sizes = np.bincount(groups[equal], minlength=count)
    ranks = np.arange(len(equal)) - (np.cumsum(sizes) - sizes)[groups[equal]]
    kept[equal[ranks < too_many[groups[equal]]]] = False
    return kept


def _keys(groups: Ids, scores: Scores) -> Ids:
    """Whole numbers in the order of the groups, and in each of the scores, the greatest first."""
    bits = (scores + np.float32(0)).view(np.int32).astype(np.int64)  # -0 becomes 0
    ascending = np.where(bits >= 0, bits, -(bits & 0x7FFFFFFF))
    keys: Ids = (groups.astype(np.int64) << 32) - ascending
    return keys


def best_columns(scores: FloatArray, k: int) -> Ids:
    """Columns of the k greatest scores of each row: (q, m) to (q, k), ascending; ties to the left.

    Two levels: the k blocks with the greatest maxima hold all that is sought, since an entry of another block is beaten
    by, or equal to, the maximum of each of those k. A block is every (m/32)th column: their maxima are those of whole
    stretches of memory, found in a quarter of the time of those of neighbours. Where an entry of another block equals
    the k-th score, which may stand further left, the row is looked at again in full. On (100, 100000) scores and k = 10
    this takes an eighth of the time of one partition of whole rows; it loses when the k blocks are much of the row.
    """
    queries, width = scores.shape
    if k * _BLOCK * _WORTH_BLOCKS > width:
        return _best_columns_by_partition(scores, k)
    blocks = width // _BLOCK
    maxima = scores[:, : _BLOCK * blocks].reshape(queries, _BLOCK, blocks).max(axis=1)  # (q, m / 32)
    chosen = _best_columns_by_partition(maxima, k)  # (q, k)
    columns = (np.arange(_BLOCK)[:, None] * blocks + chosen[:, None, :]).reshape(queries, _BLOCK * k)
    left = np.arange(_BLOCK * blocks, width)  # of no block
    columns = np.sort(np.concatenate([columns, np.broadcast_to(left, (queries, len(left)))], axis=1), axis=1)
    candidates = np.take_along_axis(scores, columns, axis=1)
    found = np.take_along_axis(columns, _best_columns_by_partition(candidates, k), axis=1)
    least = np.take_along_axis(scores, found, axis=1).min(axis=1, keepdims=True)  # (q, 1)
    others = np.count_nonzero(maxima >= least, axis=1) > np.count_nonzero(
        np.take_along_axis(maxima, chosen, axis=1) >= least, axis=1
    )
    for row in np.flatnonzero(others):
        found[row] = _best_columns_by_partition(scores[row : row + 1], k)
    return found


def places_above(scores: Scores, threshold: float) -> Ids:
    """Where scores are not below a threshold: (n,) to places, ascending.

    Blocks whose maximum is below it are left out first, as in :func:`best_columns`: where few pass, about half the time
    of comparing each score with the threshold.

    >>> places_above(np.array([0.2, 0.9, 0.5], np.float32), 0.5).tolist()
    [1, 2]
    """
    blocks = len(scores) // _BLOCK
    full = scores[: _BLOCK * blocks]
    chosen = np.flatnonzero(full.reshape(_BLOCK, blocks).max(axis=0) >= threshold)
    if len(chosen) * _WORTH_BLOCKS > blocks:
        return np.flatnonzero(scores >= threshold)
    places = (np.arange(_BLOCK)[:, None] * blocks + chosen).ravel()
    places = np.concatenate([places, np.arange(len(full), len(scores))])
    found: Ids = places[scores[places] >= threshold]
    return found


def _best_columns_by_partition(scores: FloatArray, k: int) -> Ids:
    """The reference of :func:`best_columns`: one partition of each row, then a second look where there are ties."""
    queries, width = scores.shape
    if k == width:
        return np.tile(np.arange(width), (queries, 1))
    columns = np.argpartition(scores, width - k, axis=1)[:, width - k :]
    least = np.take_along_axis(scores, columns, axis=1).min(axis=1, keepdims=True)  # (q, 1)
    for row in np.flatnonzero(np.count_nonzero(scores >= least, axis=1) > k):
        above, equal = np.flatnonzero(scores[row] > least[row]), np.flatnonzero(scores[row] == least[row])
        columns[row] = np.concatenate([above, equal[: k - len(above)]])
    return np.sort(columns, axis=1)


def best_of_tensor(scores: Rows, k: int) -> tuple[Scores, Ids]:
    """Scores and columns of :func:`best_columns`, found where the tensor is, so that only (q, k) numbers leave it."""
    values, columns = scores.topk(k, dim=1)
    least = values[:, -1:]
    for row in as_array(((scores >= least).sum(dim=1) > k).nonzero()[:, 0]):
        above, equal = (scores[row] > least[row]).nonzero()[:, 0], (scores[row] == least[row]).nonzero()[:, 0]
        columns[row, : len(above)] = above
        columns[row, len(above) :] = equal[: k - len(above)]
    columns = columns.sort(dim=1).values
    return as_array(scores.gather(1, columns)).astype(np.float32, copy=False), as_array(columns)
