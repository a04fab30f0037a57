"""Tokens of whole words, kept from one text to the next.

What the library does for a text is mostly normalising and splitting, over again for words it has seen a thousand times.
Where a tokenizer treats the parts between spaces each by itself, the tokens of a text are those of its parts, one after
another. So parts are looked up, and only those not seen before go through the library. Texts of a language repeat
nearly all of their words: this is several times as fast.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Sequence
from itertools import chain
from typing import Any

import numpy as np

from ..types import IntArray
from .tokenizer import TextOrPair

# Bounds of what is kept: beyond them it is forgotten and learned anew, as its texts may have changed.
_MAX_PARTS, _MAX_CHARACTERS = 1 << 18, 1 << 23


class WordCache:
    """Token numbers of the parts of texts between spaces, as far as they have been seen.

    Threads may share it.

    Args:
        backend: a ``tokenizers.Tokenizer`` that :func:`splits_at_spaces` and does not cut texts.
        skip: number of a token that is left out; None for none.
    """

    def __init__(self, backend: Any, skip: int | None) -> None:
        self._backend, self._skip = backend, skip
        self._known = _Known()
        self._lock = threading.Lock()

    def __reduce__(self) -> tuple[Any, ...]:
        """Copies and pickles start with nothing learned: locks stay in their process."""
        return WordCache, (self._backend, self._skip)

    def batch(self, texts: Sequence[str]) -> tuple[IntArray, IntArray]:
        """Token numbers of texts, equal to the library's.

        Args:
            texts: ``n`` texts.

        Returns:
            The numbers, (total,) int64, and where each text begins, with one more entry at the end, (n + 1,) int64.
        """
        # A line's end is a space to these tokenizers; as one it makes known words of the words around it.
        split = [text.replace("\n", " ").split(" ") for text in texts]
        parts = list(chain.from_iterable(split))
        places, known = self._places(parts)
        ids, begins = known.tokens  # after the lookup: these hold all that the lookup can have found
        counts = begins[places + 1] - begins[places]
        ends = np.zeros(len(parts) + 1, np.int64)
        np.cumsum(counts, out=ends[1:])
        source = np.arange(ends[-1]) + np.repeat(begins[places] - ends[:-1], counts)
        boundaries = np.zeros(len(texts) + 1, np.int64)
        np.cumsum([len(row) for row in split], out=boundaries[1:])
        return ids[source], ends[boundaries]

    def _places(self, parts: list[str]) -> tuple[IntArray, _Known]:
        known = self._known
        try:
            return np.fromiter(map(known.places.__getitem__, parts), np.int64, len(parts)), known
        except KeyError:
            known = self._learn(parts)
            return np.fromiter(map(known.places.__getitem__, parts), np.int64, len(parts)), known

    def _learn(self, parts: list[str]) -> _Known:
        with self._lock:
            known = self._known
            new = list(set(parts).difference(known.places))
            known.add(new, *encode_plain(self._backend, new, self._skip))
            if len(known.places) > _MAX_PARTS or known.characters > _MAX_CHARACTERS:
                self._known = _Known()  # whoever holds the old one goes on with it
        return known


class _Known:
    """Parts and their tokens: it only grows, so that a place once looked up stays good."""

    def __init__(self) -> None:
        self.places: dict[str, int] = {}
        #: Token numbers of all parts, and where those of each begin.
        self.tokens: tuple[IntArray, IntArray] = (np.zeros(0, np.int64), np.zeros(1, np.int64))
        self.characters = 0

    def add(self, parts: list[str], ids: IntArray, starts: IntArray) -> None:
        old_ids, old_starts = self.tokens
        self.tokens = (np.concatenate([old_ids, ids]), np.concatenate([old_starts, old_starts[-1] + starts[1:]]))
        self.characters += sum(map(len, parts))
        # Last, since other threads look up here first.
        self.places.update(zip(parts, range(len(self.places), len(self.places) + len(parts)), strict=True))


def encode_plain(backend: Any, texts: Sequence[TextOrPair], skip: int | None) -> tuple[IntArray, IntArray]:
    """Token numbers of texts through the library, one text after another, without special tokens.

    Args:
        backend: a ``tokenizers.Tokenizer``.
        texts: ``n`` texts or pairs.
        skip: number of a token to leave out; None for none.

    Returns:
        The numbers, (total,) int64, and where each text begins, with one more entry at the end, (n + 1,) int64.
    """
    rows = [encoding.ids for encoding in backend.encode_batch_fast(texts, add_special_tokens=False)]
    if skip is not None:
        rows = [[token for token in row if token != skip] if skip in row else row for row in rows]
    starts = np.zeros(len(rows) + 1, np.int64)
    np.cumsum([len(row) for row in rows], out=starts[1:])
    return np.fromiter(chain.from_iterable(rows), np.int64, int(starts[-1])), starts


def splits_at_spaces(backend: Any) -> bool:
    """Whether a tokenizer treats the parts of a text between spaces and line ends each by itself.

    True of BERT's: its normaliser changes each character without regard to others beyond a space, its splitter splits
    there, and WordPiece sees single words.
    """
    settings = json.loads(backend.to_str())
    kinds = [(settings[step] or {}).get("type") for step in ("normalizer", "pre_tokenizer", "model")]
    added = [token["content"] for token in settings["added_tokens"]]
    return (
        kinds[0] in (None, "BertNormalizer")
        and kinds[1:] == ["BertPreTokenizer", "WordPiece"]
        and not any(character.isspace() for content in added for character in content)
    )
