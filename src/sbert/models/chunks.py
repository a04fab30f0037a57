"""Chunks of long documents with their vectors and their places in the texts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..types import FloatArray, IntArray


@dataclass(frozen=True, repr=False, eq=False)
class Chunks:
    """What ``encode_chunks`` gives: one row a chunk, in the order of the texts and within them.

    Args:
        vectors: (m, dimension) float32.
        text_index: the number of the text that each chunk is of, (m,) int64.
        spans: the characters of that text that each chunk reads, first and one past the last, (m, 2) int64. Chunks
            overlap, so spans do; together they hold every character but white space.
        tokens: tokens of text in each chunk, (m,) int64; special tokens and those of a prompt are not counted.
    """

    vectors: FloatArray
    text_index: IntArray
    spans: IntArray
    tokens: IntArray

    def __len__(self) -> int:
        return len(self.text_index)

    def __repr__(self) -> str:
        texts = len(np.unique(self.text_index))
        sizes = f", {self.tokens.min()} to {self.tokens.max()} tokens each" if len(self) else ""
        shape = f"{self.vectors.shape} {self.vectors.dtype}"
        return f"Chunks({len(self):,} chunks of {texts:,} texts, vectors {shape}{sizes})"

    def of(self, index: int) -> Chunks:
        """The chunks of one text.

        Args:
            index: the text's number; there are no chunks of a text that was not given.
        """
        first, last = np.searchsorted(self.text_index, [index, index + 1])
        rows = slice(int(first), int(last))
        return Chunks(self.vectors[rows], self.text_index[rows], self.spans[rows], self.tokens[rows])

    def passages(self, texts: Sequence[str]) -> list[str]:
        """The text of each chunk, cut out of the texts that were encoded.

        Args:
            texts: all of them, in the same order.
        """
        return [
            texts[index][start:end]
            for index, (start, end) in zip(self.text_index.tolist(), self.spans.tolist(), strict=True)
        ]
