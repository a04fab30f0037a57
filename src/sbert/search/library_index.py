"""What is asked of the index of another library, and in which forms queries and hits go in and out."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar, TypeAlias

import numpy as np

from ..quantization import dequantize_embeddings
from ..types import AnyArray, FloatArray, IntArray, Precision

#: Of each query, ``{"corpus_id": int, "score": float}``, the best first.
Results: TypeAlias = list[list[dict[str, int | float]]]

#: The precisions of one byte a number, and of one bit.
BYTES: tuple[Precision, ...] = ("int8", "uint8")
BITS: tuple[Precision, ...] = ("binary", "ubinary")


@dataclass(frozen=True)
class Queries:
    """Queries in the forms that an index asks for.

    Attributes:
        floats: (q, d) float32; None where the queries came as bits.
        bits: (q, ceil(d / 8)) uint8, for an index of bits; None for any other.
    """

    floats: FloatArray | None
    bits: AnyArray | None

    def __len__(self) -> int:
        return len(self.bits if self.floats is None else self.floats)  # type: ignore[arg-type]  # one of them is there


@dataclass(frozen=True)
class Found:
    """What an index found.

    Attributes:
        scores: (q, k), a greater one is better; -inf where there is no hit.
        ids: (q, k), numbers of vectors.
    """

    scores: FloatArray
    ids: IntArray

    def first(self, count: int) -> Found:
        """The best of each query in order; of equal scores the smaller id first."""
        order = np.lexsort((self.ids, -self.scores), axis=-1)[:, :count]
        return Found(np.take_along_axis(self.scores, order, 1), np.take_along_axis(self.ids, order, 1))

    def to_dicts(self) -> Results:
        """As lists, without the places where there is no hit."""
        return [
            [
                {"corpus_id": int(number), "score": float(score)}
                for score, number in zip(*row, strict=True)
                if score > -np.inf
            ]
            for row in zip(self.scores.tolist(), self.ids.tolist(), strict=True)
        ]


class LibraryIndex(ABC):
    """An index of a library, and what is asked of it here.

    Args:
        index: the library's own object, of which a user may have made it.
        precision: what it holds.
        ranges: (2, d), for one byte a number: those that it was quantised by, where they are given.

    Attributes:
        ranges: the same, where they are needed: given, kept with the index, or inferred.
        scores_are_final: whether :meth:`nearest` compares float queries with the dequantised corpus, so that there is
            nothing to rescore.
    """

    precisions: ClassVar[tuple[Precision, ...]]
    scores_are_final = False

    def __init__(self, index: Any, precision: Precision, ranges: FloatArray | None = None) -> None:
        self.index, self.precision, self.ranges = index, precision, ranges

    @classmethod
    @abstractmethod
    def build(cls, rows: AnyArray, precision: Precision, ranges: FloatArray | None, exact: bool) -> LibraryIndex:
        """Make an index of a corpus: float32, bytes as they are, or bits as uint8."""

    @abstractmethod
    def __len__(self) -> int:
        """How many vectors it holds."""

    @property
    @abstractmethod
    def width(self) -> int:
        """How many numbers a vector has; 8 a byte where it holds bits."""

    @abstractmethod
    def nearest(self, queries: Queries, count: int, exact: bool) -> Found:
        """The vectors most like each query, ``count`` being no more than there are."""

    @abstractmethod
    def codes(self, ids: IntArray) -> AnyArray:
        """What it holds of some vectors: (n, d) bytes, or (n, d / 8) uint8 of bits."""

    def vectors(self, ids: IntArray, width: int) -> FloatArray:
        """Some vectors, near to what they were: (n, width) float32; those of bits have the length 1."""
        codes = self.codes(ids)
        if self.precision in BYTES:
            return dequantize_embeddings(codes, self.precision, self.ranges)
        return dequantize_embeddings(codes, "ubinary", dim=width) / np.float32(np.sqrt(width))
