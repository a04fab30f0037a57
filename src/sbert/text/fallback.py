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
    """

    def __init__(self, backend: Any, max_length: int | None, pad_id: int) -> None:
        super().__init__(max_length, pad_id)
        self.backend = backend

    def batch(self, texts: Sequence[TextOrPair]) -> Tokens:  # noqa: D102
        paired = any(not isinstance(text, str) for text in texts)
        first = [text if isinstance(text, str) else text[0] for text in texts]
        second = [text[1] for text in texts] if paired else None
        full = self.backend(first, second, return_token_type_ids=paired, verbose=False)
        kept = full
        if self.max_length is not None:
            kept = self.backend(
                first, second, return_token_type_ids=paired, truncation="longest_first", max_length=self.max_length
            )
        starts = np.zeros(len(texts) + 1, np.int64)
        np.cumsum([len(row) for row in kept["input_ids"]], out=starts[1:])
        ids = np.fromiter(chain.from_iterable(kept["input_ids"]), np.int64, int(starts[-1]))
        type_ids = None
        if paired:
            type_ids = np.fromiter(chain.from_iterable(kept["token_type_ids"]), np.int64, int(starts[-1]))
        dropped = np.array([len(row) for row in full["input_ids"]], np.int64) - np.diff(starts)
        return Tokens(ids, type_ids, starts, dropped)

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
