"""From texts to token numbers, on the ``tokenizers`` library."""

from __future__ import annotations

import copy
import functools
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..errors import InputError
from ..process import WORK
from ..types import IntArray
from .pairs import PairFrame, longest_first
from .tokens import Tokens, WholeText

TextOrPair = str | tuple[str, str]


class Tokenizer(ABC):
    """Turns texts into token numbers and counts what it cuts off.

    Args:
        max_length: number of tokens kept of a text, special tokens included; None for all.
        pad_id: number of the padding token.
    """

    def __init__(self, max_length: int | None, pad_id: int) -> None:
        self.max_length = max_length
        self.pad_id = pad_id

    @property
    def model_max_length(self) -> int | None:
        """The same as ``max_length``, by the name that users of transformers know."""
        return self.max_length

    @abstractmethod
    def batch(self, texts: Sequence[TextOrPair]) -> Tokens:
        """Token numbers of texts, or of pairs of texts, with special tokens, cut to ``max_length``."""

    @abstractmethod
    def with_max_length(self, max_length: int | None) -> Tokenizer:
        """The same tokenizer with another length; this one stays as it is, since threads may be using it."""

    def with_backend(self, backend: Any) -> FastTokenizer:
        """One on another ``tokenizers.Tokenizer``, which is copied, with this one's settings."""
        return FastTokenizer(copy.deepcopy(backend), self.max_length, self.pad_id)

    @abstractmethod
    def serialized(self) -> str:
        """All of it as text, by which two can be told apart."""

    @abstractmethod
    def tokenize(self, text: str) -> list[str]:
        """The tokens of one text as strings, without special tokens."""

    @abstractmethod
    def decode(self, ids: Sequence[int]) -> str:
        """The text that token numbers stand for, without special tokens."""

    @abstractmethod
    def vocabulary(self) -> dict[str, int]:
        """Every token and its number."""

    def token_id(self, token: str) -> int | None:
        """The number of a token; None where there is no such."""
        return self.vocabulary().get(token)

    def words(self) -> dict[int, str]:
        """Every token by its number."""
        return {number: token for token, number in self.vocabulary().items()}

    @abstractmethod
    def prompt_length(self, prompt: str) -> int:
        """Number of tokens that a prompt takes in front of a text, the leading special token included."""

    def whole(self, texts: Sequence[str]) -> list[WholeText]:  # noqa: ARG002
        """All tokens of texts, whatever ``max_length`` says, with the characters that each stands for.

        Raises:
            InputError: the tokenizer does not know which characters its tokens stand for.
        """
        raise self._no_offsets()

    def frame(self) -> tuple[IntArray, IntArray]:
        """The special tokens in front of a text and those behind it, each (any,) int64.

        Raises:
            InputError: as in :meth:`whole`.
        """
        raise self._no_offsets()

    def _no_offsets(self) -> InputError:
        return InputError(
            f"{type(self).__name__} does not say which characters its tokens stand for, so texts cannot be cut into "
            "chunks. Put a tokenizer.json into the model's folder, or use on_long='truncate'."
        )

    @property
    def vocab_size(self) -> int:
        """Number of tokens there are."""
        return len(self.vocabulary())

    @property
    def pad_token_id(self) -> int:
        """The same as ``pad_id``, by the name that users of transformers know."""
        return self.pad_id

    def get_vocab(self) -> dict[str, int]:
        """The same as :meth:`vocabulary`, by the name that users of transformers know."""
        return self.vocabulary()

    def encode(self, text: str) -> list[int]:
        """Token numbers of one text, special tokens included, cut to ``max_length``."""
        numbers: list[int] = self.batch([text]).ids.tolist()
        return numbers

    def __call__(self, texts: str | Sequence[str]) -> dict[str, Any]:
        """``input_ids`` and ``attention_mask``, unpadded: a list of numbers for one text, a list of lists for several.

        For padded tensors, ``SentenceTransformer.tokenize`` has them.
        """
        tokens = self.batch([texts] if isinstance(texts, str) else list(texts))
        rows = [tokens.ids[a:b].tolist() for a, b in zip(tokens.starts[:-1], tokens.starts[1:], strict=True)]
        masks = [[1] * len(row) for row in rows]
        single = isinstance(texts, str)
        return {"input_ids": rows[0] if single else rows, "attention_mask": masks[0] if single else masks}


