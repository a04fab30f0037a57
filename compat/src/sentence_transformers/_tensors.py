"""Vectors as torch tensors, from whatever holds them."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch


def as_tensor(vectors: Any) -> torch.Tensor:
    """A tensor of the same shape.

    Args:
        vectors: an array, a tensor, or a list of numbers, arrays or tensors of one width.

    >>> as_tensor([[1.0, 2.0]])
    tensor([[1., 2.]])
    """
    if isinstance(vectors, torch.Tensor):
        return vectors
    if isinstance(vectors, (list, tuple)) and vectors and isinstance(vectors[0], torch.Tensor):
        return torch.stack(list(vectors))
    return torch.as_tensor(np.asarray(vectors, None if hasattr(vectors, "dtype") else np.float32))
