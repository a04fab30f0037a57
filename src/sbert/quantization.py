"""Smaller vectors: one byte a number (int8, uint8) or one bit (binary, ubinary), and back.

One byte: the range [min, max] that a dimension takes is cut into 255 equal steps, and a number becomes the count of
whole steps below it. One bit: whether a number is above 0, eight to a byte, the first in the highest bit.
"""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any, TypeAlias, get_args, overload

import numpy as np

from .errors import DimensionError, InputError, QuantizationWarning, one_of
from .types import AnyArray, FloatArray, Precision, Vectors
from .vectors import as_array, as_floats, as_rows, dimensions, require_finite, require_width

if TYPE_CHECKING:
    import torch

#: Fewer vectors than this give ranges that others often fall out of.
ENOUGH_TO_CALIBRATE = 100

#: (n, d) vectors, or a list of (tokens, d) matrices, one a text.
VectorsOrMatrices: TypeAlias = Vectors

_CHUNK_ROWS = 2048
_CODE_TYPES: dict[str, type[np.generic]] = {
    "float32": np.float32,
    "int8": np.int8,
    "uint8": np.uint8,
    "binary": np.int8,
    "ubinary": np.uint8,
}


@overload
def quantize_embeddings(
    embeddings: AnyArray | torch.Tensor,
    precision: Precision,
    ranges: Vectors | None = None,
    calibration_embeddings: VectorsOrMatrices | None = None,
) -> AnyArray: ...
@overload
def quantize_embeddings(
    embeddings: list[Any],
    precision: Precision,
    ranges: Vectors | None = None,
    calibration_embeddings: VectorsOrMatrices | None = None,
) -> AnyArray | list[AnyArray]: ...
def quantize_embeddings(
    embeddings: VectorsOrMatrices,
    precision: Precision,
    ranges: Vectors | None = None,
    calibration_embeddings: VectorsOrMatrices | None = None,
) -> AnyArray | list[AnyArray]:
    """Turn vectors of floats into codes of one byte or one bit a number.

    Args:
        embeddings: (n, d) or (d,) floats, NumPy, torch or lists; or a list of (tokens, d) matrices.
        precision: with x a number, [min, max] the range of its dimension and step = (max - min) / 255,

            - ``"uint8"``: floor((x - min) / step), at least 0 and at most 255, computed in float32, so that a number on
              the edge of a step may fall to either side;
            - ``"int8"``: the same less 128;
            - ``"ubinary"``: a bit for x > 0, eight to a byte, the last byte filled up with zeros;
            - ``"binary"``: the same bytes less 128;
            - ``"float32"``: the numbers themselves.
        ranges: (2, d), smallest and greatest number of each dimension, for int8 and uint8. From
            :func:`calibrate_ranges`. Where the two are equal, step is 1: a number equal to them or smaller gets the
            least code.
        calibration_embeddings: vectors to take the ranges from, when ``ranges`` is not given; the embeddings
            themselves when neither is.

    Returns:
        NumPy codes (n, d) int8 or uint8, or for bits (n, ceil(d / 8)) int8 (binary) or uint8 (ubinary). (d,) gives one
        row without the n; a list of matrices gives a list of codes, all by the same ranges; an empty list gives one.

    Raises:
        InputError: NaN or infinity, codes instead of floats, an unknown precision, or ranges that cannot be found: one
            vector has no range.
        DimensionError: ranges of another width.

    Warns:
        QuantizationWarning: ranges are taken from fewer than 100 vectors.

    >>> ranges = [[-1.0, -1.0], [1.0, 1.0]]
    >>> quantize_embeddings([[-1.0, 0.0], [0.5, 2.0]], "int8", ranges)
    array([[-128,   -1],
           [  63,  127]], dtype=int8)
    >>> quantize_embeddings([[-1.0, 0.5, 0.1, -2.0, 0.0, 0.3, 1.0, 1.0]], "ubinary")  # 0b01100111
    array([[103]], dtype=uint8)
    """
    if precision not in get_args(Precision):
        raise one_of("precision", precision, get_args(Precision))
    if isinstance(embeddings, (list, tuple)) and not len(embeddings):
        return []
    several = _are_matrices(embeddings)
    matrices = _matrices(embeddings, "embeddings")
    limits = None
    if precision in ("int8", "uint8"):
        limits = _limits(matrices, precision, ranges, calibration_embeddings)
    codes = [_encode(matrix, precision, limits) for matrix in matrices]
    if several:
        return codes
    return codes[0] if dimensions(embeddings) > 1 else codes[0].reshape(-1)


