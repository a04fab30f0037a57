"""Ranges of codes whose ranges were not kept: found again from the length that all vectors had."""

from __future__ import annotations

import warnings

import numpy as np

from ..errors import QuantizationWarning
from ..types import AnyArray, FloatArray

# Rows for each dimension. Below the first the fit has little to hold on to, above the second it gains nothing.
_FEWEST, _ENOUGH = 3, 8
# How much the lengths of the vectors found may differ. Rounding to a byte leaves some 0.0005; vectors that never had
# one length leave 0.01 and more.
_SPREAD = 0.005
# Of the median weight: dimensions that hardly vary get one from noise, which may be negative.
_LEAST_WEIGHT = 0.01


def infer_ranges(codes: AnyArray, stacklevel: int = 2) -> FloatArray:
    """Ranges that codes of one byte were made by, as well as the codes alone tell.

    Those of :func:`ranges_of_unit_vectors`; failing that, one range around 0 for all dimensions, the one that gives the
    vectors the mean length 1. The latter does for vectors that use their dimensions evenly, as MiniLM's do, and fails
    where all lie near one direction.

    Args:
        codes: (n, d) int8 or uint8.
        stacklevel: of the warning.

    Returns:
        (2, d) float32.

    Warns:
        QuantizationWarning: the ranges are such a guess.
    """
    found = ranges_of_unit_vectors(codes)
    if found is not None:
        return found
    warnings.warn(
        "The ranges that the corpus was quantised by are not known, nor can they be found "
        f"from vectors so few (fewer than {_FEWEST} for each dimension) or not of length 1. All dimensions are taken "
        "to have one range around 0: hits may be wrong, and are for models whose vectors all lie near one direction. "
        "Pass ranges, or as calibration_embeddings what the corpus was quantised from.",
        QuantizationWarning,
        stacklevel=stacklevel,
    )
    middles = _middles(codes)
    step = 1 / np.sqrt((middles**2).sum(axis=1).mean()) if codes.size else 1.0
    return _ranges(np.full(codes.shape[1], step), np.zeros(codes.shape[1]))


def ranges_of_unit_vectors(codes: AnyArray) -> FloatArray | None:
    """The ranges that vectors of length 1 were quantised by.

    With u the middle of a code's step, counted from the middle of the codes, a number is x = s u + m, and the sum of
    all x^2 of a vector is 1. That is linear in s^2 and 2 s m, so that least squares find them from some thousand
    vectors. What a dimension is where all codes are equal cannot be known, and does not change which vector is the
    nearest: it is taken to be 0.

    Args:
        codes: (n, d) int8 or uint8.

    Returns:
        (2, d) float32; None where there are fewer than 3 d rows, or where no ranges give the vectors one length.
    """
    rows, width = codes.shape
    if rows < _FEWEST * width or not width:
        return None
    middles = _middles(codes[:: sample_step(rows, width)])
    alive = np.ptp(middles, axis=0) > 0
    numbers = middles[:, alive] / 128
    terms = np.hstack([numbers**2, numbers])
    squares = terms.T @ terms
    squares[np.diag_indices_from(squares)] += 1e-9 * np.trace(squares) / max(len(squares), 1)
    weights, slopes = np.split(np.linalg.solve(squares, terms.sum(axis=0)), 2)
    typical = np.median(weights) if weights.size else 0.0
    if typical <= 0:
        return None
    weights = np.maximum(weights, _LEAST_WEIGHT * typical)
    # The fit has 1 where 1 less the sum of m^2 belongs, and m depends on the fit.
    scale = 1 / (1 + (slopes**2 / (4 * weights)).sum())
    steps, offsets = np.zeros(width), np.zeros(width)
    steps[alive] = np.sqrt(scale * weights) / 128
    offsets[alive] = scale * slopes / (2 * np.sqrt(scale * weights))
    lengths = np.linalg.norm(middles * steps + offsets, axis=1)
    return _ranges(steps, offsets) if np.abs(lengths - 1).mean() < _SPREAD else None


def sample_step(rows: int, width: int) -> int:
    """The step with which to go through so many rows, since not all are needed to find their ranges."""
    return max(1, rows // (_ENOUGH * max(width, 1)))


def _middles(codes: AnyArray) -> FloatArray:
    """(n, d) codes to the middles of their steps, from -127.5 to 127.5."""
    return codes + (0.5 if codes.dtype == np.int8 else -127.5)


def _ranges(steps: FloatArray, offsets: FloatArray) -> FloatArray:
    """The (2, d) ranges of 255 steps, in whose middle code 128 of 0 to 255 begins."""
    return np.stack([offsets - 128 * steps, offsets + 127 * steps]).astype(np.float32)
