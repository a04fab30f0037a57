"""Which texts go through a network together, and how they are padded.

A text is padded to a length that depends on that text alone, and only texts of the same padded length share a batch.
So each row of a batch goes through the same arithmetic in whatever company: its vector is the same bit for bit,
alone or among thousands. And hardly any work is spent on padding.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ..types import IntArray
from .tokens import Batch, Tokens

#: Lengths up to this many tokens are padded finely, since there a few more tokens cost much; longer ones coarsely,
#: since there a network that has seen fewer different lengths starts faster.
_FINE_UP_TO, _FINE, _COARSE = 64, 4, 16


def padded_length(lengths: IntArray) -> IntArray:
    """The length that texts of these lengths are padded to.

    Args:
        lengths: numbers of tokens, any shape.

    Returns:
        The next multiple of 4 up to 64, of 16 above; same shape.

    >>> padded_length(np.array([1, 4, 5, 64, 65, 200])).tolist()
    [4, 4, 8, 64, 80, 208]
    """
    step = np.where(lengths <= _FINE_UP_TO, _FINE, _COARSE)
    # A text may have no token at all, where the tokenizer adds none; a network still needs a place to look at.
    padded: IntArray = -(-np.maximum(lengths, 1) // step) * step
    return padded


def plan_batches(
    lengths: IntArray, token_budget: int, max_rows: int | None = None, longest: int | None = None
) -> Iterator[tuple[int, IntArray]]:
    """Sort texts into batches by token count.

    Longest first: what a job needs most memory for fails at once, not at its end. What is left of a length after its
    full batches goes in powers of two: each shape of a batch that a network sees for the first time costs it
    milliseconds and memory, so there are few.

    Args:
        lengths: number of tokens of each text, (n,).
        token_budget: tokens in a batch, padding included; a single text may exceed it.
        max_rows: texts in a batch at the most.
        longest: padding goes no further than this: a network has no positions beyond. No text may be longer.

    Yields:
        The padded length and the indices of a batch's texts; every text is in exactly one batch.
    """
    padded = padded_length(lengths)
    if longest is not None:
        padded = np.minimum(padded, longest)
    order = np.argsort(-padded, kind="stable")
    ordered = padded[order]
    ends = [*(np.flatnonzero(ordered[1:] != ordered[:-1]) + 1).tolist(), len(order)]
    for begin, end in zip([0, *ends], ends, strict=False):
        group = order[begin:end]
        if not len(group):
            continue
        length = int(padded[group[0]])
        rows = max(1, token_budget // max(1, length))
        if max_rows is not None:
            rows = min(rows, max_rows)
        start = 0
        while start < len(group):
            size = _rows_of_next(len(group) - start, rows)
            yield length, group[start : start + size]
            start += size


def _rows_of_next(left: int, full: int) -> int:
    """How many of the texts that are left go into the next batch."""
    return full if left >= full else 1 << (left.bit_length() - 1)


def make_batch(tokens: Tokens, rows: IntArray, length: int, pad_id: int, prompt_length: int = 0) -> Batch:
    """Gather some texts' tokens into one padded rectangle.

    Args:
        tokens: the tokens of all texts.
        rows: indices of the texts wanted, (batch,).
        length: width of the rectangle; at least the longest of the rows.
        pad_id: number of the padding token.
        prompt_length: passed on to the batch.
    """
    if not len(tokens.ids):
        empty = np.zeros((len(rows), length), np.int64)
        return Batch(np.full_like(empty, pad_id), empty, None, prompt_length)
    starts, lengths = tokens.starts[rows], tokens.lengths[rows]
    column = np.arange(length)
    real = column < lengths[:, None]  # (batch, tokens)
    # Clipped where there is padding; those places are overwritten.
    source = np.minimum(starts[:, None] + column, max(len(tokens.ids) - 1, 0))
    ids = np.where(real, tokens.ids[source], pad_id)
    type_ids = None if tokens.type_ids is None else np.where(real, tokens.type_ids[source], 0)
    if tokens.unseen is None:
        return Batch(ids, real.astype(np.int64), type_ids, prompt_length)
    unseen = tokens.unseen[rows]
    seen = column < (lengths - unseen)[:, None]
    return Batch(ids, seen.astype(np.int64), type_ids, prompt_length, unseen)
