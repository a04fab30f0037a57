"""The inputs of a graph, from a batch of tokens."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from ...text import Batch
from ...types import IntArray

IDS, MASK, TYPES, POOLED = "input_ids", "attention_mask", "token_type_ids", "pooling_mask"


def feeds_of(names: Sequence[str], batch: Batch) -> list[IntArray]:
    """What a graph with inputs of these names reads of a batch, each (B, T) int64."""
    return [np.ascontiguousarray(_FEEDS[name](batch)) for name in names]


def _pooled(batch: Batch) -> IntArray:
    mask = batch.mask.copy()
    mask[:, : batch.prompt_length] = 0
    return mask


_FEEDS: dict[str, Callable[[Batch], IntArray]] = {
    IDS: lambda batch: batch.ids,
    MASK: lambda batch: batch.mask,
    TYPES: lambda batch: np.zeros_like(batch.ids) if batch.type_ids is None else batch.type_ids,
    POOLED: _pooled,
}
