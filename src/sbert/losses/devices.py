"""Vectors of all processes that train together."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch import distributed as dist


def together() -> bool:
    """Whether several processes train."""
    return dist.is_available() and dist.is_initialized() and dist.get_world_size() > 1


class _Gather(torch.autograd.Function):
    """Rows of all processes; the gradient of a process's own is the sum of what all of them made of it."""

    @staticmethod
    def forward(ctx: Any, rows: Tensor) -> Tensor:
        ctx.rows = len(rows)
        everybody = [torch.empty_like(rows) for _ in range(dist.get_world_size())]
        dist.all_gather(everybody, rows.contiguous())
        return torch.cat(everybody)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Tensor:
        summed = gradient.contiguous()
        dist.all_reduce(summed)
        start = dist.get_rank() * ctx.rows
        return summed[start : start + ctx.rows]


def gathered(rows: Tensor) -> Tensor:
    """The rows of all processes in their order, with gradients that find their way back; all have as many."""
    if not together():
        return rows
    found: Tensor = _Gather.apply(rows)  # type: ignore[no-untyped-call]
    return found


def first_row_of(rows: int) -> int:
    """Where this process's rows begin among those of all."""
    return dist.get_rank() * rows if together() else 0


def greatest(number: int, device: torch.device) -> int:
    """The greatest of the numbers of all processes.

    Args:
        number: this process's.
        device: where they exchange tensors.
    """
    if not together():
        return number
    found = torch.tensor(number, device=device)
    dist.all_reduce(found, dist.ReduceOp.MAX)
    return int(found)
