"""Pairs of texts put together from the tokens of their parts, so that a text of many pairs is tokenised once.

A tokenizer of the ``tokenizers`` library tokenises each part of a pair by itself, cuts the longer one, and puts special
tokens around the two. The last two steps are done here, to the same numbers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class PairFrame:
    """What a tokenizer puts around the two parts of a pair.

    Args:
        before: numbers of the special tokens in front of the first part.
        between: of those between the parts.
        behind: of those behind the second.
        types: numbers that say which part a token belongs to: of the five stretches, in order; one for each token of
            the special ones, one for all tokens of a part.
    """

    before: list[int]
    between: list[int]
    behind: list[int]
    types: tuple[list[int], int, list[int], int, list[int]]

    @classmethod
    def of(cls, backend: Any) -> PairFrame | None:
        """The frame of a ``tokenizers.Tokenizer``; None where its pairs have another form."""
        found = backend.encode("a", "a")
        parts = list(found.sequence_ids)  # 0 and 1 for tokens of the parts, None for special ones
        if 0 not in parts or 1 not in parts:
            return None
        first, second = parts.index(0), parts.index(1)
        first_end, second_end = first + parts.count(0), second + parts.count(1)
        in_order = [None] * first + [0] * (first_end - first) + [None] * (second - first_end)
        if parts != in_order + [1] * (second_end - second) + [None] * (len(parts) - second_end):
            return None
        ids, types = list(found.ids), list(found.type_ids)
        return cls(
            ids[:first],
            ids[first_end:second],
            ids[second_end:],
            (types[:first], types[first], types[first_end:second], types[second], types[second_end:]),
        )

    @property
    def special(self) -> int:
        """Number of special tokens."""
        return len(self.before) + len(self.between) + len(self.behind)

    def ids(self, first: list[int], second: list[int]) -> list[int]:
        """The token numbers of a pair of parts."""
        return [*self.before, *first, *self.between, *second, *self.behind]

    def type_ids(self, first: int, second: int) -> list[int]:
        """Which part each token belongs to, of a pair of parts of so many tokens."""
        before, one, between, other, behind = self.types
        return [*before, *[one] * first, *between, *[other] * second, *behind]


def longest_first(first: int, second: int, room: int) -> tuple[int, int]:
    """How many tokens of each part are kept, as the library cuts: from the longer one until both are as long.

    Args:
        first: tokens of the first part.
        second: tokens of the second.
        room: tokens that are kept of both together.

    >>> longest_first(3, 100, 20), longest_first(100, 100, 21), longest_first(5, 6, 20)
    ((3, 17), (10, 11), (5, 6))
    """
    if first + second <= room:
        return first, second
    shorter = min(first, second)
    longer = room - shorter
    if longer < shorter:
        shorter, longer = room // 2, room - room // 2
    return (shorter, longer) if first <= second else (longer, shorter)
