"""Texts that are filled up with padding tokens, for networks that were trained to read those."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..errors import InputError
from .tokenizer import TextOrPair, Tokenizer
from .tokens import Tokens


class FilledTokenizer(Tokenizer):
    """A tokenizer whose texts all have as many tokens as are read, the last of them padding, as SigLIP's have.

    Args:
        inner: tokenises, and cuts.
    """

    def __init__(self, inner: Tokenizer) -> None:
        super().__init__(inner.max_length, inner.pad_id)
        self._inner = inner

    def batch(self, texts: Sequence[TextOrPair]) -> Tokens:  # noqa: D102
        tokens = self._inner.batch(texts)
        if self.max_length is None:
            return tokens
        ids = np.full((len(tokens), self.max_length), self.pad_id, np.int64)
        ids[np.arange(self.max_length) < tokens.lengths[:, None]] = tokens.ids
        starts = np.arange(len(tokens) + 1, dtype=np.int64) * self.max_length
        return Tokens(ids.ravel(), None, starts, tokens.dropped)

    def with_max_length(self, max_length: int | None) -> FilledTokenizer:  # noqa: D102
        return FilledTokenizer(self._inner.with_max_length(max_length))

    def with_backend(self, backend: Any) -> Any:  # noqa: D102
        return FilledTokenizer(self._inner.with_backend(backend))

    def serialized(self) -> str:  # noqa: D102
        return self._inner.serialized()

    def tokenize(self, text: str) -> list[str]:  # noqa: D102
        return self._inner.tokenize(text)

    def decode(self, ids: Sequence[int]) -> str:  # noqa: D102
        return self._inner.decode(ids)

    def vocabulary(self) -> dict[str, int]:  # noqa: D102
        return self._inner.vocabulary()

    def prompt_length(self, prompt: str) -> int:  # noqa: D102
        return self._inner.prompt_length(prompt)

    def _no_offsets(self) -> InputError:
        return InputError(
            f"This model was trained on texts filled up to {self.max_length} tokens, so it reads no chunks of texts. "
            "Use on_long='truncate'."
        )
