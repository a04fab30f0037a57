"""Pairs above a threshold, most of them told apart from the rest by a few numbers of each row.

Rows are turned so that their first numbers hold as much of them as they can (principal axes of a sample). Let ``p`` be
the first ``r`` numbers of a unit row ``x`` and ``s`` the length of what is left; ``q`` and ``t`` those of ``y``. By
Cauchy and Schwarz,

    x . y = p . q + (rest of x) . (rest of y) <= p . q + s t

which is the product of ``(p, s)`` and ``(q, t)``: a product of ``r + 1`` numbers instead of ``d`` bounds the cosine. A
pair whose bound is below the threshold is below it; the others are computed in full. Nothing is missed.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ..types import FloatArray
from .pairs import Pairs, Tile, Tiles
from .selection import Scores

#: Rows from which on a screen repays the look at a sample, and rows of that sample.
_WORTH, _SAMPLED = 16_384, 1500
#: Numbers of a row that are tried.
_WIDTHS = (32, 64, 96, 128, 192)
#: What a pair that must be computed by itself costs, in steps of the tiles' product.
_PAIR_COST = 28_000
#: The part of a tile's pairs from which on the whole tile is computed.
_DENSE = 1 / 100
#: More than what rounding changes a bound by.
_SLACK = 1e-5


class Screen:
    """The pairs of rows whose cosine reaches a threshold, a strip of tiles at a time.

    Args:
        tiles: of the rows.
        threshold: the least cosine.
        axes: orthonormal columns, (d, r) float32.
    """

    def __init__(self, tiles: Tiles, threshold: float, axes: FloatArray) -> None:
        self._tiles, self._threshold = tiles, threshold
        self._short = [_shortened(tiles.unit(number), axes) for number in range(len(tiles))]
        self._room = np.empty(len(self._short[0]) ** 2, np.float32)

    @classmethod
    def of(cls, tiles: Tiles, threshold: float) -> Screen | None:
        """The screen that a sample promises to be the quickest; None where the tiles themselves are."""
        if tiles.rows < _WORTH or not tiles.in_numpy:
            return None
        chosen = np.sort(np.random.default_rng(0).permutation(tiles.rows)[: 2 * _SAMPLED])
        sample = tiles.unit_rows(chosen)
        axes = np.linalg.eigh(sample.T @ sample)[1][:, ::-1].astype(np.float32)
        best, width = 0.75 * len(axes), 0
        for tried in _WIDTHS:
            if tried < len(axes):
                short = _shortened(sample, axes[:, :tried])
                passed = (short[::2] @ short[1::2].T >= threshold).mean()
                if (cost := tried + _PAIR_COST * float(passed)) < best:
                    best, width = cost, tried
        return cls(tiles, threshold, np.ascontiguousarray(axes[:, :width])) if width else None

    def strip(self, number: int) -> Iterator[Pairs]:
        """The pairs of a strip, a tile at a time."""
        upper = self._short[number]
        for other in range(number, len(self._short)):
            lower = self._short[other]
            room = self._room[: len(upper) * len(lower)].reshape(len(upper), len(lower))
            yield self._of_tile(np.matmul(upper, lower.T, out=room), number, other)

    def _of_tile(self, bounds: Scores, number: int, other: int) -> Pairs:
        tile = Tile(bounds, self._tiles.first_row(number), self._tiles.first_row(other))
        found = tile.above(self._threshold - _SLACK)
        if len(found) > _DENSE * bounds.size:
            return self._tiles.tile(number, other).above(self._threshold)
        scores = self._tiles.cosines(found.left, found.right)
        return Pairs(scores, found.left, found.right).at(scores >= self._threshold)


def _shortened(unit: FloatArray, axes: FloatArray) -> FloatArray:
    """The first numbers of turned rows and the length of the rest: (n, d) and (d, r) to (n, r + 1)."""
    first = unit @ axes
    left = np.square(unit).sum(axis=1) - np.square(first).sum(axis=1)
    return np.concatenate([first, np.sqrt(left.clip(0))[:, None]], axis=1)
