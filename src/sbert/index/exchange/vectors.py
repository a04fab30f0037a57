"""Vectors in the columns that other programs write: lists of one length, of any type of numbers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from ...data.columns import likely_column, named_column
from ...errors import DataError, DimensionError
from ...types import FloatArray
from ...vectors import require_finite

#: Names that columns of vectors tend to have; the first that a table has is read.
USUAL_NAMES = ("embedding", "embeddings", "vector", "vectors")


def holds_vectors(kind: Any, *, whole: bool = True) -> bool:
    """Whether a column's type, pyarrow's, is one of lists of numbers; ``whole`` for whole ones too."""
    import pyarrow.types as pt

    lists = pt.is_list(kind) or pt.is_large_list(kind) or pt.is_fixed_size_list(kind)
    return bool(lists and (pt.is_floating(kind.value_type) or (whole and pt.is_integer(kind.value_type))))


def vector_name(schema: Any, name: str | None, source: str) -> str:
    """The column of vectors: the one that is named, the only one, or one with a usual name.

    Raises:
        DataError: there is none, it holds something else, or none stands out.
    """
    there: list[str] = [field.name for field in schema if holds_vectors(field.type)]
    if name is None:
        return likely_column(schema.names, there, USUAL_NAMES, source, "vectors (lists of numbers)", "vector")
    if named_column(name, schema.names, source) not in there:
        raise DataError(f"The column {name!r} of {source} holds {schema.field(name).type}, not lists of numbers.")
    return name


def vectors_in(column: Any, width: int, source: object, first: int) -> tuple[FloatArray, npt.NDArray[np.bool_]]:
    """The vectors of a column.

    Args:
        column: pyarrow's array.
        width: that they must have.
        source: the file, for messages.
        first: number of the first row, for messages.

    Returns:
        (n, width) float32, zeros where there is none; and (n,) where there is none.

    Raises:
        DimensionError: a vector has another width; its row is named.
        DataError: one has a hole.
        InputError: one holds NaN or infinity; its row is named.
    """
    missing: npt.NDArray[np.bool_] = column.is_null().to_numpy(zero_copy_only=False)
    there = column.drop_null()
    lengths = _lengths(there)
    wrong = np.flatnonzero(lengths != width)
    if len(wrong):
        row = first + int(np.flatnonzero(~missing)[wrong[0]])
        raise DimensionError(
            f"Row {row:,} of {source} has a vector of {lengths[wrong[0]]} numbers; {width} are needed."
        )
    numbers = there.flatten()
    if numbers.null_count:
        place = int(np.flatnonzero(numbers.is_null().to_numpy(zero_copy_only=False))[0]) // width
        row = first + int(np.flatnonzero(~missing)[place])
        raise DataError(f"Row {row:,} of {source} has a vector with a number missing.")
    rows = np.zeros((len(column), width), np.float32)
    with np.errstate(over="ignore"):
        rows[~missing] = numbers.to_numpy(zero_copy_only=False).astype(np.float32, copy=False).reshape(-1, width)
    require_finite(rows, "vectors", first)
    return rows, missing


def _lengths(column: Any) -> npt.NDArray[np.int64]:
    import pyarrow.compute as pc

    if hasattr(column.type, "list_size"):
        return np.full(len(column), column.type.list_size, np.int64)
    lengths: npt.NDArray[np.int64] = pc.list_value_length(column).to_numpy(zero_copy_only=False).astype(np.int64)
    return lengths


def column_of(batch: Any, name: str) -> Any:
    """A column of a batch or table as one array, pyarrow's."""
    import pyarrow as pa

    column = batch.column(name)
    if not isinstance(column, pa.ChunkedArray):
        return column
    return column.combine_chunks() if column.num_chunks != 1 else column.chunk(0)


def evenly(count: int, of: int) -> Sequence[int]:
    """At most so many numbers below ``of``, at even distances."""
    found: list[int] = np.unique(np.linspace(0, of - 1, min(count, of)).astype(int)).tolist()
    return found