def calibrate_ranges(embeddings: VectorsOrMatrices) -> FloatArray:
    """The smallest and the greatest number of each dimension, for :func:`quantize_embeddings`.

    Args:
        embeddings: (n, d) floats, n at least 2, better some thousands like those to be quantised; or a list of
            (tokens, d) matrices.

    Returns:
        (2, d) float32.

    Raises:
        InputError: fewer than two vectors, all of them equal, NaN or infinity.

    Warns:
        QuantizationWarning: fewer than 100 vectors.
    """
    return _calibrate(_matrices(embeddings, "embeddings"), "embeddings", stacklevel=3)


def dequantize_embeddings(
    codes: Vectors, precision: Precision, ranges: Vectors | None = None, *, dim: int | None = None
) -> FloatArray:
    """Turn codes back into floats near those that they came from.

    Args:
        codes: (n, c) or (c,), as :func:`quantize_embeddings` returns them.
        precision: what they were quantised to.
        ranges: (2, d), needed for int8 and uint8: the ranges that they were quantised by.
        dim: how many numbers a vector has, for binary and ubinary; without it 8 for each byte.

    Returns:
        (n, d) float32, or (d,) for one. One byte gives the middle of its step, off by at most half a step for numbers
        within their range; one bit gives 1 or -1.

    Raises:
        InputError: an unknown precision, missing ranges, codes of another dtype, a ``dim`` that the bytes cannot hold.
        DimensionError: ranges of another width.

    >>> dequantize_embeddings(np.array([[-128, 127]], dtype=np.int8), "int8", [[0.0, 0.0], [255.0, 255.0]])
    array([[  0.5, 255. ]], dtype=float32)
    """
    if precision not in get_args(Precision):
        raise one_of("precision", precision, get_args(Precision))
    rows = as_array(as_rows(codes, "codes"))
    expected = np.dtype(_CODE_TYPES[precision])
    if rows.dtype != expected and precision != "float32":
        raise InputError(f"codes must have the dtype {expected} for precision {precision!r}; got {rows.dtype}.")
    if precision == "float32":
        numbers = rows.astype(np.float32, copy=False)
    elif precision in ("int8", "uint8"):
        numbers = _middles(rows, read_ranges(ranges, rows, "codes", precision))
    else:
        numbers = _signs(rows, dim)
    return numbers if dimensions(codes) > 1 else numbers.reshape(-1)


def read_ranges(ranges: Vectors | None, rows: AnyArray, argument: str, precision: str) -> FloatArray:
    """Ranges as the user gives them, checked: (2, d) float32.

    Args:
        ranges: (2, d), smallest and greatest number of each dimension.
        rows: (n, d), what they are for.
        argument: the name of those, for errors.
        precision: likewise.

    Raises:
        InputError: there are none, they have another shape, NaN or infinity, or a smallest number that is greater.
        DimensionError: they are for another width.
    """
    if ranges is None:
        raise InputError(f"ranges are needed for precision {precision!r}: those that the codes were made by.")
    limits = as_array(as_floats(as_rows(ranges, "ranges"))).astype(np.float32, copy=False)
    if len(limits) != 2:
        raise InputError(f"ranges must have the shape (2, d), smallest and greatest; got {limits.shape}.")
    if limits.shape[1] != rows.shape[1]:
        raise DimensionError(
            f"ranges are for {limits.shape[1]} dimensions and {argument} have {rows.shape[1]}. "
            "Take them from vectors of the same model, truncated alike."
        )
    require_finite(limits, "ranges")
    if (limits[0] > limits[1]).any():
        dimension = int((limits[0] > limits[1]).argmax())
        raise InputError(f"ranges[0] must not be greater than ranges[1]; it is in dimension {dimension}.")
    return limits


def _are_matrices(values: VectorsOrMatrices) -> bool:
    """Whether an argument is a list of matrices rather than one of vectors or of plain numbers."""
    return isinstance(values, (list, tuple)) and getattr(values[0], "ndim", 0) == 2


def _matrices(values: VectorsOrMatrices, argument: str) -> list[FloatArray]:
    """The rows of one or several matrices as finite floats: a list of (n, d)."""
    if isinstance(values, (list, tuple)) and not len(values):
        raise InputError(f"{argument} is empty. Pass at least two vectors.")
    named = [(values, argument)]
    if _are_matrices(values):
        named = [(value, f"{argument}[{number}]") for number, value in enumerate(values)]
    matrices: list[FloatArray] = []
    for value, name in named:
        rows = as_rows(value, name)
        if as_array(rows[:0]).dtype in (np.int8, np.uint8):
            raise InputError(f"{name} must be floats; got {rows.dtype}: these are codes already.")
        floats = as_array(as_floats(rows))
        require_finite(floats, name)
        if matrices:
            require_width(matrices[0], floats, f"{argument}[0]", name)
        matrices.append(floats)
    return matrices


