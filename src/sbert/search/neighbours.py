"""Every row's neighbours: all rows that are similar enough to it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..types import Vectors
from ..vectors import as_rows
from .pairs import TILE, Pairs, Tiles
from .screen import Screen
from .selection import Ids, Scores, ranked


@dataclass(frozen=True, repr=False)
class Neighbours:
    """For each of ``n`` rows, the other rows that are similar enough, the most similar first.

    Attributes:
        starts: (n + 1,) int64; those of row ``i`` lie from ``starts[i]`` to ``starts[i + 1]``.
        ids: (e,) int64, numbers of rows; of equal scores the smaller number first. A row is not its own neighbour.
        scores: (e,) float32, cosines.

    >>> found = neighbours([[1.0, 0.0], [0.0, 1.0], [2.0, 0.1]], min_score=0.5)
    >>> found
    Neighbours(3 rows, 1 pair)
    >>> found[2].tolist()
    [0]
    """

    starts: Ids
    ids: Ids
    scores: Scores

    def __len__(self) -> int:
        return len(self.starts) - 1

    def __getitem__(self, row: int) -> Ids:
        """The neighbours of one row."""
        return self.ids[self.starts[row] : self.starts[row + 1]]

    def __repr__(self) -> str:
        pairs = len(self.ids) // 2
        return f"Neighbours({len(self):,} rows, {pairs:,} {'pair' if pairs == 1 else 'pairs'})"

    @property
    def counts(self) -> Ids:
        """How many neighbours each row has, (n,) int64."""
        counts: Ids = np.diff(self.starts)
        return counts

    @classmethod
    def of_pairs(cls, pairs: Pairs, rows: int) -> Neighbours:
        """Both directions of some pairs among so many rows."""
        centres = np.concatenate([pairs.left, pairs.right])
        ids = np.concatenate([pairs.right, pairs.left])
        scores = np.concatenate([pairs.scores, pairs.scores])
        order = ranked(centres, scores, ids)
        starts = np.zeros(rows + 1, np.int64)
        np.cumsum(np.bincount(centres, minlength=rows), out=starts[1:])
        return cls(starts, ids[order], scores[order])


def neighbours(
    embeddings: Vectors, min_score: float, *, chunk_size: int = TILE, show_progress_bar: bool | None = False
) -> Neighbours:
    """Find all pairs of rows whose cosine is not below a threshold.

    Every pair is looked at once, in large sets by a bound first (:mod:`.screen`). Beside its argument it holds a few
    tiles of ``chunk_size`` by ``chunk_size`` scores, up to half of the argument again, and some 100 bytes for each pair
    found: a threshold that half of all pairs pass fills the memory.

    Args:
        embeddings: (n, d). NumPy, torch or lists.
        min_score: the least cosine of a neighbour.
        chunk_size: rows of a tile.
        show_progress_bar: True shows one; None does in a terminal, after two seconds.

    Raises:
        InputError: NaN or infinity (the first such row is named), or a ``chunk_size`` below 1.
    """
    from tqdm.auto import tqdm

    rows = as_rows(embeddings, "embeddings")
    tiles = Tiles(rows, chunk_size)
    screen = Screen.of(tiles, min_score)
    found: list[Pairs] = []
    disable = None if show_progress_bar is None else not show_progress_bar
    delay = 2 if show_progress_bar is None else 0
    with tqdm(total=len(rows), desc="Comparing", unit="row", disable=disable, delay=delay) as bar:
        for strip in range(len(tiles)):
            if screen is not None:
                parts = list(screen.strip(strip))
            else:
                parts = [tile.above(min_score) for tile in tiles.strip(strip)]
            found.append(Pairs.joined(parts))
            bar.update(min(chunk_size, len(rows) - strip * chunk_size))
    return Neighbours.of_pairs(Pairs.joined(found), len(rows))
