"""Long documents read whole: in chunks, each by itself, or in chunks that know the text around them.

``chunk`` sends overlapping chunks through the network. ``late`` is late chunking (https://arxiv.org/abs/2409.04701):
the network reads as much as it has positions for at once, and the token vectors are pooled chunk by chunk, so that each
chunk's vector has seen its context. A text that is no longer than one chunk is read as always, to the same bits.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

import numpy as np

from ..checkpoints import ModelSpec
from ..checkpoints.modules import DropoutSpec, NormalizeSpec, PoolingSpec
from ..engines.base import Engine
from ..errors import EngineError, InputError, one_of
from ..similarity import unit
from ..text import Tokenizer
from ..text.chunking import Document, Framed, check_overlap, documents, new_tokens, plan_chunks
from ..text.tokenizer import TextOrPair
from ..types import FloatArray, IntArray
from .chunks import Chunks
from .encoding import Job, sentence_vectors, token_vectors
from .inputs import refuse_invalid
from .truncation import check_policy

#: What may be done with texts that are longer than the model reads.
CHOICES = ("truncate", "error", "chunk", "late")
#: Those of them that leave nothing unread.
WHOLE = ("chunk", "late")

#: Characters of texts that are held as tokens at one time, so that memory stays bounded however long texts are.
WINDOW = 2_000_000

#: Tokens that ``late`` reads at once where the network has no table of positions that would limit it.
LATE_WINDOW = 8192


def check_choice(choice: str | None) -> str | None:
    """The choice, if it is one.

    Raises:
        InputError: it is not.
    """
    if choice is not None and choice not in CHOICES:
        raise one_of("on_long", choice, CHOICES)
    return choice


def choose_policy(
    own: str | None, given: str | None, own_truncation: str, given_truncation: str | None
) -> tuple[str, str]:
    """How to read long texts, and what to do when that cuts them.

    Args:
        own: the model's ``on_long``.
        given: the call's; None leaves it to the model.
        own_truncation: the model's ``on_truncation``.
        given_truncation: the call's; None leaves it to the model.

    Returns:
        One of ``truncate``, ``chunk`` and ``late``; one of ``warn``, ``error`` and ``ignore``.

    Raises:
        InputError: one of them is not known.
    """
    method = check_choice(given) or check_choice(own) or "truncate"
    policy = own_truncation if given_truncation is None else check_policy(given_truncation)
    if method == "error":
        # The model's "error" yields to what the call says of truncation.
        return "truncate", "error" if given or given_truncation is None else policy
    return method, policy


@dataclass(frozen=True)
class Reading:
    """How long documents are read.

    Args:
        method: ``chunk`` or ``late``.
        prompt: text in front of each chunk.
        chunk_tokens: tokens of text in a chunk at the most; None for all that the model reads.
        chunk_overlap: tokens that neighbouring chunks share; None for an eighth of a chunk.
    """

    method: str
    prompt: str = ""
    chunk_tokens: int | None = None
    chunk_overlap: int | None = None


class Reader:
    """Reads long documents with one model.

    Args:
        engine: runs the network.
        tokenizer: the model's, at the length that the model reads.
        job: the texts, without prompt, and options.
        reading: how to read.

    Raises:
        InputError: the prompt leaves no room, ``chunk_tokens`` or ``chunk_overlap`` does not fit, or the model cannot
            read the way that was asked for.
    """

    def __init__(self, engine: Engine, tokenizer: Tokenizer, job: Job, reading: Reading) -> None:
        if reading.method not in WHOLE:
            raise one_of("on_long", reading.method, WHOLE)
        self._engine, self._tokenizer, self._job, self._reading = engine, tokenizer, job, reading
        (nothing,) = documents(tokenizer, [""], reading.prompt)
        room = self._room(nothing, tokenizer.max_length)
        if reading.chunk_tokens is not None:
            if room is not None and reading.chunk_tokens > room:
                raise InputError(
                    f"chunk_tokens can be {room} at the most, which is what the model reads of a text; "
                    f"got {reading.chunk_tokens}."
                )
            room = reading.chunk_tokens
        # A model that reads texts of any length needs no chunks: there is one, and no overlap.
        self._overlap = 0 if room is None else check_overlap(reading.chunk_overlap, room)
        self._positions: int | None = None
        if reading.method == "late":
            _refuse_pooling(engine.spec)
            self._positions = engine.spec.input.positions or LATE_WINDOW
            if room is None or (self._room(nothing, self._positions) or 0) <= room:
                raise InputError(
                    f"on_long='late' reads more tokens at once than a chunk has, but this model has room for "
                    f"{self._positions} and max_seq_length is {tokenizer.max_length}. Lower max_seq_length, give "
                    "encode_chunks fewer chunk_tokens, or use on_long='chunk'."
                )

    def vectors(self) -> FloatArray:
        """One vector a text: the mean of its chunks' by the number of new tokens in each, (n, dimension) float32.

        Normalised where the model normalises.
        """
        out = np.empty((len(self._job.texts), self._engine.spec.dimension), np.float32)
        for first, _, ranges, found in self._windows():
            row = 0
            for index, each in enumerate(ranges, first):
                out[index] = self._pooled(found[row : row + len(each)], new_tokens(each))
                row += len(each)
        return out

    def chunks(self) -> Chunks:
        """Every chunk with its vector."""
        vectors = [np.empty((0, self._engine.spec.dimension), np.float32)]
        index, spans, tokens = [], [], []
        for first, read, ranges, found in self._windows():
            vectors.append(found)
            for number, (document, each) in enumerate(zip(read, ranges, strict=True), first):
                index += [number] * len(each)
                spans += [document.span(start, end) for start, end in each.tolist()]
                tokens += [end - start for start, end in each.tolist()]
        return Chunks(
            np.concatenate(vectors),
            np.array(index, np.int64),
            np.array(spans, np.int64).reshape(-1, 2),
            np.array(tokens, np.int64),
        )

    def _windows(self) -> Iterator[tuple[int, list[Document], list[IntArray], FloatArray]]:
        """Some texts at a time: the first one's number, the documents, where their chunks lie, and the vectors."""
        for first, window in _by_characters(self._job.texts):
            try:
                read = documents(self._tokenizer, window, self._reading.prompt)
            except TypeError as error:  # what the tokenizers library says of a string that is not valid Unicode
                refuse_invalid(window, range(first, first + len(window)))
                raise EngineError(f"The tokenizer failed: {error}") from error
            ranges = [self._ranges(document) for document in read]
            yield first, read, ranges, self._chunk_vectors(read, ranges)
            if self._job.progress is not None:
                self._job.progress(len(window), sum(len(document.ids) for document in read))

    def _room(self, document: Document, length: int | None) -> int | None:
        """Tokens of text that fit between what goes around each chunk; None for any number."""
        if length is None:
            return None
        taken = len(document.before) + len(document.after)
        if length <= taken:
            raise InputError(
                f"The prompt leaves no room for text: with the special tokens it takes {taken} tokens, and the model "
                f"reads {length}. Shorten the prompt, or raise max_seq_length where the model allows it."
            )
        return length - taken

    def _ranges(self, document: Document) -> IntArray:
        room = self._room(document, self._tokenizer.max_length)
        sizes = [size for size in (room, self._reading.chunk_tokens) if size is not None]
        capacity = min(sizes, default=max(len(document.ids), 1))
        # A prompt may take a token more before one text than before another.
        return plan_chunks(len(document.ids), capacity, min(self._overlap, capacity - 1))

    def _chunk_vectors(self, read: list[Document], ranges: list[IntArray]) -> FloatArray:
        late = [self._reading.method == "late" and len(each) > 1 for each in ranges]
        pairs = list(zip(read, ranges, late, strict=True))
        rows = [document.framed(*chunk) for document, each, apart in pairs if not apart for chunk in each.tolist()]
        plain, _ = sentence_vectors(
            self._engine, self._framed(self._tokenizer.max_length), self._ready(rows), self._engine.spec.dimension
        )
        if not any(late):
            return plain
        found, row = [], 0
        for document, each, apart in pairs:
            if apart:
                found.append(self._late_vectors(document, each))
            else:
                found.append(plain[row : row + len(each)])
                row += len(each)
        return np.concatenate(found)

    def _late_vectors(self, document: Document, ranges: IntArray) -> FloatArray:
        tokens = self._token_vectors(document)
        means = [tokens[start:end].mean(axis=0, dtype=np.float64) for start, end in ranges.tolist()]
        return self._normalized(np.stack(means).astype(np.float32))

    def _token_vectors(self, document: Document) -> FloatArray:
        """One vector a token of the text, read in windows as long as the network allows: (n, width) float32."""
        count, capacity = len(document.ids), self._room(document, self._positions) or 1
        windows = plan_chunks(count, capacity, capacity // 4)
        if len(windows) > 1:
            windows[-1, 0] = count - capacity  # the last window is full too: more context costs nothing
        rows = [document.framed(*window) for window in windows.tolist()]
        vectors, _, _ = token_vectors(self._engine, self._framed(self._positions), self._ready(rows))
        # Of two windows that overlap, each token's vector is taken from the one that has more context around it.
        cuts = [0, *((windows[1:, 0] + windows[:-1, 1]) // 2).tolist(), count]
        return np.concatenate(
            [
                found[len(document.before) + cut - start :][: following - cut]
                for found, start, cut, following in zip(vectors, windows[:, 0], cuts[:-1], cuts[1:], strict=True)
            ]
        )

    def _framed(self, longest: int | None) -> Tokenizer:
        # All that the loop asks of a tokenizer.
        return cast("Tokenizer", Framed(longest, self._tokenizer.pad_id))

    def _ready(self, rows: list[IntArray]) -> Job:
        """The job of sending rows of tokens through the network."""
        texts: Any = [row.tobytes() for row in rows]  # what Framed takes in the place of texts
        return replace(self._job, texts=texts, progress=None)

    def _pooled(self, vectors: FloatArray, weights: IntArray) -> FloatArray:
        if len(vectors) == 1:
            return np.asarray(vectors[0])
        mean: FloatArray = np.average(vectors.astype(np.float64), axis=0, weights=weights).astype(np.float32)
        pooled: FloatArray = self._normalized(mean[None])[0]
        return pooled

    def _normalized(self, vectors: FloatArray) -> FloatArray:
        last = next(module for module in reversed(self._engine.spec.modules) if not isinstance(module, DropoutSpec))
        return unit(vectors) if isinstance(last, NormalizeSpec) else vectors


def _by_characters(texts: Sequence[TextOrPair]) -> Iterator[tuple[int, list[str]]]:
    """The texts in windows of about so many characters, each with the number of its first text."""
    window: list[str] = []
    size = 0
    for index, text in enumerate(texts):
        if not isinstance(text, str):
            raise InputError(f"inputs[{index}] is a pair; long documents are read one text at a time. Join its parts.")
        if window and size + len(text) > WINDOW:
            yield index - len(window), window
            window, size = [], 0
        window.append(text)
        size += len(text)
    if window:
        yield len(texts) - len(window), window


def _refuse_pooling(spec: ModelSpec) -> None:
    """Refuse models whose pooling cannot be done over a part of a text.

    Raises:
        InputError: the module that stands in the way is named.
    """
    pooling = next((number for number, module in enumerate(spec.modules) if isinstance(module, PoolingSpec)), None)
    modes = spec.modules[pooling].modes if pooling is not None else ()  # type: ignore[attr-defined]
    if modes != ("mean",):
        raise InputError(
            f"on_long='late' needs a model that pools by the mean; this one has "
            f"{', '.join(modes) or 'no pooling'}. Use on_long='chunk'."
        )
    for module in spec.modules[(pooling or 0) + 1 :]:
        if not isinstance(module, (NormalizeSpec, DropoutSpec)):
            raise InputError(
                f"on_long='late' does not run the module {module.kind} that follows pooling in this model. "
                "Use on_long='chunk'."
            )
