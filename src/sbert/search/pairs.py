"""Pairs within one set of vectors: the most similar ones, or all that are similar enough."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..errors import positive
from ..types import Vectors
from ..vectors import as_array, as_rows
from .scoring import in_float32, inverse_norms, unit_rows
from .selection import Ids, Scores, best_columns, places_above, ranked

#: Rows of a tile by itself: with fewer, threads wait for each other for much of the time when other work is about.
TILE = 2048
#: Pairs of rows that are copied and compared at a time: few enough to stay near the processor.
_PAIRS_AT_A_TIME = 512


@dataclass(frozen=True, repr=False)
class Pairs:
    """Pairs of rows and how similar they are, the most similar first.

    Attributes:
        scores: (p,) float32, decreasing.
        left: (p,) int64, the smaller row number of each pair; of pairs between two sets, the row of the first.
        right: (p,) int64, the other one. Equal scores are in the order of (left, right).

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

    def at(self, chosen: Any) -> Pairs:
        """Some of the pairs, by their places or by a mask."""
        return Pairs(self.scores[chosen], self.left[chosen], self.right[chosen])

    def first(self, count: int | None = None) -> Pairs:
        """The first ``count`` pairs, or all, when they are put in order."""
        chosen = np.arange(len(self))
        if count is not None and count < len(self):
            least = np.partition(self.scores, len(self) - count)[len(self) - count]
            chosen = np.flatnonzero(self.scores >= least)  # a few too many where scores are equal
        width = 1 + int(self.right[chosen].max(initial=0))
        places = self.left[chosen] * width + self.right[chosen]
        return self.at(chosen[ranked(np.zeros(len(chosen), np.int64), self.scores[chosen], places)][:count])

    @classmethod
    def joined(cls, parts: Iterable[Pairs]) -> Pairs:
        """All pairs of several sets, in no order."""
        found = [*parts, cls(np.empty(0, np.float32), np.empty(0, np.int64), np.empty(0, np.int64))]
        return cls(*(np.concatenate([getattr(part, name) for part in found]) for name in ("scores", "left", "right")))


def most_similar_pairs(
    embeddings: Vectors, *, count: int = 20, min_score: float | None = None, chunk_size: int = TILE
) -> Pairs:
    """Find the pairs of rows with the greatest cosine, over all n (n - 1) / 2 pairs.

    Every pair is computed once, in tiles of ``chunk_size`` by ``chunk_size`` rows; of a tile only what is at least as
    good as the worst of the best ``count`` so far is looked at. Beside its argument it holds a few tiles (16 MB each by
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
    count = positive("count", count)
    threshold = -np.inf if min_score is None else float(min_score)
    found = Pairs.joined([])
    tiles = Tiles(embeddings, chunk_size)
    for strip in range(len(tiles)):
        for tile in tiles.strip(strip):
            found = Pairs.joined([found, tile.above(threshold, count)])
            # Only now and then: putting in order at every tile would cost more than the tiles when count is great.
            if len(found) >= 2 * count:
                found = found.first(count)
                threshold = max(threshold, float(found.scores[-1]))
    return found.first(count)


@dataclass(frozen=True)
class Tile:
    """Cosines of some rows with some others, (r, c), in memory that the next tile is written into.

    Args:
        scores: the cosines.
        top: number of the first row.
        left: number of the first column; equal to ``top`` on the diagonal, where one half counts.
    """

    scores: Scores
    top: int
    left: int

    def above(self, threshold: float, count: int | None = None) -> Pairs:
        """The pairs that are not below a threshold, in no order.

        Args:
            threshold: cosines below it are left out.
            count: the best of them, so many. Ties go to the smaller (row, column), which is their order in memory.
        """
        kept = places_above(self.scores.ravel(), threshold)
        rows, columns = np.divmod(kept, self.scores.shape[1])
        if self.top == self.left:
            half = columns > rows
            kept, rows, columns = kept[half], rows[half], columns[half]
        values = self.scores.ravel()[kept]
        if count is not None and len(kept) > count:
            chosen = best_columns(values[None], count)[0]
            values, rows, columns = values[chosen], rows[chosen], columns[chosen]
        return Pairs(values, rows + self.top, columns + self.left)


class Tiles:
    """The cosines of all pairs of rows, each pair once, in tiles of the upper triangle: strip after strip of rows.

    Args:
        embeddings: (n, d). NumPy, torch or lists.
        size: rows of a tile.

    Raises:
        InputError: NaN or infinity (the first such row is named), or a size below 1.
    """

    def __init__(self, embeddings: Vectors, size: int) -> None:
        self._step = positive("chunk_size", size)
        self._rows = as_rows(embeddings, "embeddings")
        starts = range(0, len(self._rows), self._step)
        self._scales = [inverse_norms(self._chunk(start), "embeddings", start) for start in starts]
        self._flat = np.concatenate([as_array(scales) for scales in self._scales] or [np.empty(0, np.float32)])
        self._room = np.empty(min(self._step, len(self._rows)) ** 2, np.float32)
        #: How many rows there are, and whether they are a NumPy array.
        self.rows, self.in_numpy = len(self._rows), isinstance(self._rows, np.ndarray)

    def __len__(self) -> int:
        return len(self._scales)

    def first_row(self, number: int) -> int:
        """The number of the first row of a strip."""
        return number * self._step

    def strip(self, number: int) -> Iterator[Tile]:
        """The tiles of one strip, from the diagonal to the right."""
        upper = self.unit(number)
        return (self._tile(upper, number, other) for other in range(number, len(self)))

    def tile(self, number: int, other: int) -> Tile:
        """The tile of one strip's rows with another's."""
        return self._tile(self.unit(number), number, other)

    def unit(self, number: int) -> Any:
        """The rows of a strip, of length 1, float32."""
        return self._chunk(self.first_row(number)) * self._scales[number][:, None]

    def unit_rows(self, numbers: Ids) -> Any:
        """Some rows, of length 1, float32."""
        return unit_rows(self._rows[numbers], "embeddings")

    def cosines(self, left: Ids, right: Ids) -> Scores:
        """The cosines of some pairs of rows, each by itself, (p,) float32; of rows in NumPy."""
        scores = np.empty(len(left), np.float32)
        for start in range(0, len(left), _PAIRS_AT_A_TIME):
            some = slice(start, start + _PAIRS_AT_A_TIME)
            one, other = in_float32(self._rows[left[some]]), in_float32(self._rows[right[some]])
            np.einsum("ij,ij->i", one, other, out=scores[some])
        scores *= self._flat[left]
        scores *= self._flat[right]
        return scores

    def _tile(self, upper: Any, number: int, other: int) -> Tile:
        lower = self._chunk(self.first_row(other))
        if isinstance(upper, np.ndarray):
            room = self._room[: len(upper) * len(lower)].reshape(len(upper), len(lower))
            scores = np.matmul(upper, lower.T, out=room)  # fresh memory would cost a part of the product's time
            scores *= self._scales[other]
        else:
            scores = as_array((upper @ lower.T) * self._scales[other])
        return Tile(scores, self.first_row(number), self.first_row(other))

    def _chunk(self, start: int) -> Any:
        return in_float32(self._rows[start : start + self._step])
