"""Pairs put together by anchor: each distinct text once, and which documents are which anchor's positives."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..selection import Ids


@dataclass(frozen=True)
class Groups:
    """Distinct anchors, distinct documents, and the positives of each anchor among the documents.

    Attributes:
        anchors: (q) texts, in the order in which they first appear.
        documents: (m) texts: the corpus, then the positives that are not in it.
        starts: (q + 1,) int64; the positives of anchor ``i`` lie from ``starts[i]`` to ``starts[i + 1]``.
        positives: (p,) int64, numbers of documents; those of one anchor differ.
        own: (q,) int64, the document whose text is the anchor's own; -1 for none.
        most: the greatest number of rows that one anchor has.
    """

    anchors: list[str]
    documents: list[str]
    starts: Ids
    positives: Ids
    own: Ids
    most: int

    def __len__(self) -> int:
        return len(self.anchors)

    @property
    def anchor_of(self) -> Ids:
        """(p,) int64, for each positive the number of its anchor."""
        return np.repeat(np.arange(len(self)), np.diff(self.starts))


def grouped(anchors: Sequence[str], positives: Sequence[str], corpus: Sequence[str] | None = None) -> Groups:
    """Put pairs together by anchor. All pairs with the same anchor are taken as positives of it.

    Args:
        anchors: (n) texts.
        positives: (n) texts.
        corpus: further documents.

    >>> groups = grouped(["a", "b", "a"], ["x", "y", "z"])
    >>> groups.anchors, groups.positives.tolist(), groups.starts.tolist()
    (['a', 'b'], [0, 2, 1], [0, 2, 3])
    """
    documents = list(dict.fromkeys([*(corpus or ()), *positives]))
    number = {text: row for row, text in enumerate(documents)}
    of_anchor: dict[str, dict[int, None]] = {}
    for anchor, positive in zip(anchors, positives, strict=True):
        of_anchor.setdefault(anchor, {})[number[positive]] = None
    starts = np.concatenate([[0], np.cumsum([len(ids) for ids in of_anchor.values()], dtype=np.int64)])
    ids = np.fromiter((row for rows in of_anchor.values() for row in rows), np.int64)
    own = np.fromiter((number.get(anchor, -1) for anchor in of_anchor), np.int64)
    return Groups(list(of_anchor), documents, starts, ids, own, max(Counter(anchors).values()))
