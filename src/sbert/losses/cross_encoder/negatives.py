"""Negatives drawn from the batch."""

from __future__ import annotations

import zlib
from collections.abc import Sequence

import torch


def in_batch_negatives(columns: Sequence[Sequence[str]], most: int | None) -> list[list[str]]:
    """Documents of other rows, for each row.

    What is drawn depends on the batch alone. From a generator that others draw from too, batches made ahead, or made
    in other processes, would get other negatives after a stop. Shuffling makes other batches in each epoch.

    Args:
        columns: positives, and any number of columns of negatives.
        most: how many for each row; None for all. Each row gets as many: where one has fewer others, all get that few.

    Returns:
        Columns of negatives. None is of its own row, or reads like that row's positive; none comes twice for a row,
        unless it stands twice in the batch.
    """
    rows = len(columns[0])
    documents = [text for column in columns for text in column]
    known: dict[str, int] = {}
    codes = torch.tensor([known.setdefault(text, len(known)) for text in documents])
    own = torch.arange(rows).repeat(len(columns)) == torch.arange(rows)[:, None]
    others = ~own & (codes != codes[:rows, None])
    count = int(others.sum(dim=1).min())
    if most is not None:
        count = min(count, most)
    seed = zlib.crc32("\0".join(documents).encode("utf-8", "replace"))
    keys = torch.rand(rows, len(documents), generator=torch.Generator().manual_seed(seed))
    # The least of random numbers are a draw without replacement.
    drawn = keys.masked_fill(~others, torch.inf).topk(count, largest=False).indices
    return [[documents[number] for number in column] for column in drawn.T.tolist()]
