"""Losses around another loss, which is asked several times of a batch: of parts of vectors, or of several layers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor
from torch import distributed as dist

from ..errors import InputError
from .base import Loss, Value, check_is_loss
from .columns import Features
from .devices import together


class WrappingLoss(Loss):
    """A loss that takes what another takes.

    Args:
        model: to be trained.
        loss: the other, of the same model.

    Raises:
        InputError: the loss reads more than vectors.
    """

    #: Whether it cannot itself be wrapped.
    outermost = False

    def __init__(self, model: Any, loss: Loss) -> None:
        super().__init__(model)
        check_is_loss("loss", loss)
        if type(loss).forward is not Loss.forward:
            raise InputError(
                f"{type(self).__name__} asks a loss of vectors; {type(loss).__name__} reads more than those."
            )
        if getattr(loss, "outermost", False):
            raise InputError(f"Put {type(self).__name__} into {type(loss).__name__}, not around it.")
        self.of_each = loss
        self.columns, self.label, self.chunks = loss.columns, loss.label, loss.chunks

    def embed(self, columns: Sequence[Features]) -> list[Any]:  # noqa: D102
        return self.of_each.embed(columns)

    def completed(self, columns: Sequence[Features], vectors: Sequence[Tensor]) -> list[Any]:
        """Vectors of columns as the other loss takes them."""
        return self.of_each.completed(columns, vectors)

    def check_columns(self, columns: int, labels: bool) -> None:  # noqa: D102
        self.of_each.check_columns(columns, labels)

    def check_labels(self, labels: Any) -> None:  # noqa: D102
        self.of_each.check_labels(labels)


def vectors_of(column: Any) -> Tensor:
    """The vectors of a column: it is those, or holds others beside them."""
    vectors: Tensor = column if isinstance(column, Tensor) else column.vectors
    return vectors


def with_vectors(column: Any, vectors: Tensor) -> Any:
    """A column with other vectors, and the same beside them."""
    return vectors if isinstance(column, Tensor) else replace(column, vectors=vectors)


def summed(value: Value) -> Tensor:
    """A loss as one number, where it came in parts."""
    return torch.stack(list(value.values())).sum() if isinstance(value, dict) else value


def drawn(wanted: int, count: int, device: torch.device) -> list[int]:
    """Some of the numbers below a count, at random by torch's generator, in order; the same in every process.

    Args:
        wanted: how many; all of them where it is -1, or no fewer than there are.
        count: how many there are.
        device: where processes that train together exchange tensors.
    """
    if wanted < 0 or wanted >= count:
        return list(range(count))
    chosen = torch.randperm(count)[:wanted]
    if together():
        chosen = chosen.to(device)
        dist.broadcast(chosen, 0)
    return sorted(chosen.tolist())


def check_count(argument: str, value: int) -> None:
    """Check how many are to be drawn.

    Raises:
        InputError: it is neither -1 nor 1 or more.
    """
    if value != -1 and value < 1:
        raise InputError(f"{argument} must be 1 or more, or -1 for all; got {value}.")
