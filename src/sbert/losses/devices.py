"""Vectors of all processes that train together."""

from __future__ import annotations

import torch
from torch import Tensor
from torch import distributed as dist


def together() -> bool:
    """Whether several processes train."""
    return dist.is_available() and dist.is_initialized() and dist.get_world_size() > 1


def gathered(rows: Tensor) -> Tensor:
    """The rows of all processes in their order, with gradients that find their way back; all have as many."""
    if not together():
        return rows
    from torch.distributed.nn.functional import all_gather

    return torch.cat(list(all_gather(rows.contiguous())))  # type: ignore[no-untyped-call]


def first_row_of(rows: int) -> int:
    """Where this process's rows begin among those of all."""
    return dist.get_rank() * rows if together() else 0
