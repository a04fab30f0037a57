"""The tokens of many texts, held in a few flat arrays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain

import numpy as np

from ..types import IntArray


@dataclass(frozen=True)
class Tokens:
    """The token numbers of ``n`` texts, one after another.

    Args:
        ids: token numbers of all texts, (total,) int64.
        type_ids: which part of a pair each token belongs to, (total,) int64; None for plain texts.
        starts: where each text begins in ``ids``; one more entry at the end, (n + 1,) int64.
        dropped: how many tokens of each text were cut off, (n,) int64.
        unseen: how many tokens at the end of each text the network does not look at, though it makes vectors of them,
            (n,) int64; None for none.
    """

    ids: IntArray
    type_ids: IntArray | None
    starts: IntArray
    dropped: IntArray
    unseen: IntArray | None = None

    @classmethod
    def of(cls, rows: Sequence[Sequence[int]], types: Sequence[Sequence[int]] | None, dropped: IntArray) -> Tokens:
        """Of each text its token numbers and, for pairs, which part each belongs to; and how many were cut off."""
        starts = np.zeros(len(rows) + 1, np.int64)
        np.cumsum([len(row) for row in rows], out=starts[1:])

        def flat(lists: Sequence[Sequence[int]]) -> IntArray:
            return np.fromiter(chain.from_iterable(lists), np.int64, int(starts[-1]))

        return cls(flat(rows), None if types is None else flat(types), starts, dropped)

    def __len__(self) -> int:
        return len(self.dropped)

    @cached_property
    def lengths(self) -> IntArray:
        """Number of tokens kept of each text, special tokens included, (n,) int64."""
        return self.starts[1:] - self.starts[:-1]


@dataclass(frozen=True)
class WholeText:
    """All tokens of one text, none cut off, without special tokens.

    Args:
        ids: token numbers, (n,) int64.
        offsets: the characters of the text that each token stands for, first and one past the last, (n, 2) int64.
    """

    ids: IntArray
    offsets: IntArray


@dataclass(frozen=True)
class Batch:
    """Texts of about one length, padded into rectangles that a network takes.

    Args:
        ids: token numbers, (batch, tokens) int64.
        mask: 1 for a token, 0 for padding, (batch, tokens) int64.
        type_ids: part of the pair, (batch, tokens) int64; None means all zeros.
        prompt_length: number of leading tokens that belong to the prompt; 0 for none.
        unseen: tokens of each row that are masked without being padding, (batch,) int64; None for none.
    """

    ids: IntArray
    mask: IntArray
    type_ids: IntArray | None = None
    prompt_length: int = 0
    unseen: IntArray | None = None

    @property
    def lengths(self) -> IntArray:
        """Number of tokens of each row, (batch,) int64."""
        lengths: IntArray = self.mask.sum(axis=1)
        return lengths if self.unseen is None else lengths + self.unseen
