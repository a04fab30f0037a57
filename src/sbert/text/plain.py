"""Tokenizing for static models: no special tokens, no padding, and as fast as it goes, since little else takes time."""

from __future__ import annotations

import copy
import json
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..types import IntArray
from .tokenizer import FastTokenizer, TextOrPair
from .tokens import Tokens, WholeText
from .words import WordCache, encode_plain, splits_at_spaces

# Fewer texts than this go straight to the library: what they would teach the cache costs more than it saves.
_WORTH_CACHING = 32


class PlainTokenizer(FastTokenizer):
    """A tokenizer of the ``tokenizers`` library without special tokens.

    Args:
        backend: a ``tokenizers.Tokenizer``; its truncation and padding settings are replaced.
        max_length: number of tokens kept of a text; None for all.
        skip_unknown: whether tokens that stand for what the vocabulary lacks are left out. They do not count for
            ``max_length``.

    Raises:
        InputError: ``max_length`` leaves no room for a token.
    """

    def __init__(self, backend: Any, max_length: int | None, *, skip_unknown: bool = False) -> None:
        pad_id = int((backend.padding or {}).get("pad_id", 0))
        super().__init__(backend, max_length, pad_id)
        self.skip_unknown = skip_unknown
        self._skip = unknown_id(backend) if skip_unknown else None
        # Cutting is done here, after unknown tokens have gone, so the library must leave all tokens.
        self._uncut = backend
        if max_length is not None:
            self._uncut = copy.deepcopy(backend)
            self._uncut.no_truncation()
        self._words = WordCache(self._uncut, self._skip) if splits_at_spaces(backend) else None

    def _special_tokens(self) -> tuple[int, int]:
        return 0, 0

    def with_max_length(self, max_length: int | None) -> PlainTokenizer:  # noqa: D102
        return PlainTokenizer(copy.deepcopy(self.backend), max_length, skip_unknown=self.skip_unknown)

    def with_backend(self, backend: Any) -> PlainTokenizer:  # noqa: D102
        return PlainTokenizer(copy.deepcopy(backend), self.max_length, skip_unknown=self.skip_unknown)

    def batch(self, texts: Sequence[TextOrPair]) -> Tokens:  # noqa: D102
        if self._words is not None and len(texts) >= _WORTH_CACHING and all(isinstance(text, str) for text in texts):
            ids, starts = self._words.batch([str(text) for text in texts])
        else:
            ids, starts = encode_plain(self._uncut, texts, self._skip)
        return self._cut(ids, starts)

    def _cut(self, ids: IntArray, starts: IntArray) -> Tokens:
        lengths = np.diff(starts)
        if self.max_length is None or not (lengths > self.max_length).any():
            return Tokens(ids, None, starts, np.zeros(len(lengths), np.int64))
        kept_starts = np.zeros_like(starts)
        np.cumsum(np.minimum(lengths, self.max_length), out=kept_starts[1:])
        place = np.arange(len(ids)) - np.repeat(starts[:-1], lengths)
        return Tokens(ids[place < self.max_length], None, kept_starts, np.maximum(lengths - self.max_length, 0))

    def frame(self) -> tuple[IntArray, IntArray]:  # noqa: D102
        return np.empty(0, np.int64), np.empty(0, np.int64)

    def _whole(self, encoding: Any) -> WholeText:
        whole = super()._whole(encoding)
        if self._skip is None:
            return whole
        known = whole.ids != self._skip
        return WholeText(whole.ids[known], whole.offsets[known])

    def prompt_length(self, prompt: str) -> int:  # noqa: D102
        return len(self.batch([prompt]).ids)


def unknown_id(backend: Any) -> int | None:
    """Number of the token that stands for what a vocabulary lacks; None where it has none."""
    if hasattr(backend.model, "unk_token"):
        token = backend.model.unk_token
        return None if token is None else backend.token_to_id(token)
    found: int | None = json.loads(backend.to_str())["model"].get("unk_id")  # Unigram shows it nowhere else
    return found
