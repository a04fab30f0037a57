"""What is computed, as what users ask for: NumPy arrays or torch tensors."""

from __future__ import annotations

from typing import Any

from ..errors import MissingDependencyError
from ..types import AnyArray


def converted(rows: AnyArray, to_numpy: bool, to_tensor: bool, device: Any) -> Any:
    """An array as it is, as a torch tensor on a device, or as a list of tensors, one a row.

    Args:
        rows: what was computed.
        to_numpy: whether an array is wanted; counts for less than ``to_tensor``.
        to_tensor: whether one tensor is wanted.
        device: of tensors.

    Raises:
        MissingDependencyError: tensors are wanted and torch is not installed.
    """
    if to_numpy and not to_tensor:
        return rows
    tensors = torch_for("return tensors").from_numpy(rows).to(device)
    return tensors if to_tensor else list(tensors)


def torch_for(purpose: str) -> Any:
    """The ``torch`` module.

    Raises:
        MissingDependencyError: it is not installed; the purpose is told.
    """
    try:
        import torch
    except ImportError as error:
        raise MissingDependencyError("torch", purpose, "torch") from error
    return torch
