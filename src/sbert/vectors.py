"""What similarity, quantisation and search take as vectors, brought to one shape: rows of numbers.

An argument may be a NumPy array, a torch tensor or nested lists. Nothing here imports torch: whoever passes a tensor
has imported it.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, TypeAlias, TypeGuard

import numpy as np

from .errors import DimensionError, InputError
from .types import AnyArray, Vectors

if TYPE_CHECKING:
    import torch

#: A NumPy array or a torch tensor of shape (n, d). Code on ``Rows`` keeps to what the two have in common.
Rows: TypeAlias = Any


def is_tensor(value: object) -> TypeGuard[torch.Tensor]:
    """Whether a value is a torch tensor, found out without importing torch.

    >>> is_tensor(np.zeros(3))
    False
    """
    return isinstance(value, getattr(sys.modules.get("torch"), "Tensor", ()))


def as_rows(values: Vectors, argument: str) -> Rows:
    """The rows of an argument, in the dtype they came in.

    Args:
        values: (n, d) array, tensor or lists; (d,) for one row; a list of n tensors or arrays (d,). Sparse tensors are
            made dense.
        argument: its name, for errors.

    Returns:
        (n, d), NumPy or torch as given, a view where one is possible. Lists of plain numbers become float32; an empty
        list has the shape (0, 0).

    Raises:
        InputError: not numbers, rows of several widths, or no or more than two dimensions.

    >>> as_rows([1.0, 2.0], "a")
    array([[1., 2.]], dtype=float32)
    """
    rows = _as_tensor(values, argument) if _holds_tensors(values) else _as_array(values, argument)
    if rows.ndim == 1:
        return rows[None] if len(rows) else rows.reshape(0, 0)
    if rows.ndim != 2:
        raise InputError(
            f"{argument} must have one or two dimensions, (d,) or (n, d); got the shape {tuple(rows.shape)}. "
            "Pass one set of vectors at a time."
        )
    return rows


def dimensions(values: Vectors) -> int:
    """How many dimensions an argument has before :func:`as_rows` makes it two: 1 for one vector.

    >>> dimensions([1.0, 2.0]), dimensions([np.zeros(2), np.zeros(2)])
    (1, 2)
    """
    if isinstance(values, (list, tuple)):
        return 1 + (dimensions(values[0]) if values else 0)
    return int(getattr(values, "ndim", 0))


def as_floats(rows: Rows) -> Rows:
    """Rows in a dtype to compute in: float64 stays, every other becomes float32 (float16, bfloat16, integers).

    >>> as_floats(np.array([[1, 2]], dtype=np.int8)).dtype
    dtype('float32')
    """
    if is_tensor(rows):
        return rows if rows.dtype.itemsize == 8 and rows.is_floating_point() else rows.float()
    wide = rows.dtype.kind == "f" and rows.dtype.itemsize >= 8
    return rows.astype(np.float64 if wide else np.float32, copy=False)


def as_array(rows: Rows) -> AnyArray:
    """Rows as a NumPy array: no copy of a tensor in main memory, unless its dtype is unknown to NumPy."""
    if not is_tensor(rows):
        return np.asarray(rows)
    rows = rows.detach().cpu()
    return np.asarray((rows.float() if rows.dtype.is_floating_point and rows.dtype.itemsize < 4 else rows).numpy())


def beside(rows: Rows, other: Rows) -> Rows:
    """Rows as the kind of array that ``other`` is, on its device."""
    if is_tensor(other):
        import torch

        return rows.to(other.device) if is_tensor(rows) else torch.tensor(rows, device=other.device)
    return as_array(rows)


def require_width(rows: Rows, other: Rows, argument: str, other_argument: str) -> None:
    """Check that two sets of rows have one width.

    Raises:
        DimensionError: they have not; both widths are named.
    """
    if rows.shape[1] != other.shape[1]:
        raise DimensionError(
            f"{argument} and {other_argument} must have the same width; got {rows.shape[1]} and {other.shape[1]}. "
            "Embed both with the same model, truncated alike."
        )


def require_finite(rows: Rows, argument: str, first_row: int = 0) -> None:
    """Check that rows hold neither NaN nor infinity.

    Args:
        rows: (n, d) floats.
        argument: its name, for the error.
        first_row: what number the first of these rows has in the whole argument.

    Raises:
        InputError: they do; the first such row is named.
    """
    if is_tensor(rows):
        import torch

        finite = as_array(torch.isfinite(rows).all(dim=1))
    else:
        finite = np.isfinite(rows).all(axis=1)
    if not finite.all():
        raise InputError(
            f"{argument} holds NaN or infinity, first in row {first_row + int(finite.argmin())}. "
            "Drop such rows, or find out why the model gave them."
        )


def _holds_tensors(values: Vectors) -> bool:
    return is_tensor(values) or (isinstance(values, (list, tuple)) and len(values) > 0 and is_tensor(values[0]))


def _as_tensor(values: Any, argument: str) -> torch.Tensor:
    import torch

    try:
        rows: torch.Tensor = values if is_tensor(values) else torch.stack([torch.as_tensor(value) for value in values])
    except (RuntimeError, TypeError, ValueError) as error:
        raise InputError(f"{argument} must be a list of tensors of one shape: {error}.") from error
    if rows.is_complex():
        raise InputError(f"{argument} must hold real numbers; got the dtype {rows.dtype}.")
    return rows if rows.layout is torch.strided else rows.to_dense()


def _as_array(values: Any, argument: str) -> AnyArray:
    try:
        array = np.asarray(values)
    except (TypeError, ValueError) as error:
        raise InputError(f"{argument} must be numbers in rows of one width: {error}.") from error
    # bfloat16 and the 8-bit floats, which other libraries add to NumPy, are of kind "V" there.
    extension = array.dtype.kind == "V" and array.dtype.fields is None and not array.dtype.name.startswith("void")
    if array.dtype.kind not in "fiub" and not extension:
        raise InputError(f"{argument} must hold real numbers; got the dtype {array.dtype}.")
    return array if _has_dtype(values) else array.astype(np.float32)


def _has_dtype(values: Any) -> bool:
    while isinstance(values, (list, tuple)) and values:
        values = values[0]
    return hasattr(values, "dtype")
