"""Long documents cut into chunks on their tokens, so that nothing of them goes unread.

A chunk is a slice of the tokens of the whole document, between the special tokens and behind the prompt that every
text of the model gets. So no word is tokenised otherwise than it would be in the whole.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..errors import InputError
from ..types import IntArray
from .tokenizer import Tokenizer
from .tokens import Tokens


@dataclass(frozen=True)
class Document:
    """One text in tokens, and what goes around each of its chunks.

    Args:
        text: the text, without prompt.
        ids: its token numbers, none cut off, (n,) int64.
        offsets: the characters that each token stands for, first and one past the last, (n, 2) int64.
        before: what stands in front of every chunk: special tokens and the prompt's, (any,) int64.
        after: what stands behind, (any,) int64.
    """

    text: str
    ids: IntArray
    offsets: IntArray
    before: IntArray
    after: IntArray

    def framed(self, first: int, last: int) -> IntArray:
        """What a network reads of the tokens from ``first`` until ``last``: (any,) int64."""
        return np.concatenate([self.before, self.ids[first:last], self.after])

    def span(self, first: int, last: int) -> tuple[int, int]:
        """The characters of the text that the tokens from ``first`` until ``last`` stand for.

        Characters that tokenizers drop, such as accents, go with the token before them. White space at the ends is
        left out.
        """
        start = int(self.offsets[first, 0]) if 0 < first < len(self.ids) else 0
        end = int(self.offsets[last - 1, 1]) if last else 0
        following = int(self.offsets[last, 0]) if last < len(self.ids) else len(self.text)
        piece = self.text[start : max(start, end, following)]
        start += len(piece) - len(piece.lstrip())
        return start, start + len(piece.strip())


def documents(tokenizer: Tokenizer, texts: Sequence[str], prompt: str = "") -> list[Document]:
    """Tokenise texts behind a prompt; a token that is part prompt, part text counts as text.

    Args:
        tokenizer: of the model.
        texts: without prompt.
        prompt: text in front of each.

    Raises:
        InputError: the tokenizer does not know which characters its tokens stand for.
        TypeError: a text is not valid Unicode.
    """
    head, tail = tokenizer.frame()
    found = []
    for text, whole in zip(texts, tokenizer.whole([prompt + text for text in texts]), strict=True):
        own = int(np.count_nonzero(whole.offsets[:, 1] <= len(prompt))) if prompt else 0
        before = np.concatenate([head, whole.ids[:own]])
        offsets = np.maximum(whole.offsets[own:] - len(prompt), 0)
        found.append(Document(text, whole.ids[own:], offsets, before, tail))
    return found


def plan_chunks(count: int, capacity: int, overlap: int) -> IntArray:
    """Where chunks begin and end.

    Args:
        count: tokens of the document.
        capacity: tokens of a chunk at the most.
        overlap: tokens that a chunk shares with the next; less than ``capacity``.

    Returns:
        The first token of each chunk and one past its last, (m, 2) int64; one chunk where all fits into it.

    >>> plan_chunks(10, 4, 1).tolist()
    [[0, 4], [3, 7], [6, 10]]
    >>> plan_chunks(0, 4, 1).tolist()
    [[0, 0]]
    """
    step = capacity - overlap
    chunks = 1 if count <= capacity else 1 - (-(count - capacity) // step)
    starts = step * np.arange(chunks)
    return np.stack([starts, np.minimum(starts + capacity, count)], axis=1)


def new_tokens(ranges: IntArray) -> IntArray:
    """How many tokens of each chunk no chunk before it has: (m,) for ranges (m, 2); at least 1.

    At least 1, so that the one chunk of an empty text counts.
    """
    seen = np.concatenate([[0], ranges[:-1, 1]])
    fresh: IntArray = np.maximum(ranges[:, 1] - seen, 1)
    return fresh


def check_overlap(overlap: int | None, capacity: int) -> int:
    """The overlap to use: the one given, else an eighth of the capacity.

    Raises:
        InputError: it is negative, or leaves no room for new tokens.
    """
    if overlap is None:
        return capacity // 8
    if isinstance(overlap, bool) or not isinstance(overlap, (int, np.integer)) or not 0 <= overlap < capacity:
        raise InputError(
            f"chunk_overlap must be a whole number from 0 to {capacity - 1}, less than the {capacity} tokens of a "
            f"chunk; got {overlap!r}."
        )
    return int(overlap)


@dataclass(frozen=True)
class Framed:
    """Rows of token numbers that are ready, in the place of a tokenizer: so chunks go through the same loop as texts.

    A row is passed as its bytes, which can be compared and hashed as a text can.

    Args:
        max_length: tokens of the longest row at the most; None for any.
        pad_id: number of the padding token.
    """

    max_length: int | None
    pad_id: int

    def batch(self, rows: Sequence[bytes]) -> Tokens:
        """The rows, each the bytes of an int64 array, as :class:`Tokens`."""
        arrays = [np.frombuffer(row, np.int64) for row in rows]
        starts = np.zeros(len(rows) + 1, np.int64)
        np.cumsum([len(row) for row in arrays], out=starts[1:])
        return Tokens(np.concatenate([*arrays, np.empty(0, np.int64)]), None, starts, np.zeros(len(rows), np.int64))
