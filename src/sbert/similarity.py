"""How alike vectors are: cosine, dot product, negative distances, all with all or row by row.

Every function takes NumPy arrays, torch tensors or nested lists, and shares these rules:

- NumPy and lists give NumPy; as soon as one side is a torch tensor the result is one, on its device, differentiable.
- float64 stays float64; float32, float16, bfloat16, 8-bit floats and integers give float32.
- A single vector (d,) is a batch of one.
- :class:`~sbert.errors.DimensionError` when the widths differ, :class:`~sbert.errors.InputError` for anything that is
  not rows of real numbers.

A greater number always means more alike, so distances are negative.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from enum import Enum
from typing import TYPE_CHECKING, Any, Protocol, cast, overload

import numpy as np

from .errors import InputError, one_of
from .types import AnyArray, FloatArray, Vectors
from .vectors import Rows, as_floats, as_rows, beside, is_tensor, require_width

if TYPE_CHECKING:
    import torch

#: A vector shorter than this counts as zero: its cosine with any other is 0, or next to it, never NaN.
SMALLEST_NORM = 1e-12

#: Sizes of the tiles that distances are computed in, small enough for the processor's second-level cache.
_TILE_ROWS = 256
_TILE_NUMBERS = 2**17


class Similarity(Protocol):
    """A function of two sets of vectors: torch out when torch came in, NumPy otherwise."""

    __name__: str

    @overload
    def __call__(self, a: torch.Tensor, b: Vectors) -> torch.Tensor: ...
    @overload
    def __call__(self, a: Vectors, b: torch.Tensor) -> torch.Tensor: ...
    @overload
    def __call__(self, a: AnyArray | list[Any], b: AnyArray | list[Any]) -> FloatArray: ...


def norms(x: Rows) -> Rows:
    """Length of each vector: (..., d) floats give (...)."""
    if is_tensor(x):
        import torch

        # Not sqrt of the sum: that has no gradient at a zero vector, this has 0.
        return torch.linalg.vector_norm(x, dim=-1)
    return np.sqrt(np.einsum("...i,...i->...", x, x))


def unit(x: Rows) -> Rows:
    """Vectors divided by their length: (..., d) floats give (..., d); zero vectors stay zero."""
    return x / norms(x).clip(SMALLEST_NORM)[..., None]


def _matching(a: Vectors, b: Vectors) -> tuple[Rows, Rows]:
    """Both arguments as floats of one kind, dtype, device and width."""
    rows, others = as_rows(a, "a"), as_rows(b, "b")
    require_width(rows, others, "a", "b")
    if is_tensor(rows):
        others = beside(others, rows)
    elif is_tensor(others):
        rows = beside(rows, others)
    rows, others = as_floats(rows), as_floats(others)
    if is_tensor(rows) and rows.dtype != others.dtype:
        return rows.double(), others.double()
    return rows, others


def _of_all_pairs(formula: Callable[[Rows, Rows], Rows]) -> Similarity:
    """Let a formula on (n, d) and (m, d) floats take vectors of any kind; it returns (n, m)."""

    @functools.wraps(formula)
    def similarity(a: Vectors, b: Vectors) -> Rows:
        return formula(*_matching(a, b))

    return cast("Similarity", similarity)


def _of_rows(formula: Callable[[Rows, Rows], Rows]) -> Similarity:
    """Let a formula on two (n, d) arrays of floats take vectors of any kind; it returns (n,)."""

    @functools.wraps(formula)
    def similarity(a: Vectors, b: Vectors) -> Rows:
        rows, others = _matching(a, b)
        if len(rows) != len(others) and 1 not in (len(rows), len(others)):
            raise InputError(
                f"a and b must have as many rows as each other, or one of them a single row; got {len(rows)} and "
                f"{len(others)}. To compare all rows with all, use {formula.__name__.removeprefix('pairwise_')}."
            )
        return formula(rows, others)

    return cast("Similarity", similarity)


@_of_all_pairs
def cos_sim(a: Rows, b: Rows) -> Rows:
    """Cosine of the angle between each row of ``a`` and each row of ``b``.

    Args:
        a: (n, d) or (d,).
        b: (m, d) or (d,).

    Returns:
        (n, m) in [-1, 1], up to rounding; 0 where a vector is zero.

    >>> cos_sim([[3.0, 4.0]], [[4.0, 3.0], [0.0, 0.0]]).round(2)
    array([[0.96, 0.  ]], dtype=float32)
    """
    return unit(a) @ unit(b).T


@_of_all_pairs
def dot_score(a: Rows, b: Rows) -> Rows:
    """Dot product of each row of ``a`` with each row of ``b``.

    Args:
        a: (n, d) or (d,).
        b: (m, d) or (d,).

    Returns:
        (n, m).

    >>> dot_score([[1.0, 2.0]], [[3.0, 4.0], [5.0, 6.0]])
    array([[11., 17.]], dtype=float32)
    """
    return a @ b.T


@_of_all_pairs
def euclidean_sim(a: Rows, b: Rows) -> Rows:
    """Negative Euclidean distance between each row of ``a`` and each row of ``b``.

    Exact for rows that are nearly or wholly equal, where the usual shortcut by dot products in float32 is not.

    Args:
        a: (n, d) or (d,).
        b: (m, d) or (d,).

    Returns:
        (n, m), at most 0.

    >>> euclidean_sim([[0.0, 0.0]], [[3.0, 4.0]])
    array([[-5.]], dtype=float32)
    """
    if is_tensor(a):
        import torch

        return -torch.cdist(a, b, p=2.0, compute_mode="donot_use_mm_for_euclid_dist")
    return -_euclidean_distances(a, b)


@_of_all_pairs
def manhattan_sim(a: Rows, b: Rows) -> Rows:
    """Negative Manhattan distance (sum of absolute differences) between each row of ``a`` and each row of ``b``.

    Args:
        a: (n, d) or (d,).
        b: (m, d) or (d,).

    Returns:
        (n, m), at most 0. Beside it no more than a few megabytes are used.

    >>> manhattan_sim([[0.0, 0.0]], [[3.0, 4.0]])
    array([[-7.]], dtype=float32)
    """
    if is_tensor(a):
        import torch

        return -torch.cdist(a, b, p=1.0)
    return -_manhattan_distances(a, b)


@_of_rows
def pairwise_cos_sim(a: Rows, b: Rows) -> Rows:
    """Cosine of the angle between row i of ``a`` and row i of ``b``.

    Args:
        a: (n, d), or one row that is compared with all of ``b``.
        b: (n, d), or one row that is compared with all of ``a``.

    Returns:
        (n,) in [-1, 1], up to rounding; 0 where a vector is zero.

    >>> pairwise_cos_sim([[3.0, 4.0], [1.0, 0.0]], [[4.0, 3.0], [0.0, 1.0]]).round(2)
    array([0.96, 0.  ], dtype=float32)
    """
    return (unit(a) * unit(b)).sum(-1)


@_of_rows
def pairwise_dot_score(a: Rows, b: Rows) -> Rows:
    """Dot product of row i of ``a`` with row i of ``b``.

    Args:
        a: (n, d), or one row that is compared with all of ``b``.
        b: (n, d), or one row that is compared with all of ``a``.

    Returns:
        (n,).

    >>> pairwise_dot_score([[1.0, 2.0]], [[3.0, 4.0]])
    array([11.], dtype=float32)
    """
    return (a * b).sum(-1)


@_of_rows
def pairwise_euclidean_sim(a: Rows, b: Rows) -> Rows:
    """Negative Euclidean distance between row i of ``a`` and row i of ``b``.

    Args:
        a: (n, d), or one row that is compared with all of ``b``.
        b: (n, d), or one row that is compared with all of ``a``.

    Returns:
        (n,), at most 0.

    >>> pairwise_euclidean_sim([[0.0, 0.0]], [[3.0, 4.0]])
    array([-5.], dtype=float32)
    """
    return -norms(a - b)


@_of_rows
def pairwise_manhattan_sim(a: Rows, b: Rows) -> Rows:
    """Negative Manhattan distance between row i of ``a`` and row i of ``b``.

    Args:
        a: (n, d), or one row that is compared with all of ``b``.
        b: (n, d), or one row that is compared with all of ``a``.

    Returns:
        (n,), at most 0.

    >>> pairwise_manhattan_sim([[0.0, 0.0]], [[3.0, 4.0]])
    array([-7.], dtype=float32)
    """
    return -abs(a - b).sum(-1)


@_of_rows
def pairwise_angle_sim(a: Rows, b: Rows) -> Rows:
    """AnglE similarity of row i of ``a`` and row i of ``b``: ``|cos + sin|`` of their angle in complex space.

    A row is read as d/2 complex numbers, its first half the real parts, its second half the imaginary parts (an odd d
    counts one more, 0). With both rows of length 1, the cosine is the real part of their complex product summed up,
    the sine the imaginary part. Li and Li, AnglE-optimized Text Embeddings, https://arxiv.org/abs/2309.12871.

    Args:
        a: (n, d), or one row that is compared with all of ``b``.
        b: (n, d), or one row that is compared with all of ``a``.

    Returns:
        (n,) in [0, sqrt(2)]; 0 where a vector is zero.

    >>> pairwise_angle_sim([[1.0, 0.0]], [[0.6, 0.8]]).round(2)  # |0.6 - 0.8|
    array([0.2], dtype=float32)
    """
    a, b = unit(a), unit(b)
    half = (a.shape[1] + 1) // 2
    paired = a.shape[1] - half  # an unpaired real part has an imaginary part of 0: nothing to add to the sine
    cosines = (a * b).sum(-1)
    sines = (a[:, half:] * b[:, :paired]).sum(-1) - (a[:, :paired] * b[:, half:]).sum(-1)
    return abs(cosines + sines)


def _euclidean_distances(a: FloatArray, b: FloatArray) -> FloatArray:
    """(n, d) and (m, d) to (n, m), tile by tile: |a|^2 + |b|^2 - 2ab in float64, near pairs by their difference.

    The shortcut cancels when two rows are close: in float64 the square keeps a relative error of about 1e-16 times
    (|a|^2 + |b|^2) / |a - b|^2. Where that ratio exceeds 1e4 the few pairs concerned are computed by subtraction, which
    for all pairs would take four times as long.
    """
    distances = np.empty((len(a), len(b)), dtype=np.result_type(a, b))
    for left in range(0, len(b), _TILE_ROWS):
        columns = b[left : left + _TILE_ROWS].astype(np.float64)  # (c, d)
        column_squares = np.einsum("ij,ij->i", columns, columns)
        for top in range(0, len(a), _TILE_ROWS):
            rows = a[top : top + _TILE_ROWS].astype(np.float64)  # (r, d)
            scale = np.einsum("ij,ij->i", rows, rows)[:, None] + column_squares  # (r, c)
            squares = scale - 2 * (rows @ columns.T)
            near_rows, near_columns = np.nonzero(squares <= 1e-4 * scale)
            step = max(1, _TILE_NUMBERS // max(1, a.shape[1]))
            for start in range(0, len(near_rows), step):
                i, j = near_rows[start : start + step], near_columns[start : start + step]
                difference = rows[i] - columns[j]
                squares[i, j] = np.einsum("ij,ij->i", difference, difference)
            distances[top : top + _TILE_ROWS, left : left + _TILE_ROWS] = np.sqrt(squares)
    return distances


def _manhattan_distances(a: FloatArray, b: FloatArray) -> FloatArray:
    """(n, d) and (m, d) to (n, m): one row of ``a`` against as many of ``b`` as the processor's cache holds.

    A product with ones sums a tile in about half the time of ``sum(axis=1)``.
    """
    dtype = np.result_type(a, b)
    distances = np.empty((len(a), len(b)), dtype=dtype)
    step = max(1, _TILE_NUMBERS // max(1, a.shape[1]))
    room, ones = np.empty((min(step, len(b)), a.shape[1]), dtype=dtype), np.ones(a.shape[1], dtype=dtype)
    for left in range(0, len(b), step):
        columns = b[left : left + step]
        differences = room[: len(columns)]
        for number, row in enumerate(a):
            np.subtract(columns, row, out=differences)
            np.abs(differences, out=differences)
            np.matmul(differences, ones, out=distances[number, left : left + step])
    return distances


class SimilarityFunction(str, Enum):
    """The similarities that a model's configuration can name. Each is also its own name as a string.

    >>> SimilarityFunction("dot") is SimilarityFunction.DOT_PRODUCT
    True
    >>> SimilarityFunction.COSINE == "cosine"
    True
    """

    COSINE = "cosine"
    DOT_PRODUCT = "dot"
    DOT = "dot"  # noqa: PIE796 - a second name for the same member, as configurations and scripts use both
    EUCLIDEAN = "euclidean"
    MANHATTAN = "manhattan"

    def __str__(self) -> str:
        return self.value

    @classmethod
    def _missing_(cls, value: object) -> None:
        raise one_of("similarity_fn_name", value, cls.possible_values())

    @staticmethod
    def to_similarity_fn(name: str | SimilarityFunction) -> Similarity:
        """The function that compares all rows with all.

        Raises:
            InputError: no similarity has this name.

        >>> SimilarityFunction.to_similarity_fn("dot") is dot_score
        True
        """
        return _FUNCTIONS[SimilarityFunction(name)][0]

    @staticmethod
    def to_similarity_pairwise_fn(name: str | SimilarityFunction) -> Similarity:
        """The function that compares row i with row i.

        Raises:
            InputError: no similarity has this name.

        >>> SimilarityFunction.to_similarity_pairwise_fn("cosine") is pairwise_cos_sim
        True
        """
        return _FUNCTIONS[SimilarityFunction(name)][1]

    @staticmethod
    def possible_values() -> list[str]:
        """The names.

        >>> SimilarityFunction.possible_values()
        ['cosine', 'dot', 'euclidean', 'manhattan']
        """
        return [member.value for member in SimilarityFunction]


_FUNCTIONS = {
    SimilarityFunction.COSINE: (cos_sim, pairwise_cos_sim),
    SimilarityFunction.DOT_PRODUCT: (dot_score, pairwise_dot_score),
    SimilarityFunction.EUCLIDEAN: (euclidean_sim, pairwise_euclidean_sim),
    SimilarityFunction.MANHATTAN: (manhattan_sim, pairwise_manhattan_sim),
}
