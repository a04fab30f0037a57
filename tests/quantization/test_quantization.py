"""Quantising: one example by hand, the bounds of the error, and everything that would give silent nonsense."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from sbert.errors import DimensionError, InputError, QuantizationWarning
from sbert.quantization import calibrate_ranges, dequantize_embeddings, quantize_embeddings

RANGES = np.array([[0.0, -63.75], [255.0, 63.75]], dtype=np.float32)


def vectors(rows, width, seed=0):
    return np.random.default_rng(seed).standard_normal((rows, width)).astype(np.float32)


def test_bytes_by_hand():
    """Steps of 1 from 0, and of 0.5 from -63.75: 0.6 is 128.7 steps up. Beyond the range codes stay at its ends."""
    embeddings = [[0.0, -63.75], [1.9, 0.6], [255.0, 63.75], [-7.0, 99.0]]
    steps = [[0, 0], [1, 128], [255, 255], [0, 255]]
    unsigned = quantize_embeddings(embeddings, "uint8", RANGES)
    assert unsigned.dtype == np.uint8
    np.testing.assert_array_equal(unsigned, steps)
    signed = quantize_embeddings(embeddings, "int8", RANGES)
    assert signed.dtype == np.int8
    np.testing.assert_array_equal(signed, np.array(steps) - 128)


def test_bits_by_hand():
    """Above 0 is 1, the first in the highest bit; nine numbers need a second byte, filled up with zeros."""
    embeddings = [0.1, -0.1, 0.0, 5.0, -5.0, 1.0, 1.0, -1.0, 2.0]
    unsigned = quantize_embeddings(embeddings, "ubinary")
    assert unsigned.dtype == np.uint8
    np.testing.assert_array_equal(unsigned, [0b10010110, 0b10000000])
    signed = quantize_embeddings(embeddings, "binary")
    assert signed.dtype == np.int8
    np.testing.assert_array_equal(signed, [0b10010110 - 128, 0])


def test_float32_passes():
    embeddings = vectors(3, 4)
    np.testing.assert_array_equal(quantize_embeddings(embeddings, "float32"), embeddings)
    assert quantize_embeddings(embeddings.astype(np.float64), "float32").dtype == np.float32


@pytest.mark.parametrize("precision", ["float32", "int8", "uint8", "binary", "ubinary"])
def test_kinds_of_input_agree(precision):
    """Tensors and lists come out as NumPy, one vector as one row of codes, no rows as none."""
    embeddings, ranges = vectors(150, 12), calibrate_ranges(vectors(200, 12, 1))
    expected = quantize_embeddings(embeddings, precision, ranges)
    for same in (torch.from_numpy(embeddings), list(embeddings), list(torch.from_numpy(embeddings))):
        result = quantize_embeddings(same, precision, ranges)
        assert type(result) is np.ndarray
        np.testing.assert_array_equal(result, expected)
    np.testing.assert_array_equal(quantize_embeddings(embeddings[0], precision, ranges), expected[0])
    np.testing.assert_array_equal(quantize_embeddings(torch.from_numpy(embeddings)[0], precision, ranges), expected[0])
    empty = quantize_embeddings(embeddings[:0], precision)
    assert (empty.shape, empty.dtype) == ((0, expected.shape[1]), expected.dtype)
    assert quantize_embeddings([], precision) == []
    assert quantize_embeddings(torch.ones(2, 4, dtype=torch.bfloat16), precision, np.array([[0] * 4, [2] * 4])).any()


@pytest.mark.parametrize("precision", ["int8", "ubinary"])
def test_a_list_of_matrices_shares_its_ranges(precision):
    embeddings = vectors(150, 12)
    matrices = [embeddings[:40], embeddings[40:41], embeddings[:0], embeddings[41:]]
    codes = quantize_embeddings(matrices, precision)
    assert [len(matrix) for matrix in codes] == [40, 1, 0, 109]
    np.testing.assert_array_equal(np.concatenate(codes), quantize_embeddings(embeddings, precision))
    tensors = quantize_embeddings([torch.from_numpy(matrix) for matrix in matrices], precision)
    np.testing.assert_array_equal(np.concatenate(tensors), np.concatenate(codes))


def test_ranges_come_before_calibration_before_the_embeddings():
    embeddings, others = vectors(120, 4), 2 * vectors(500, 4, 1)
    own, theirs = calibrate_ranges(embeddings), calibrate_ranges(others)
    np.testing.assert_array_equal(quantize_embeddings(embeddings, "int8"), quantize_embeddings(embeddings, "int8", own))
    by_theirs = quantize_embeddings(embeddings, "int8", theirs)
    np.testing.assert_array_equal(quantize_embeddings(embeddings, "int8", calibration_embeddings=others), by_theirs)
    np.testing.assert_array_equal(quantize_embeddings(embeddings, "int8", theirs, embeddings), by_theirs)


def test_ranges_are_the_extremes():
    embeddings = vectors(150, 5)
    ranges = calibrate_ranges(embeddings)
    assert ranges.dtype == np.float32
    np.testing.assert_array_equal(ranges, [embeddings.min(axis=0), embeddings.max(axis=0)])
    np.testing.assert_array_equal(calibrate_ranges([embeddings[:70], embeddings[:0], embeddings[70:]]), ranges)


@given(
    hnp.arrays(np.float32, (7, 3), elements=st.floats(-100, 100, width=16)),
    st.sampled_from(["int8", "uint8"]),
)
def test_a_byte_is_off_by_half_a_step_at_most(embeddings, precision):
    ranges = np.stack([embeddings.min(axis=0), embeddings.max(axis=0)])
    codes = quantize_embeddings(embeddings, precision, ranges)
    half = (ranges[1] - ranges[0]) / 255 / 2
    error = np.abs(dequantize_embeddings(codes, precision, ranges) - embeddings)
    assert (error <= half * (1 + 1e-3) + 1e-4).all()


@given(
    hnp.arrays(np.float32, st.tuples(st.integers(1, 4), st.integers(1, 20)), elements=st.floats(-1, 1, width=16)),
    st.sampled_from(["binary", "ubinary"]),
)
def test_bits_come_back_as_signs(embeddings, precision):
    codes = quantize_embeddings(embeddings, precision)
    signs = dequantize_embeddings(codes, precision, dim=embeddings.shape[1])
    np.testing.assert_array_equal(signs, np.where(embeddings > 0, 1, -1))
    assert dequantize_embeddings(codes, precision).shape[1] == 8 * codes.shape[1]


@given(hnp.arrays(np.float32, (5, 3), elements=st.floats(-100, 100, width=16)))
def test_codes_keep_the_order_of_numbers(embeddings):
    codes = quantize_embeddings(embeddings, "uint8", np.array([[-100.0] * 3, [100.0] * 3]))
    order = np.argsort(embeddings, axis=0, kind="stable")
    assert (np.diff(np.take_along_axis(codes, order, axis=0).astype(int), axis=0) >= 0).all()


def test_one_vector_comes_back_as_one():
    assert dequantize_embeddings(np.array([0, 255], np.uint8), "uint8", RANGES).tolist() == [0.5, 63.75]
    np.testing.assert_array_equal(dequantize_embeddings(np.ones((1, 2), np.float32), "float32"), np.ones((1, 2)))


def test_a_constant_dimension_divides_by_nothing():
    """Its step counts as 1; back, it gives its only number."""
    ranges = np.array([[2.0, 0.0], [2.0, 255.0]])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        codes = quantize_embeddings([[2.0, 127.5], [1.0, 255.0], [5.5, 0.0]], "uint8", ranges)
    np.testing.assert_array_equal(codes, [[0, 127], [0, 255], [3, 0]])
    assert (dequantize_embeddings(codes, "uint8", ranges)[:, 0] == 2.0).all()


@pytest.mark.parametrize("embeddings", [np.ones((1, 4)), np.ones(4), [np.ones((1, 4)), np.ones((0, 4))]])
@pytest.mark.parametrize("precision", ["int8", "uint8"])
def test_one_vector_has_no_range(embeddings, precision):
    """It would become zeros without a word."""
    with pytest.raises(InputError, match=rf"single vector.*{precision} by\. Pass ranges=calibrate_ranges"):
        quantize_embeddings(embeddings, precision)


def test_few_vectors_give_a_warning():
    with pytest.warns(QuantizationWarning, match="Ranges are taken from 99 vectors; with fewer than 100") as caught:
        quantize_embeddings(vectors(99, 4), "int8")
    assert caught[0].filename == __file__
    with pytest.warns(QuantizationWarning) as caught:
        calibrate_ranges(vectors(2, 4))
    assert caught[0].filename == __file__
    quantize_embeddings(vectors(100, 4), "int8")


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda e: quantize_embeddings(e, "int4"), InputError, r"precision must be one of .*'ubinary'; got 'int4'"),
        (lambda e: quantize_embeddings(e.astype(np.int8), "int8"), InputError, "must be floats; got int8: these are"),
        (
            lambda e: quantize_embeddings(torch.from_numpy(e).byte(), "int8"),
            InputError,
            "must be floats; got torch.uint8",
        ),
        (lambda e: quantize_embeddings(e[None], "binary"), InputError, "one or two dimensions"),
        (
            lambda e: quantize_embeddings(e, "int8", RANGES),
            DimensionError,
            "ranges are for 2 dimensions and embeddings have 4",
        ),
        (
            lambda e: quantize_embeddings(e, "int8", e[:3]),
            InputError,
            r"ranges must have the shape \(2, d\).*got \(3, 4\)",
        ),
        (
            lambda e: quantize_embeddings(e, "int8", -abs(e[:1]) * [[-1], [1]]),
            InputError,
            "greater than .* in dimension 0",
        ),
        (lambda e: quantize_embeddings(e, "int8", e[:2] * np.nan), InputError, "ranges holds NaN or infinity"),
        (
            lambda e: quantize_embeddings(e, "int8", None, e[:1]),
            InputError,
            "calibration_embeddings must hold at least two",
        ),
        (lambda e: quantize_embeddings(e, "int8", None, e[:, :3]), DimensionError, "same width; got 3 and 4"),
        (lambda e: quantize_embeddings(e, "int8", None, []), InputError, "calibration_embeddings is empty"),
        (
            lambda e: quantize_embeddings([e, e[:, :3]], "binary"),
            DimensionError,
            r"embeddings\[0\] and embeddings\[1\]",
        ),
        (lambda e: calibrate_ranges(0 * e), InputError, "must hold different vectors .* all 150 are equal"),
        (lambda e: calibrate_ranges(e[:1]), InputError, "must hold at least two vectors .* got 1"),
        (lambda e: dequantize_embeddings(e, "int5"), InputError, "precision must be one of"),
        (
            lambda e: dequantize_embeddings(e.astype(np.int8), "int8"),
            InputError,
            "ranges are needed for precision 'int8'",
        ),
        (
            lambda e: dequantize_embeddings(e.astype(np.int8), "uint8", e[:2]),
            InputError,
            "must have the dtype uint8 .* int8",
        ),
        (
            lambda e: dequantize_embeddings(e.astype(np.uint8), "uint8", RANGES),
            DimensionError,
            "2 dimensions and codes have 4",
        ),
        (
            lambda e: dequantize_embeddings(e.astype(np.uint8), "ubinary", dim=33),
            InputError,
            "dim must be from 25 to 32",
        ),
    ],
)
def test_what_cannot_be_quantised_is_refused(call, error, message):
    with pytest.raises(error, match=message):
        call(vectors(150, 4))


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("precision", ["float32", "int8", "binary"])
def test_nan_and_infinity_are_refused(bad, precision):
    embeddings = vectors(150, 4)
    embeddings[7, 2] = embeddings[9, 1] = bad
    with pytest.raises(InputError, match="embeddings holds NaN or infinity, first in row 7"):
        quantize_embeddings(embeddings, precision)
    with pytest.raises(InputError, match=r"embeddings\[1\] holds NaN or infinity, first in row 6"):
        quantize_embeddings([embeddings[:1], embeddings[1:]], precision)
