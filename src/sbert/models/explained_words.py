"""An explanation by the words of its texts: tokens are parts of words, which people do not read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..text.tokenizer import Tokenizer
from ..types import FloatArray
from .explanation import Explanation

#: Characters of Chinese and Japanese, which put no spaces between words: their tokens are not joined.
_UNSPACED = ((0x2E80, 0xA4CF), (0xF900, 0xFAFF), (0x20000, 0x3FFFF))


@dataclass(frozen=True)
class Word:
    """A word of a text, or a token that is no part of it.

    Attributes:
        text: as it is written.
        span: the first of its characters in the text, and one past the last; None for a token that stands for none,
            such as the model's own ones and those of a prompt.
    """

    text: str
    span: tuple[int, int] | None

    def to_dict(self) -> dict[str, Any]:
        """As plain values, for JSON."""
        return {"text": self.text, "span": self.span}


@dataclass(frozen=True, repr=False)
class WordShares:
    """The shares that pairs of words have in a similarity.

    Attributes:
        left: the first text's words, (n,).
        right: the second's, (m,).
        shares: (n, m) float64, whose sum is the similarity.
        measure: which one it is, such as ``cosine``.
    """

    left: tuple[Word, ...]
    right: tuple[Word, ...]
    shares: FloatArray
    measure: str


def by_word(found: Explanation, a: str, b: str, tokenizer: Tokenizer, of_second: Tokenizer | None = None) -> WordShares:
    """Sum the shares of the tokens of each word, so that they add up to the same similarity.

    Args:
        found: of the two texts.
        a: the first text, without its prompt.
        b: the second.
        tokenizer: that made their tokens.
        of_second: that made the second's, where that is another.

    Raises:
        InputError: the tokenizer does not know which characters its tokens stand for.
    """
    left, rows = _words(found.left, a, found.prompts[0], tokenizer)
    right, columns = _words(found.right, b, found.prompts[1], of_second or tokenizer)
    shares = np.add.reduceat(np.add.reduceat(found.shares, rows, axis=0), columns, axis=1)
    return WordShares(tuple(left), tuple(right), shares, found.measure)


def _words(tokens: Sequence[str], text: str, prompt: str, tokenizer: Tokenizer) -> tuple[list[Word], list[int]]:
    """The words that tokens make, and the place of the first token of each."""
    spans = _spans(tokens, text, prompt, tokenizer)
    words: list[Word] = []
    firsts: list[int] = []
    for place, (token, span) in enumerate(zip(tokens, spans, strict=True)):
        before = words[-1].span if words else None
        if span is not None and before is not None and _goes_on(text, before[1], span[0]):
            whole = before[0], span[1]
            words[-1] = Word(text[slice(*whole)], whole)
            continue
        words.append(Word(token if span is None else text[slice(*span)], span))
        firsts.append(place)
    return words, firsts


def _spans(tokens: Sequence[str], text: str, prompt: str, tokenizer: Tokenizer) -> list[tuple[int, int] | None]:
    """The characters that each token stands for; None for those around the text, such as a prompt's."""
    # With the prompt, since a first word may be other tokens than one that has something in front of it.
    (whole,) = tokenizer.whole([prompt + text])
    inside = whole.offsets[:, 1] > len(prompt)
    names = tokenizer.words()
    own = [names[number] for number in whole.ids[inside].tolist()]
    offsets = np.maximum(whole.offsets[inside] - len(prompt), 0)
    spans: list[tuple[int, int] | None] = [None] * len(tokens)
    # The text's tokens stand together, from wherever most of them are found: behind what is put in front of texts.
    first = max(range(len(tokens)), key=lambda place: _alike(tokens, place, own), default=0)
    for number in range(_alike(tokens, first, own)):
        spans[first + number] = _trimmed(text, *offsets[number].tolist())
    return spans


def _alike(tokens: Sequence[str], first: int, own: Sequence[str]) -> int:
    """How many of a text's tokens are found from a place on."""
    count = 0
    while count < len(own) and first + count < len(tokens) and tokens[first + count] == own[count]:
        count += 1
    return count


def _trimmed(text: str, start: int, stop: int) -> tuple[int, int] | None:
    """A span without the spaces at its ends, which some tokenizers take into it; None where nothing is left."""
    part = text[start:stop]
    if not part.strip():
        return None
    return start + len(part) - len(part.lstrip()), stop - len(part) + len(part.rstrip())


def _goes_on(text: str, stop: int, start: int) -> bool:
    """Whether the token from ``start`` on goes on with the word that ends at ``stop``."""
    if start < stop:  # parts of one character
        return True
    return start == stop and all(text[place].isalnum() and not _unspaced(text[place]) for place in (stop - 1, start))


def _unspaced(character: str) -> bool:
    return any(first <= ord(character) <= last for first, last in _UNSPACED)
