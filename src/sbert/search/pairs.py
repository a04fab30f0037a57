"""The most similar pairs within one set of vectors."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from ..types import Vectors
from ..vectors import as_array, as_rows
from .exact import in_float32, inverse_norms, positive
from .selection import Ids, Scores, best_columns


@dataclass(frozen=True, repr=False)
class Pairs:
    """Pairs of rows and how similar they are, the most similar first.

    Attributes:
        scores: (p,) float32, decreasing.
        left: (p,) int64, the smaller row number of each pair.
        right: (p,) int64, the greater one. Equal scores are in the order of (left, right).

    >>> most_similar_pairs([[1.0, 0.0], [0.0, 1.0], [2.0, 0.0]], count=2)
    Pairs(2: 0 and 2 at 1.0000, 0 and 1 at 0.0000)
    """

    scores: Scores
    left: Ids
    right: Ids

    def __len__(self) -> int:
        return len(self.scores)

    def __iter__(self) -> Iterator[tuple[float, int, int]]:
        """Each pair as (score, left, right)."""
        return zip(self.scores.tolist(), self.left.tolist(), self.right.tolist(), strict=True)

    def __repr__(self) -> str:
        shown = zip(self.left[:3].tolist(), self.right[:3].tolist(), self.scores[:3].tolist(), strict=True)
        listed = ", ".join(f"{left} and {right} at {score:.4f}" for left, right, score in shown)
        return f"Pairs({len(self)}{': ' if listed else ''}{listed}{', ...' if len(self) > 3 else ''})"


def most_similar_pairs(
    embeddings: Vectors, *, count: int = 20, min_score: float | None = None, chunk_size: int = 1024
) -> Pairs:
    """Find the pairs of rows with the greatest cosine, over all n (n - 1) / 2 pairs.

    Every pair is computed once, in tiles of ``chunk_size`` by ``chunk_size`` rows; of a tile only what is at least as
    good as the worst of the best ``count`` so far is looked at. Beside its argument it holds a few tiles (4 MB each by
    default), twice the result and n numbers.

    Args:
        embeddings: (n, d). NumPy, torch or lists.
        count: how many pairs; all where there are fewer.
        min_score: leave out pairs with a smaller cosine; None for no limit.
        chunk_size: rows of a tile.

    Returns:
        At most ``count`` pairs, each unordered pair of different rows once. Of equal scores those with the smaller
        (left, right) are kept. Rows that are zero have the cosine 0 with all others.

    Raises:
        InputError: NaN or infinity (the first such row is named), or ``count`` or ``chunk_size`` below 1.

    >>> pairs = most_similar_pairs([[1.0, 0.0], [0.0, 1.0], [2.0, 0.0]], min_score=0.5)
    >>> list(pairs)
    [(1.0, 0, 2)]
    """
    count, step = positive("count", count), positive("chunk_size", chunk_size)
    rows = as_rows(embeddings, "embeddings")
    starts = range(0, len(rows), step)
    scales = [inverse_norms(in_float32(rows[start : start + step]), "embeddings", start) for start in starts]
    threshold = -np.inf if min_score is None else float(min_score)
    found = Pairs(np.empty(0, np.float32), np.empty(0, np.int64), np.empty(0, np.int64))
    for top in starts:
        upper = in_float32(rows[top : top + step]) * scales[top // step][:, None]
        for left in range(top, len(rows), step):
            lower = in_float32(rows[left : left + step])
            scores = as_array((upper @ lower.T) * scales[left // step])
            found = _joined(found, _best_of_tile(scores, top, left, count, threshold))
            # Only now and then: putting in order at every tile would cost more than the tiles when count is great.
            if len(found) >= 2 * count:
                found = _first(found, count)
                threshold = max(threshold, float(found.scores[-1]))
    return _first(found, count)


def _best_of_tile(scores: Scores, top: int, left: int, count: int, threshold: float) -> Pairs:
    """The best pairs of one tile that are not below a threshold, in no order.

    Args:
        scores: (r, c), of the rows from ``top`` on with the rows from ``left`` on.
        top: number of the tile's first row.
        left: number of the tile's first column; equal to ``top`` on the diagonal, where one half counts.
        count: how many at most. Ties go to the smaller (row, column), which is their order in memory.
        threshold: scores below it are left out.
    """
    if scores.max() < threshold:
        kept = np.empty(0, np.intp)
    else:
        good = scores >= threshold
        kept = np.flatnonzero(np.triu(good, k=1) if top == left else good)
    values = scores.ravel()[kept]
    if len(kept) > count:
        chosen = best_columns(values[None], count)[0]
        kept, values = kept[chosen], values[chosen]
    rows, columns = np.divmod(kept, scores.shape[1])
    return Pairs(values, rows + top, columns + left)


def _first(pairs: Pairs, count: int) -> Pairs:
    """The first ``count`` pairs when all are put in order."""
    order = np.lexsort((pairs.right, pairs.left, -pairs.scores))[:count]
    return Pairs(pairs.scores[order], pairs.left[order], pairs.right[order])


def _joined(pairs: Pairs, others: Pairs) -> Pairs:
    """All pairs of two sets, in no order."""
    return Pairs(
        np.concatenate([pairs.scores, others.scores]),
        np.concatenate([pairs.left, others.left]),
        np.concatenate([pairs.right, others.right]),
    )
