"""Near-duplicates: groups of rows that say the same, and which row of each to keep."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from ..errors import InputError
from ..types import AnyArray, Vectors
from .neighbours import Neighbours, neighbours
from .pairs import TILE
from .selection import Ids, Scores


class Encoder(Protocol):
    """What is needed of a model; :class:`~sbert.SentenceTransformer` has it."""

    @property
    def encode(self) -> Callable[..., Any]:
        """Takes texts and options, and gives vectors."""


@dataclass(frozen=True, repr=False)
class Duplicates:
    """Which of ``n`` rows to keep, and what each of the others repeats.

    Attributes:
        keepers: (k,) int64, the rows to keep, ascending.
        keeper_of: (n,) int64, for each row the one that stands for it; a keeper stands for itself.
        scores: (n,) float32, the cosine of each row with its keeper; 1 for keepers.
    """

    keepers: Ids
    keeper_of: Ids
    scores: Scores

    def __len__(self) -> int:
        return len(self.keepers)

    def __repr__(self) -> str:
        return f"Duplicates({len(self.keepers):,} of {len(self.keeper_of):,} kept, {len(self.groups()):,} groups)"

    def groups(self) -> list[Ids]:
        """The rows of each group of two or more: the keeper first, then by row number; in the order of keepers."""
        order = np.lexsort((self.keeper_of != np.arange(len(self.keeper_of)), self.keeper_of))
        ends = np.cumsum(np.bincount(self.keeper_of, minlength=len(self.keeper_of))[self.keepers])
        return [part for part in np.split(order, ends[:-1]) if len(part) > 1] if len(order) else []


def near_duplicates(
    embeddings: Vectors,
    *,
    threshold: float = 0.95,
    priority: AnyArray | Sequence[float] | None = None,
    chunk_size: int = TILE,
    show_progress_bar: bool | None = None,
) -> Duplicates:
    """Find rows that repeat others: each is within a threshold of the row that is kept for it.

    Rows are gone through by priority; one that no keeper has taken becomes a keeper and takes all free rows whose
    cosine with it reaches the threshold. So no two keepers are that similar, and a chain of small changes does not join
    what is far apart.

    Args:
        embeddings: (n, d). NumPy, torch or lists.
        threshold: the least cosine of a row with its keeper.
        priority: (n,), rows with greater numbers are kept rather; None, and among equals, the first.
        chunk_size: rows compared at a time.
        show_progress_bar: True shows one; None does in a terminal, after two seconds.

    Raises:
        InputError: NaN or infinity in the embeddings, or a priority of another length.

    >>> found = near_duplicates([[1.0, 0.0], [0.0, 1.0], [3.0, 0.1]], threshold=0.9)
    >>> found, found.keeper_of.tolist()
    (Duplicates(2 of 3 kept, 1 groups), [0, 1, 0])
    """
    near = neighbours(embeddings, threshold, chunk_size=chunk_size, show_progress_bar=show_progress_bar)
    return _led(near, _order(priority, len(near)))


def deduplicate(
    model: Encoder,
    texts: Sequence[str],
    threshold: float = 0.95,
    *,
    priority: AnyArray | Sequence[float] | None = None,
    chunk_size: int = TILE,
    show_progress_bar: bool | None = None,
    **options: Any,
) -> Duplicates:
    """Find texts that repeat others, word for word or nearly: :func:`near_duplicates` of their vectors.

    Equal texts are put together before anything is embedded, however many there are.

    Args:
        model: what embeds the texts.
        texts: the n texts.
        threshold: the least cosine of a text with the one that is kept for it.
        priority: (n,), texts with greater numbers are kept rather; None, and among equals, the first.
        chunk_size: texts compared at a time.
        show_progress_bar: True shows one; None does in a terminal, after two seconds.
        options: for ``model.encode``.

    Raises:
        InputError: a priority of another length; and what ``encode`` raises.
    """
    order = _order(priority, len(texts))
    firsts: dict[str, int] = {}
    first_of = np.empty(len(texts), np.int64)
    for row in order.tolist():
        first_of[row] = firsts.setdefault(texts[row], row)
    rows = np.array(list(firsts.values()), np.int64)  # of different texts, by priority
    vectors = model.encode([texts[row] for row in rows.tolist()], **options)
    near = neighbours(vectors, threshold, chunk_size=chunk_size, show_progress_bar=show_progress_bar)
    among = _led(near, np.arange(len(rows)))
    place = np.empty(len(texts), np.int64)
    place[rows] = np.arange(len(rows))
    keeper_of = rows[among.keeper_of][place[first_of]]
    return Duplicates(np.unique(keeper_of), keeper_of, among.scores[place[first_of]])


def _order(priority: AnyArray | Sequence[float] | None, rows: int) -> Ids:
    if priority is None:
        return np.arange(rows)
    numbers = np.asarray(priority)
    if numbers.shape != (rows,):
        raise InputError(f"priority must have a number for each of the {rows} rows; got the shape {numbers.shape}.")
    order: Ids = np.argsort(-numbers, kind="stable")
    return order


def _led(near: Neighbours, order: Ids) -> Duplicates:
    keeper_of = np.arange(len(near))
    scores = np.ones(len(near), np.float32)
    free = np.ones(len(near), bool)
    for row in order[near.counts[order] > 0].tolist():
        if not free[row]:
            continue
        part = slice(near.starts[row], near.starts[row + 1])
        taken = free[near.ids[part]]
        others = near.ids[part][taken]
        free[row] = free[others] = False
        keeper_of[others], scores[others] = row, near.scores[part][taken]
    return Duplicates(np.unique(keeper_of), keeper_of, scores)
