"""Names for the arrays and options that travel between modules.

``torch`` is optional, so a tensor is named here for the type checker only.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, TypeAlias, Union

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    import torch

FloatArray: TypeAlias = npt.NDArray[np.floating[Any]]
IntArray: TypeAlias = npt.NDArray[np.integer[Any]]
AnyArray: TypeAlias = npt.NDArray[Any]

#: What similarity and search functions take: a NumPy array, a torch tensor, or nested lists of numbers.
Vectors: TypeAlias = Union[AnyArray, "torch.Tensor", "list[Any]"]

Precision: TypeAlias = Literal["float32", "int8", "uint8", "binary", "ubinary"]