def _limits(
    matrices: list[FloatArray],
    precision: str,
    ranges: Vectors | None,
    calibration_embeddings: VectorsOrMatrices | None,
) -> FloatArray | None:
    """The (2, d) ranges to quantise by: given, of the calibration vectors, or of the embeddings; None for no rows."""
    if ranges is not None:
        return read_ranges(ranges, matrices[0], "embeddings", precision)
    if calibration_embeddings is not None:
        given = _matrices(calibration_embeddings, "calibration_embeddings")
        require_width(given[0], matrices[0], "calibration_embeddings", "embeddings")
        return _calibrate(given, "calibration_embeddings", stacklevel=4)
    rows = sum(map(len, matrices))
    if rows == 1:
        raise InputError(
            f"embeddings hold a single vector, which has no range to quantise to {precision} by. "
            "Pass ranges=calibrate_ranges(many_vectors) or calibration_embeddings=many_vectors."
        )
    return _calibrate(matrices, "embeddings", stacklevel=4) if rows else None


def _calibrate(matrices: list[FloatArray], argument: str, stacklevel: int) -> FloatArray:
    rows = sum(map(len, matrices))
    if rows < 2:
        raise InputError(f"{argument} must hold at least two vectors to take ranges from; got {rows}.")
    if rows < ENOUGH_TO_CALIBRATE:
        warnings.warn(
            f"Ranges are taken from {rows} vectors; with fewer than {ENOUGH_TO_CALIBRATE} other vectors often fall out "
            "of them. Pass ranges or calibration_embeddings from more.",
            QuantizationWarning,
            stacklevel=stacklevel,
        )
    filled = [matrix for matrix in matrices if len(matrix)]
    least = np.min([matrix.min(axis=0) for matrix in filled], axis=0)
    greatest = np.max([matrix.max(axis=0) for matrix in filled], axis=0)
    if (least == greatest).all():
        raise InputError(f"{argument} must hold different vectors to take ranges from; all {rows} are equal.")
    return np.stack([least, greatest]).astype(np.float32)


def _encode(matrix: FloatArray, precision: str, limits: FloatArray | None) -> AnyArray:
    if precision == "float32":
        return matrix.astype(np.float32, copy=False)
    if limits is None and precision in ("int8", "uint8"):
        return np.empty(matrix.shape, dtype=_CODE_TYPES[precision])
    codes = np.packbits(matrix > 0, axis=-1) if limits is None else _steps_below(matrix, limits)
    # Taking 128 from a byte and reading it as signed is the same as turning its highest bit.
    return (codes ^ np.uint8(128)).view(np.int8) if precision in ("int8", "binary") else codes


def _steps_below(matrix: FloatArray, limits: FloatArray) -> AnyArray:
    """(n, d) floats and (2, d) limits to (n, d) uint8, in chunks that stay in the processor's cache."""
    steps = (limits[1] - limits[0]) / np.float32(255)
    steps[steps == 0] = 1
    codes = np.empty(matrix.shape, dtype=np.uint8)
    for start in range(0, len(matrix), _CHUNK_ROWS):
        numbers = matrix[start : start + _CHUNK_ROWS] - limits[0]
        numbers /= steps
        np.floor(numbers, out=numbers)
        np.clip(numbers, 0, 255, out=numbers)
        codes[start : start + _CHUNK_ROWS] = numbers
    return codes


def _middles(codes: AnyArray, limits: FloatArray) -> FloatArray:
    """(n, d) codes to the middle of their steps; the last code, which only the greatest number gets, to that one."""
    below = (codes.view(np.uint8) ^ np.uint8(128)) if codes.dtype == np.int8 else codes
    numbers: FloatArray = (below + np.float32(0.5)) * ((limits[1] - limits[0]) / np.float32(255)) + limits[0]
    np.minimum(numbers, limits[1], out=numbers)
    return numbers


def _signs(codes: AnyArray, dim: int | None) -> FloatArray:
    """(n, c) bytes of bits to (n, dim) of 1 and -1."""
    held = 8 * codes.shape[1]
    if dim is not None and not held - 8 < dim <= held:
        raise InputError(f"dim must be from {held - 7} to {held} for codes of {codes.shape[1]} bytes; got {dim}.")
    packed = (codes.view(np.uint8) ^ np.uint8(128)) if codes.dtype == np.int8 else codes
    bits = np.unpackbits(packed, axis=-1, count=dim)
    return bits.astype(np.float32) * 2 - 1
