"""Communities: rows that are all similar to one of them."""

from __future__ import annotations

import numpy as np

from ..errors import positive
from ..types import Vectors
from .neighbours import neighbours
from .pairs import TILE
from .selection import Ids


def communities(
    embeddings: Vectors,
    *,
    threshold: float = 0.75,
    min_size: int = 10,
    chunk_size: int = TILE,
    show_progress_bar: bool | None = False,
) -> list[Ids]:
    """Group rows around centres: a community is a row and all rows whose cosine with it reaches a threshold.

    Rows with the most neighbours are centres first (of as many, the smaller number). A row belongs to the first
    community that takes it; what then has too few rows left is none. Every pair is compared once.

    Args:
        embeddings: (n, d). NumPy, torch or lists.
        threshold: the least cosine of a row with its centre.
        min_size: the least number of rows, the centre included.
        chunk_size: rows compared at a time.
        show_progress_bar: True shows one; None does in a terminal, after two seconds.

    Returns:
        Row numbers of each community, the centre first and then by decreasing cosine; the largest community first.

    Raises:
        InputError: NaN or infinity, or a size below 1.

    >>> [found.tolist() for found in communities([[1, 0], [0, 1], [3, 0.1], [0.1, 2]], threshold=0.9, min_size=2)]
    [[0, 2], [1, 3]]
    """
    min_size = positive("min_size", min_size)
    near = neighbours(embeddings, threshold, chunk_size=chunk_size, show_progress_bar=show_progress_bar)
    sizes = near.counts + 1
    order = np.argsort(-sizes, kind="stable")
    used = np.zeros(len(near), bool)
    found: list[Ids] = []
    for centre in order[sizes[order] >= min_size].tolist():
        if used[centre]:
            continue
        others = near[centre]
        others = others[~used[others]]
        if len(others) + 1 >= min_size:
            community = np.concatenate([[centre], others])
            used[community] = True
            found.append(community)
    return sorted(found, key=len, reverse=True)
