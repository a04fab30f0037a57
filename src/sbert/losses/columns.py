"""Columns of texts through the network: together, in chunks of texts of like length, and if need be twice."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import count, pairwise
from typing import Any, TypeAlias

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from ..process import give_memory_back

#: What a tokenizer makes of a column: ``input_ids`` and ``attention_mask``, (B, tokens), and what else a model reads.
Features: TypeAlias = Mapping[str, Any]

_IDS, _MASK = "input_ids", "attention_mask"
#: Padded tokens that a processor takes at a time: enough to keep it busy, few enough that little of it is padding.
_CPU_TOKENS = 4096
#: The same where inner values are computed twice to save memory: half the memory for a few hundredths of the time.
_CPU_TOKENS_RECOMPUTED = 2048
#: What a chunk costs a processor beside its tokens, in tokens: the calls of a network, there and back.
_CPU_OVERHEAD = 96

#: Chunks of GradCache between two times that free memory is given back.
_GIVE_BACK = 4


@dataclass(frozen=True)
class Chunks:
    """How a batch is cut on its way through the network.

    The vectors are the same, but for rounding, however it is cut. A text is padded to the longest of its chunk, so on a
    processor, where padding costs as much as text, chunks of like length are faster than the batch in one piece.

    Args:
        rows: texts in a chunk at the most; None for any number.
        tokens: tokens in a chunk at the most, padding included; one text may have more. None for what suits the device.
        recompute: whether the network's inner values are dropped after each chunk, and computed once more for its
            gradients. A batch of any size then needs the memory of one chunk: GradCache (Gao et al.,
            https://arxiv.org/abs/2101.06983), by torch's checkpointing, which keeps dropout the same both times.
    """

    rows: int | None = None
    tokens: int | None = None
    recompute: bool = False

    def tokens_on(self, device: torch.device) -> int | None:
        """Tokens in a chunk on a device."""
        if self.tokens is None and device.type == "cpu":
            return _CPU_TOKENS_RECOMPUTED if self.recompute else _CPU_TOKENS
        return self.tokens


def outputs_of(
    network: nn.Module, columns: Sequence[Features], names: Sequence[str], chunks: Chunks, pad_id: int = 0
) -> list[dict[str, Tensor]]:
    """What a network makes of each column.

    Args:
        network: takes features and returns them with more.
        columns: features of each column. Those with the same keys go through together.
        names: what of the network's output is wanted: (B, ...) each. Of token vectors, (B, tokens, d), the tokens are
            padded with zeros to those of the column.
        chunks: how to cut them.
        pad_id: token number to pad with.

    Returns:
        The outputs of each column by name.
    """
    found: list[dict[str, Tensor]] = [{} for _ in columns]
    for members in _alike(columns):
        rows = [_rows(columns[member]) for member in members]
        merged = _merged([columns[member] for member in members], pad_id)
        together = _in_chunks(network, merged, sum(rows), names, chunks)
        for name, whole in together.items():
            for member, part in zip(members, torch.split(whole, rows), strict=True):
                width = columns[member][_MASK].shape[1] if _MASK in columns[member] else 0
                found[member][name] = part[:, :width] if part.dim() == 3 and width else part
    return found


def _alike(columns: Sequence[Features]) -> Iterable[list[int]]:
    """The numbers of columns that can go through together: same keys, and the same of all that is no tensor."""
    groups: dict[Any, list[int]] = {}
    for number, features in enumerate(columns):
        fixed = tuple((key, value) for key, value in sorted(features.items()) if not isinstance(value, Tensor))
        groups.setdefault((tuple(sorted(features)), fixed), []).append(number)
    return groups.values()


def _rows(features: Features) -> int:
    return next(len(value) for value in features.values() if isinstance(value, Tensor))


def _merged(columns: Sequence[Features], pad_id: int) -> dict[str, Any]:
    """Several columns as one, padded to the longest."""
    merged: dict[str, Any] = dict(columns[0])
    for name, first in columns[0].items():
        if not isinstance(first, Tensor):
            continue
        parts = [features[name] for features in columns]
        if _MASK in columns[0] and first.shape[:2] == columns[0][_MASK].shape:
            widest = max(part.shape[1] for part in parts)
            fill = pad_id if name == _IDS else 0
            parts = [nn.functional.pad(part, (0, widest - part.shape[1]), value=fill) for part in parts]
        merged[name] = torch.cat(parts)
    return merged


def _in_chunks(
    network: nn.Module, features: dict[str, Any], rows: int, names: Sequence[str], chunks: Chunks
) -> dict[str, Tensor]:
    run = _recomputed(network, names) if chunks.recompute and torch.is_grad_enabled() else _direct(network, names)
    mask = features.get(_MASK)
    # Padding on the left would have to be cut there; nothing here pads so, but a user's own collator may.
    if not isinstance(mask, Tensor) or mask.dim() != 2 or not bool(mask[:, 0].all()):
        if chunks.rows is None:
            return run(features)
        parts = [run(_part(features, rows, slice(at, at + chunks.rows))) for at in range(0, rows, chunks.rows)]
        return {name: torch.cat([part[name] for part in parts]) for name in names}
    lengths = mask.sum(dim=1)
    order = torch.argsort(lengths, descending=True, stable=True)
    # Where padding costs nothing, chunks are as few as limits allow.
    overhead = _CPU_OVERHEAD if mask.device.type == "cpu" else rows * mask.shape[1]
    cuts = _cuts(lengths[order].tolist(), chunks.rows, chunks.tokens_on(mask.device), overhead)
    if len(cuts) == 1:
        return run(features)
    parts = []
    for start, end in cuts:
        longest = int(lengths[order[start]])
        parts.append(run(_part(features, rows, order[start:end], tuple(mask.shape), longest)))
    back = torch.argsort(order)
    found = {}
    for name in names:
        widest = max(part[name].shape[1] for part in parts)
        padded = [
            nn.functional.pad(part[name], (0, 0, 0, widest - part[name].shape[1]))
            if part[name].dim() == 3 else part[name]
            for part in parts
        ]  # fmt: skip
        found[name] = torch.cat(padded)[back]
    return found


def _cuts(lengths: list[int], rows: int | None, tokens: int | None, overhead: int) -> list[tuple[int, int]]:
    """Where chunks of texts start and end; lengths go down, so the first text of a chunk is its longest.

    The cuts that cost least: the tokens of all chunks, padding included, and an overhead for each; found by dynamic
    programming over the lengths that there are. Chunks that are too large are then cut evenly.
    """
    _, starts = np.unique(-np.asarray(lengths), return_index=True)
    longest = np.asarray(lengths)[starts]
    ends = np.append(starts[1:], len(lengths))
    least = np.zeros(len(starts) + 1)  # the cost of the texts from a length on, downwards
    until = np.zeros(len(starts), np.int64)
    for place in range(len(starts) - 1, -1, -1):
        costs = longest[place] * (ends[place:] - starts[place]) + overhead + least[place + 1 :]
        until[place] = place + int(costs.argmin())
        least[place] = costs.min()
    cuts, place = [], 0
    while place < len(starts):
        start, end = int(starts[place]), int(ends[until[place]])
        fit = end - start if tokens is None else max(1, tokens // max(1, int(longest[place])))
        parts = -(-(end - start) // min(fit, rows or fit))
        edges = [start + number * (end - start) // parts for number in range(parts + 1)]
        cuts += list(pairwise(edges))
        place = int(until[place]) + 1
    return cuts


def _part(
    features: Features, rows: int, which: Any, shape: tuple[int, ...] | None = None, longest: int = 0
) -> dict[str, Any]:
    """Some of the rows, without the padding that all of them have."""
    part: dict[str, Any] = {}
    for name, value in features.items():
        if not isinstance(value, Tensor) or len(value) != rows:
            part[name] = value
        elif shape is not None and tuple(value.shape[:2]) == shape:
            part[name] = value[which][:, :longest]
        else:
            part[name] = value[which]
    return part


def _direct(network: nn.Module, names: Sequence[str]) -> Callable[[Features], dict[str, Tensor]]:
    def run(features: Features) -> dict[str, Tensor]:
        found = network(dict(features))
        return {name: found[name] for name in names}

    return run


def _recomputed(network: nn.Module, names: Sequence[str]) -> Callable[[Features], dict[str, Tensor]]:
    direct = _direct(network, names)
    calls, on_processor = count(1), next((weight.device.type == "cpu" for weight in network.parameters()), True)

    def computed(features: Features) -> dict[str, Tensor]:
        # Chunks differ in shape, and what one leaves free does not fit the next.
        if on_processor and next(calls) % _GIVE_BACK == 0:
            give_memory_back()
        return direct(features)

    def run(features: Features) -> dict[str, Tensor]:
        found: dict[str, Tensor] = checkpoint(computed, features, use_reentrant=False)
        return found

    return run
