"""Texts that come more than once are computed once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..text.tokenizer import TextOrPair
from ..types import IntArray

_NONE: IntArray = np.empty(0, np.int64)


@dataclass(frozen=True)
class Distinct:
    """The different texts among ``n``.

    Args:
        texts: each of the ``m`` different texts once, in the order in which they first come.
        firsts: where each of them comes first, (m,) int64.
        times: how often each of them comes, (m,) int64.
        repeats: the places of the others, (n - m,) int64.
        originals: for each of those, where its text comes first, (n - m,) int64.
    """

    texts: Sequence[TextOrPair]
    firsts: IntArray
    times: IntArray
    repeats: IntArray
    originals: IntArray

    @classmethod
    def among(cls, texts: Sequence[TextOrPair]) -> Distinct:
        """The different texts among some.

        >>> found = Distinct.among(["a", "b", "a"])
        >>> found.texts, found.firsts.tolist(), found.repeats.tolist(), found.originals.tolist()
        (['a', 'b'], [0, 1], [2], [0])
        """
        numbers = {} if len(texts) < 2 else dict.fromkeys(texts, 0)
        if len(numbers) in (0, len(texts)):
            return cls(texts, np.arange(len(texts)), np.ones(len(texts), np.int64), _NONE, _NONE)
        different = list(numbers)
        numbers.update(zip(different, range(len(different)), strict=True))
        which = np.fromiter(map(numbers.__getitem__, texts), np.int64, len(texts))
        firsts = np.empty(len(different), np.int64)
        firsts[which[::-1]] = np.arange(len(texts))[::-1]  # of several numbers for one place, the last stays
        repeats = np.flatnonzero(firsts[which] != np.arange(len(texts)))
        return cls(different, firsts, np.bincount(which), repeats, firsts[which[repeats]])