class FastTokenizer(Tokenizer):
    """A tokenizer of the ``tokenizers`` library.

    It is configured once and not changed while texts go through it, so threads may share it.

    Args:
        backend: a ``tokenizers.Tokenizer``; its truncation and padding settings are replaced.
        max_length: number of tokens kept of a text, special tokens included; None for all.
        pad_id: number of the padding token.
        keep_end: whether the end of a long text is kept instead of its beginning.

    Raises:
        InputError: ``max_length`` leaves no room for a token of the text.
    """

    def __init__(self, backend: Any, max_length: int | None, pad_id: int, *, keep_end: bool = False) -> None:
        super().__init__(max_length, pad_id)
        self.backend = backend
        self.keep_end = keep_end
        self._special_per_text, self._special_per_pair = self._special_tokens()
        backend.no_padding()
        backend.no_truncation()
        if max_length is not None:
            if max_length <= self._special_per_text:
                raise InputError(
                    f"max_seq_length must be at least {self._special_per_text + 1}, as {self._special_per_text} tokens "
                    f"are special ones; got {max_length}."
                )
            backend.enable_truncation(max_length, direction="left" if keep_end else "right")

    def _special_tokens(self) -> tuple[int, int]:
        """How many special tokens are put around a text, and around a pair."""
        return self.backend.num_special_tokens_to_add(False), self.backend.num_special_tokens_to_add(True)

    def with_max_length(self, max_length: int | None) -> FastTokenizer:  # noqa: D102
        return FastTokenizer(copy.deepcopy(self.backend), max_length, self.pad_id, keep_end=self.keep_end)

    def with_markers(self, markers: Sequence[str]) -> FastTokenizer:
        """The same tokenizer, reading markers that its vocabulary knows as one token each, wherever they stand.

        Args:
            markers: such as ``[unused0]``, which are taken apart otherwise; with the space after them where the
                vocabulary has them so. Those that it does not know stay plain text.
        """
        from tokenizers import AddedToken

        backend = copy.deepcopy(self.backend)
        for marker in markers:
            known = next((form for form in (marker, marker.strip()) if self.token_id(form) is not None), None)
            if known is not None and self.tokenize(known) != [known]:
                backend.add_special_tokens([AddedToken(known, normalized=False, special=True)])
        return FastTokenizer(backend, self.max_length, self.pad_id, keep_end=self.keep_end)

    def serialized(self) -> str:  # noqa: D102
        text: str = self.backend.to_str()
        return text

    def batch(self, texts: Sequence[TextOrPair]) -> Tokens:  # noqa: D102
        if (shared := self._shared_firsts(texts)) is not None:
            return self._joined(texts, *shared)
        with WORK.shared():
            encodings = self.backend.encode_batch_fast(texts)
        rows = [encoding.ids for encoding in encodings]
        paired = any(not isinstance(text, str) for text in texts)
        types = [encoding.type_ids for encoding in encodings] if paired else None
        tokens = Tokens.of(rows, types, np.zeros(len(rows), np.int64))
        if self.max_length is not None:
            # Only a text that fills the limit can have lost anything.
            for index in np.flatnonzero(tokens.lengths >= self.max_length).tolist():
                tokens.dropped[index] = self._full_length(texts[index]) - len(rows[index])
        return tokens

    def _shared_firsts(self, texts: Sequence[TextOrPair]) -> tuple[PairFrame, list[str]] | None:
        """The different first texts of pairs, where most pairs share theirs with others: a query with its documents."""
        if len(texts) < 2 or self.keep_end or any(isinstance(text, str) for text in texts):
            return None
        firsts = list(dict.fromkeys(text[0] for text in texts))
        if 2 * len(firsts) > len(texts) or self._pair_frame is None:
            return None
        return self._pair_frame, firsts

    @functools.cached_property
    def _pair_frame(self) -> PairFrame | None:
        return PairFrame.of(self.backend)

    def _joined(self, pairs: Sequence[TextOrPair], frame: PairFrame, firsts: list[str]) -> Tokens:
        """The tokens of pairs whose first texts are tokenised once each."""
        with WORK.shared():
            encodings = self.backend.encode_batch([*firsts, *(pair[1] for pair in pairs)], add_special_tokens=False)
        # Of a long part, what is beyond the limit comes apart, and is only counted.
        parts = [(encoding.ids, _length(encoding)) for encoding in encodings]
        numbers = dict(zip(firsts, parts, strict=False))
        rows: list[list[int]] = []
        types: list[list[int]] = []
        dropped = np.zeros(len(pairs), np.int64)
        for place, (pair, (second, second_length)) in enumerate(zip(pairs, parts[len(firsts) :], strict=True)):
            first, first_length = numbers[pair[0]]
            room = first_length + second_length
            if self.max_length is not None:
                room = max(0, self.max_length - frame.special)
            kept = longest_first(first_length, second_length, room)
            rows.append(frame.ids(first[: kept[0]], second[: kept[1]]))
            types.append(frame.type_ids(*kept))
            dropped[place] = first_length + second_length - sum(kept)
        return Tokens.of(rows, types, dropped)

    def _full_length(self, text: TextOrPair) -> int:
        """Number of tokens of a text or pair, special tokens included, had nothing been cut."""
        parts = (text,) if isinstance(text, str) else text
        length = self._special_per_text if isinstance(text, str) else self._special_per_pair
        for part in parts:
            length += _length(self.backend.encode(part, add_special_tokens=False))
        return int(length)

    def whole(self, texts: Sequence[str]) -> list[WholeText]:  # noqa: D102
        with WORK.shared():
            encodings = self.backend.encode_batch(texts, add_special_tokens=False)
        return [self._whole(encoding) for encoding in encodings]

    def _whole(self, encoding: Any) -> WholeText:
        # What truncation cut off comes along as further encodings: the whole text without a second tokenizer.
        parts = [encoding, *encoding.overflowing]
        if self.keep_end:  # the end comes first there
            parts.reverse()
        ids = np.array([number for part in parts for number in part.ids], np.int64)
        offsets = np.array([pair for part in parts for pair in part.offsets], np.int64)
        return WholeText(ids, offsets.reshape(-1, 2))

    def frame(self) -> tuple[IntArray, IntArray]:  # noqa: D102
        encoding = self.backend.encode("a")
        ids = np.array(encoding.ids, np.int64)
        own = np.flatnonzero(np.array(encoding.special_tokens_mask) == 0)
        first, last = (int(own[0]), int(own[-1]) + 1) if len(own) else (len(ids), len(ids))
        return ids[:first], ids[last:]

    def tokenize(self, text: str) -> list[str]:  # noqa: D102
        tokens: list[str] = self.backend.encode(text, add_special_tokens=False).tokens
        return tokens

    def decode(self, ids: Sequence[int]) -> str:  # noqa: D102
        text: str = self.backend.decode(list(ids))
        return text

    def vocabulary(self) -> dict[str, int]:  # noqa: D102
        vocabulary: dict[str, int] = self.backend.get_vocab()
        return vocabulary

    def token_id(self, token: str) -> int | None:  # noqa: D102
        number: int | None = self.backend.token_to_id(token)  # without making the whole vocabulary
        return number

    def prompt_length(self, prompt: str) -> int:  # noqa: D102
        encoding = self.backend.encode(prompt)
        closing = bool(encoding.special_tokens_mask) and encoding.special_tokens_mask[-1] == 1
        return len(encoding.ids) - int(closing)


def _length(encoding: Any) -> int:
    """Number of tokens of an encoding, with those that truncation put apart."""
    return len(encoding.ids) + sum(len(rest.ids) for rest in encoding.overflowing)
