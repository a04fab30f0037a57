"""THE encode loop: tokenise, plan batches by tokens, run, write into place.

Every family of models and every kind of output goes through here. A window of texts is tokenised and sorted together;
while one is computed, the next is tokenised. Of each text that comes more than once, one is computed.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..engines.base import Engine
from ..errors import EngineError
from ..text import Batch, Tokenizer, Tokens, make_batch, plan_batches
from ..text.tokenizer import TextOrPair
from ..types import AnyArray, FloatArray, IntArray
from .distinct import Distinct
from .inputs import refuse_invalid
from .parallel import ahead, share
from .progress import Progress
from .sparse_rows import SparseRows
from .truncation import Truncation, refuse_long

#: Texts that are tokenised and sorted together. Enough that batches fill up, few enough that memory stays bounded.
WINDOW = 8192
#: Repeated texts' vectors that are copied at a time.
_COPIED_ROWS = 4096

#: Computes a batch.
Forward = Callable[[Batch], AnyArray]
#: From about how many tokens there are: how many batches to run at once, and by what.
Choose = Callable[[int], tuple[int, Forward]]
#: From a text's token numbers: which of them are wanted, a bool each.
Keep = Callable[[IntArray], AnyArray]
#: Takes the places of a batch's texts, the batch and what was computed of it.
Write = Callable[[IntArray, Batch, AnyArray], None]


@dataclass(frozen=True)
class Job:
    """What to encode and how.

    Args:
        texts: the texts, prompt included.
        prompt_length: tokens of the prompt that pooling leaves out; 0 for none.
        max_rows: texts in a batch at the most; None leaves it to the engine's budget of tokens.
        on_truncation: ``error`` stops at the first text that is too long.
        progress: called with the number of texts and of tokens done, after each batch, from any thread.
        first_index: number of the first text in the user's eyes, for messages.
        expand: fills up the texts' tokens; None leaves them.
    """

    texts: Sequence[TextOrPair]
    prompt_length: int = 0
    max_rows: int | None = None
    on_truncation: str = "warn"
    progress: Progress | None = None
    first_index: int = 0
    expand: Callable[[Tokens], Tokens] | None = None


@dataclass(frozen=True)
class Window:
    """Texts that were tokenised together.

    Args:
        tokens: of each text.
        places: where what is computed of each goes, (n,) int64.
        times: how many texts of the job each stands for, (n,) int64.
    """

    tokens: Tokens
    places: IntArray
    times: IntArray


def sentence_vectors(engine: Engine, tokenizer: Tokenizer, job: Job, dimension: int) -> tuple[FloatArray, Truncation]:
    """One vector for each text: (n, dimension) float32, and what was cut.

    Raises:
        TruncationError: a text was too long and the job says that is an error.
        NotTextError: a text is not valid Unicode.
    """
    distinct = Distinct.among(job.texts)
    out = np.empty((len(job.texts), dimension), np.float32)
    with closing(_windows(tokenizer, job, distinct)) as windows:
        truncation = _sentences(engine, tokenizer, job, windows, engine.for_bulk, out)
    _repeat(out, distinct)
    return out, truncation


def vectors_of_windows(
    engine: Engine, tokenizer: Tokenizer, jobs: Iterable[Job], dimension: int
) -> Iterator[tuple[FloatArray, Truncation]]:
    """The vectors of job after job, each no more than a window: (n, dimension) float32, and what was cut.

    While one job is computed, the next is tokenised. Jobs are drawn in the thread that asks for vectors, one ahead.

    Raises:
        TruncationError: a text was too long and its job says that is an error.
        NotTextError: a text is not valid Unicode.
    """

    def prepared(job: Job) -> tuple[Job, Distinct, Window]:
        distinct = Distinct.among(job.texts)
        return job, distinct, _window(tokenizer, job, distinct, 0, len(distinct.texts))

    seen = 0
    with closing(ahead(prepared, jobs)) as ready:
        for job, distinct, window in ready:
            # What came before is likely to go on, so it counts when the engine chooses how to run.
            seen += len(window.tokens.ids)

            def choose(tokens: int, so_far: int = seen) -> tuple[int, Forward]:
                return engine.for_bulk(max(tokens, so_far))

            out = np.empty((len(job.texts), dimension), np.float32)
            truncation = _sentences(engine, tokenizer, job, iter([window]), choose, out)
            _repeat(out, distinct)
            yield out, truncation


def sparse_vectors(engine: Engine, tokenizer: Tokenizer, job: Job, keep: int | None) -> tuple[Any, Truncation]:
    """One sparse vector for each text, a ``scipy.sparse.csr_array`` (n, dimension) of float32, and what was cut.

    Args:
        engine: gives full rows; no more than a few batches of them are held at a time.
        tokenizer: of the model.
        job: the texts and the options.
        keep: numbers kept of each row at the most; None for all that are above 0.
    """
    distinct = Distinct.among(job.texts)
    rows = SparseRows(engine.spec.dimension, keep)

    def write(places: IntArray, batch: Batch, found: AnyArray) -> None:  # noqa: ARG001
        rows.add(places, found)

    with closing(_windows(tokenizer, job, distinct)) as windows:
        truncation = _run(engine, tokenizer, job, windows, engine.for_bulk, write)
    return rows.csr(distinct, len(job.texts)), truncation


def token_vectors(
    engine: Engine, tokenizer: Tokenizer, job: Job, keep: Keep | None = None
) -> tuple[list[FloatArray], list[IntArray], Truncation]:
    """For each text, one vector a token, (tokens, width) float32, with the tokens' numbers; and what was cut.

    Args:
        engine: gives token vectors.
        tokenizer: of the model.
        job: the texts and the options.
        keep: which of a text's tokens are wanted; None for all.
    """
    vectors: list[FloatArray] = [np.empty((0, 0), np.float32)] * len(job.texts)
    numbers: list[IntArray] = [np.empty(0, np.int64)] * len(job.texts)

    def write(places: IntArray, batch: Batch, found: AnyArray) -> None:
        for row, place, length in zip(range(len(places)), places, batch.lengths, strict=True):
            ids, rows = batch.ids[row, :length], found[row, :length]
            wanted = slice(None) if keep is None else keep(ids)
            # Copied, so that keeping one text's vectors does not keep the whole batch's alive.
            vectors[place], numbers[place] = np.array(rows[wanted]), np.array(ids[wanted])

    def choose(tokens: int) -> tuple[int, Forward]:
        return engine.for_bulk(tokens, tokens_out=True)

    distinct = Distinct.among(job.texts)
    with closing(_windows(tokenizer, job, distinct)) as windows:
        truncation = _run(engine, tokenizer, job, windows, choose, write)
    for place, original in zip(distinct.repeats, distinct.originals, strict=True):
        vectors[place], numbers[place] = vectors[original].copy(), numbers[original].copy()
    return vectors, numbers, truncation


def _sentences(
    engine: Engine, tokenizer: Tokenizer, job: Job, windows: Iterator[Window], choose: Choose, out: FloatArray
) -> Truncation:
    """Send windows of texts through a model, into rows of an array; arguments as for :func:`_run`."""
    if not engine.takes_flat:
        return _run(engine, tokenizer, job, windows, choose, _writer(engine, out))
    truncation = Truncation(max_length=tokenizer.max_length)
    for window in windows:
        truncation = truncation.plus(window.tokens, window.times)
        out[window.places] = engine.embed_flat(window.tokens)[:, : out.shape[1]]
        if job.progress is not None:
            job.progress(int(window.times.sum()), int((window.tokens.lengths * window.times).sum()))
    return truncation


def _run(
    engine: Engine,
    tokenizer: Tokenizer,
    job: Job,
    windows: Iterator[Window],
    choose: Choose,
    write: Write,
) -> Truncation:
    """Send windows of texts through a network, a batch at a time or several at once.

    Args:
        engine: whose budget of tokens sizes the batches.
        tokenizer: which the windows were tokenised by.
        job: the options.
        windows: the texts.
        choose: from about how many tokens there are: how many batches to run at once, and by what.
        write: called with the batches in any order, from any thread.

    Returns:
        The counts of what was cut.
    """
    truncation = Truncation(max_length=tokenizer.max_length)
    first = next(windows, None)
    if first is None:
        return truncation
    expected = len(first.tokens.ids) * len(job.texts) / max(1, int(first.times.sum()))
    at_once, forward = choose(int(expected))

    def batches() -> Iterator[tuple[Window, IntArray, Batch]]:
        nonlocal truncation
        window: Window | None = first
        while window is not None:
            truncation = truncation.plus(window.tokens, window.times)
            lengths = window.tokens.lengths
            for length, rows in plan_batches(lengths, engine.token_budget, job.max_rows, tokenizer.max_length):
                yield window, rows, make_batch(window.tokens, rows, length, tokenizer.pad_id, job.prompt_length)
            window = next(windows, None)

    def compute(item: tuple[Window, IntArray, Batch]) -> None:
        window, rows, batch = item
        write(window.places[rows], batch, forward(batch))
        if job.progress is not None:
            times = window.times[rows]
            job.progress(int(times.sum()), int((window.tokens.lengths[rows] * times).sum()))

    share(compute, batches(), at_once)
    return truncation


def _windows(tokenizer: Tokenizer, job: Job, distinct: Distinct) -> Generator[Window, None, None]:
    def window(start: int) -> Window:
        return _window(tokenizer, job, distinct, start, start + WINDOW)

    return ahead(window, range(0, len(distinct.texts), WINDOW))


def _window(tokenizer: Tokenizer, job: Job, distinct: Distinct, start: int, stop: int) -> Window:
    texts = distinct.texts[start:stop]
    places = distinct.firsts[start:stop]
    try:
        tokens = tokenizer.batch(texts)
    except TypeError as error:  # what the tokenizers library says of a string that is not valid Unicode
        refuse_invalid(texts, places + job.first_index)
        raise EngineError(f"The tokenizer failed: {error}") from error
    if job.on_truncation == "error":
        refuse_long(tokens, places + job.first_index, tokenizer.max_length)
    if job.expand is not None:
        tokens = job.expand(tokens)
    return Window(tokens, places, distinct.times[start:stop])


def _writer(engine: Engine, out: FloatArray) -> Write:
    """What puts vectors into their rows of an array, cut to its width."""

    def write(places: IntArray, batch: Batch, vectors: AnyArray) -> None:  # noqa: ARG001
        if vectors.shape[1] != engine.spec.dimension:
            raise EngineError(
                f"The model gives vectors of {vectors.shape[1]} numbers; its settings say {engine.spec.dimension}."
            )
        out[places] = vectors[:, : out.shape[1]]

    return write


def _repeat(out: FloatArray, distinct: Distinct) -> None:
    """Copy the vectors of repeated texts to where they are repeated; in parts, to need no second array."""
    for start in range(0, len(distinct.repeats), _COPIED_ROWS):
        part = slice(start, start + _COPIED_ROWS)
        out[distinct.repeats[part]] = out[distinct.originals[part]]
