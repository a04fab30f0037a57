"""THE encode loop: tokenise, plan batches by tokens, run, write into place.

Every family of models and every kind of output goes through here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np

from ..engines.base import Engine
from ..errors import EngineError
from ..text import Batch, Tokenizer, Tokens, make_batch, plan_batches
from ..text.tokenizer import TextOrPair
from ..types import AnyArray, FloatArray, IntArray
from .inputs import refuse_invalid
from .truncation import Truncation, refuse_long

#: Texts that are tokenised and sorted together. Enough that batches fill up, few enough that memory stays bounded.
WINDOW = 16_384


@dataclass(frozen=True)
class Job:
    """What to encode and how.

    Args:
        texts: the texts, prompt included.
        prompt_length: tokens of the prompt that pooling leaves out; 0 for none.
        max_rows: texts in a batch at the most; None leaves it to the engine's budget of tokens.
        on_truncation: ``error`` stops at the first text that is too long.
        progress: called with the number of texts done, after each batch.
    """

    texts: Sequence[TextOrPair]
    prompt_length: int = 0
    max_rows: int | None = None
    on_truncation: str = "warn"
    progress: Callable[[int], None] | None = None


def run(
    engine: Engine,
    tokenizer: Tokenizer,
    job: Job,
    forward: Callable[[Batch], AnyArray],
    write: Callable[[IntArray, Batch, AnyArray], None],
    write_flat: Callable[[int, Tokens], None] | None = None,
) -> Truncation:
    """Send all texts of a job through a network.

    Args:
        engine: whose budget of tokens sizes the batches.
        tokenizer: turns texts into tokens.
        job: the texts and options.
        forward: what to compute of a batch.
        write: takes the indices of a batch's texts, the batch and what was computed; order of calls is free.
        write_flat: takes the index of the first text of some that follow each other, and their tokens, in place of
            ``forward`` and ``write``.

    Returns:
        The counts of what was cut.

    Raises:
        TruncationError: a text was too long and the job says that is an error.
        NotTextError: a text is not valid Unicode.
    """
    truncation = Truncation(max_length=tokenizer.max_length)
    for start in range(0, len(job.texts), WINDOW):
        window = job.texts[start : start + WINDOW]
        try:
            tokens = tokenizer.batch(window)
        except TypeError as error:  # what the tokenizers library says of a string that is not valid Unicode
            refuse_invalid(window, start)
            raise EngineError(f"The tokenizer failed: {error}") from error
        if job.on_truncation == "error":
            refuse_long(tokens, start, tokenizer.max_length)
        truncation = truncation.plus(tokens)
        if write_flat is not None:
            write_flat(start, tokens)
            if job.progress is not None:
                job.progress(len(tokens))
            continue
        for length, rows in plan_batches(tokens.lengths, engine.token_budget, job.max_rows, tokenizer.max_length):
            batch = make_batch(tokens, rows, length, tokenizer.pad_id, job.prompt_length)
            write(rows + start, batch, forward(batch))
            if job.progress is not None:
                job.progress(len(rows))
    return truncation


def sentence_vectors(engine: Engine, tokenizer: Tokenizer, job: Job, dimension: int) -> tuple[FloatArray, Truncation]:
    """One vector for each text: (n, dimension) float32, and what was cut."""
    out = np.empty((len(job.texts), dimension), np.float32)

    def write(rows: IntArray, batch: Batch, vectors: AnyArray) -> None:  # noqa: ARG001
        if vectors.shape[1] != engine.spec.dimension:
            raise EngineError(
                f"The model gives vectors of {vectors.shape[1]} numbers; its settings say {engine.spec.dimension}."
            )
        out[rows] = vectors[:, :dimension]

    def write_flat(start: int, tokens: Tokens) -> None:
        out[start : start + len(tokens)] = engine.embed_flat(tokens)[:, :dimension]

    return out, run(engine, tokenizer, job, engine.embed, write, write_flat if engine.takes_flat else None)


def token_vectors(
    engine: Engine, tokenizer: Tokenizer, job: Job
) -> tuple[list[FloatArray], list[IntArray], Truncation]:
    """For each text, one vector a token, (tokens, width) float32, with the tokens' numbers; and what was cut."""
    vectors: list[FloatArray] = [np.empty((0, 0), np.float32)] * len(job.texts)
    numbers: list[IntArray] = [np.empty(0, np.int64)] * len(job.texts)

    def write(rows: IntArray, batch: Batch, found: AnyArray) -> None:
        for place, row, length in zip(range(len(rows)), rows, batch.lengths, strict=True):
            # Copied, so that keeping one text's vectors does not keep the whole batch's alive.
            vectors[row] = found[place, :length].copy()
            numbers[row] = batch.ids[place, :length].copy()

    return vectors, numbers, run(engine, tokenizer, job, engine.embed_tokens, write)


@contextmanager
def progress_bar(
    total: int, show: bool | None, description: str = "Encoding"
) -> Iterator[Callable[[int], None] | None]:
    """A bar that shows after two seconds, in a terminal or notebook; ``show`` forces it on or off."""
    if show is False:
        yield None
        return
    from tqdm.auto import tqdm

    # disable=None: no bar where the output is not a terminal.
    with tqdm(total=total, desc=description, unit=" texts", delay=2, disable=None if show is None else False) as bar:
        yield bar.update
