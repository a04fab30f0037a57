"""Tokenizers that only transformers knows, behind the same interface."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from typing import Any

import numpy as np

from .tokenizer import TextOrPair, Tokenizer
from .tokens import Tokens


class TransformersTokenizer(Tokenizer):
    """A tokenizer of transformers that does not run on the ``tokenizers`` library.

    Args:
        backend: the transformers tokenizer.
        max_length: number of tokens kept of a text, special tokens included; None for all.
        pad_id: number of the padding token.
        lower_case: whether texts are lower-cased first.
    """

    def __init__(self, backend: Any, max_length: int | None, pad_id: int, *, lower_case: bool = False) -> None:
        super().__init__(max_length, pad_id)
        self.backend = backend
        self.lower_case = lower_case

    def with_max_length(self, max_length: int | None) -> TransformersTokenizer:  # noqa: D102
        return TransformersTokenizer(self.backend, max_length, self.pad_id, lower_case=self.lower_case)

    def serialized(self) -> str:  # noqa: D102
        return repr(
            (sorted(self.backend.get_vocab().items()), self.backend.init_kwargs, self.lower_case, self.max_length)
        )

    def batch(self, texts: Sequence[TextOrPair]) -> Tokens:  # noqa: D102
        paired = any(not isinstance(text, str) for text in texts)
        options: dict[str, Any] = {"return_token_type_ids": paired, "verbose": False}
        full = [self.backend(*self._parts(text), **options) for text in texts]
        kept = full
        if self.max_length is not None:
            options |= {"truncation": "longest_first", "max_length": self.max_length}
            kept = [
                row if len(row["input_ids"]) <= self.max_length else self.backend(*self._parts(text), **options)
                for row, text in zip(full, texts, strict=True)
            ]
        starts = np.zeros(len(texts) + 1, np.int64)
        np.cumsum([len(row["input_ids"]) for row in kept], out=starts[1:])
        total = int(starts[-1])
        ids = np.fromiter(chain.from_iterable(row["input_ids"] for row in kept), np.int64, total)
        type_ids = None
        if paired:
            type_ids = np.fromiter(chain.from_iterable(row["token_type_ids"] for row in kept), np.int64, total)
        dropped = np.array([len(row["input_ids"]) for row in full], np.int64) - np.diff(starts)
        return Tokens(ids, type_ids, starts, dropped)

    def _parts(self, text: TextOrPair) -> tuple[str, ...]:
        parts = (text,) if isinstance(text, str) else text
        return tuple(part.lower() for part in parts) if self.lower_case else parts

    def tokenize(self, text: str) -> list[str]:  # noqa: D102
        tokens: list[str] = self.backend.tokenize(text)
        return tokens

    def decode(self, ids: Sequence[int]) -> str:  # noqa: D102
        text: str = self.backend.decode(list(ids), skip_special_tokens=True)
        return text

    def vocabulary(self) -> dict[str, int]:  # noqa: D102
        vocabulary: dict[str, int] = self.backend.get_vocab()
        return vocabulary

    def prompt_length(self, prompt: str) -> int:  # noqa: D102
        ids = self.backend(prompt)["input_ids"]
        return len(ids) - int(bool(ids) and ids[-1] in self.backend.all_special_ids)
