"""Similarity functions: against the formula written out, NumPy against torch, and what they refuse."""

from __future__ import annotations

import subprocess
import sys
import tracemalloc

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from sbert import similarity
from sbert.errors import DimensionError, InputError
from sbert.similarity import SimilarityFunction


def angle(x, y):
    """AnglE as published: complex division of the halves, here by complex numbers."""
    width = len(x) + len(x) % 2
    x, y = np.pad(x, (0, width - len(x))), np.pad(y, (0, width - len(y)))
    first, second = (v[: width // 2] + 1j * v[width // 2 :] for v in (x, y))
    product = (first * second.conj()).sum() / (np.linalg.norm(x) * np.linalg.norm(y))
    return abs(product.real + product.imag)


FORMULAS = {
    "cos_sim": lambda x, y: x @ y / (np.linalg.norm(x) * np.linalg.norm(y)),
    "dot_score": lambda x, y: x @ y,
    "euclidean_sim": lambda x, y: -np.sqrt(((x - y) ** 2).sum()),
    "manhattan_sim": lambda x, y: -np.abs(x - y).sum(),
    "angle_sim": angle,
}
ALL_PAIRS = ["cos_sim", "dot_score", "euclidean_sim", "manhattan_sim"]
PAIRWISE = [f"pairwise_{name}" for name in [*ALL_PAIRS, "angle_sim"]]


def vectors(rows, width, seed=0):
    return np.random.default_rng(seed).standard_normal((rows, width)).astype(np.float32)


@pytest.mark.parametrize("name", ALL_PAIRS)
@pytest.mark.parametrize("shape", [(1, 1, 1), (3, 5, 7), (300, 270, 4), (2, 3, 200_000)])
def test_all_pairs_is_the_formula_for_each_pair(name, shape):
    """Also where the rows need more than one tile, and where one row is more than a tile."""
    n, m, width = shape
    a, b = vectors(n, width), vectors(m, width, 1)
    picked = [(0, 0), (n - 1, m - 1), (n // 2, m // 2)]
    expected = [FORMULAS[name](a[i].astype(np.float64), b[j].astype(np.float64)) for i, j in picked]
    result = getattr(similarity, name)(a, b)
    assert result.shape == (n, m)
    assert result.dtype == np.float32
    np.testing.assert_allclose([result[pair] for pair in picked], expected, rtol=2e-4, atol=1e-4)


@pytest.mark.parametrize("name", PAIRWISE)
@pytest.mark.parametrize("width", [1, 4, 7])
def test_pairwise_is_the_formula_for_each_row(name, width):
    a, b = vectors(9, width), vectors(9, width, 1)
    expected = [
        FORMULAS[name.removeprefix("pairwise_")](x, y) for x, y in zip(a.astype(float), b.astype(float), strict=True)
    ]
    result = getattr(similarity, name)(a, b)
    assert result.dtype == np.float32
    np.testing.assert_allclose(result, expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("name", ALL_PAIRS + PAIRWISE)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.float16, torch.bfloat16, torch.int8])
def test_torch_and_numpy_agree(name, dtype):
    """Tensors give tensors; only float64 stays as wide as it is, all else is computed in float32."""
    a, b = (torch.from_numpy(3 * vectors(6, 5, seed)).to(dtype) for seed in (0, 1))
    function = getattr(similarity, name)
    result = function(a, b)
    assert isinstance(result, torch.Tensor)
    assert result.dtype == (torch.float64 if dtype == torch.float64 else torch.float32)
    plain = function(a.double().numpy(), b.double().numpy())
    np.testing.assert_allclose(result, plain, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("name", ALL_PAIRS + PAIRWISE)
def test_what_goes_in_decides_what_comes_out(name):
    """One tensor makes the result a tensor; lists and low precision give float32; float64 stays."""
    function, a, b = getattr(similarity, name), vectors(3, 4), vectors(3, 4, 1)
    expected = function(a, b)
    for mixed in (function(a, torch.from_numpy(b)), function(torch.from_numpy(a), b)):
        assert isinstance(mixed, torch.Tensor)
        np.testing.assert_allclose(mixed, expected, rtol=1e-5, atol=1e-6)
    assert function(torch.from_numpy(a), b.astype(np.float64)).dtype == torch.float64
    of_lists = function(a.tolist(), list(b))
    assert of_lists.dtype == np.float32
    np.testing.assert_array_equal(of_lists, expected)
    np.testing.assert_allclose(function(list(torch.from_numpy(a)), b), expected, rtol=1e-5, atol=1e-6)
    assert function(a.astype(np.float16), b).dtype == np.float32
    assert function((10 * a).astype(np.int8), b).dtype == np.float32
    assert function(a.astype(np.float64), b).dtype == np.float64


@pytest.mark.parametrize("name", ALL_PAIRS)
def test_one_vector_is_a_batch_of_one(name):
    a, b = vectors(1, 4), vectors(3, 4, 1)
    np.testing.assert_array_equal(getattr(similarity, name)(a[0], b), getattr(similarity, name)(a, b))


@pytest.mark.parametrize("name", PAIRWISE)
def test_one_row_is_compared_with_all(name):
    a, b = vectors(1, 4), vectors(3, 4, 1)
    expected = getattr(similarity, name)(np.repeat(a, 3, axis=0), b)
    np.testing.assert_allclose(getattr(similarity, name)(a, b), expected, rtol=1e-6)


@pytest.mark.parametrize("name", ALL_PAIRS + PAIRWISE)
@pytest.mark.parametrize("of", [np.asarray, torch.from_numpy])
def test_zero_vectors_give_numbers(name, of):
    """A zero vector has a similarity of 0 by cosine, and never NaN by any other."""
    a, b = np.zeros((2, 3), np.float32), vectors(2, 3)
    for result in (getattr(similarity, name)(of(a), of(b)), getattr(similarity, name)(of(a), of(a))):
        assert np.isfinite(np.asarray(result)).all()
        if "cos" in name or "angle" in name or "dot" in name:
            assert not np.asarray(result).any()


@pytest.mark.parametrize("name", ALL_PAIRS + PAIRWISE)
def test_gradients_flow_and_stay_finite(name):
    """Also at a zero vector and between two equal ones, where a root of 0 has no slope."""
    a = torch.tensor([[1.0, 2.0, 3.0], [0.0, 0.0, 0.0]], requires_grad=True)
    b = torch.tensor([[1.0, 2.0, 3.0], [0.5, -1.0, 2.0]])
    getattr(similarity, name)(a, b).sum().backward()
    assert a.grad is not None
    assert torch.isfinite(a.grad).all()


@given(
    hnp.arrays(np.float32, hnp.array_shapes(min_dims=2, max_dims=2, max_side=6), elements=st.floats(-9, 9, width=16))
)
def test_cosine_is_symmetric_bounded_and_blind_to_length(a):
    result = similarity.cos_sim(a, a)
    np.testing.assert_allclose(result, result.T, atol=1e-6)
    assert (np.abs(result) <= 1 + 1e-6).all()
    norms = np.linalg.norm(a, axis=1)
    np.testing.assert_allclose(np.diag(result), np.where(norms > 0, 1, 0), atol=1e-5)
    np.testing.assert_allclose(similarity.cos_sim(4 * a, a), result, atol=1e-6)


@given(
    hnp.arrays(np.float32, (4, 3), elements=st.floats(-100, 100, width=16)),
    st.sampled_from(["euclidean_sim", "manhattan_sim"]),
)
def test_distances_are_distances(a, name):
    """Exactly 0 to themselves, symmetric, and the way round is never shorter."""
    distance = -getattr(similarity, name)(a, a)
    assert (distance >= 0).all()
    assert not np.diag(distance).any()
    np.testing.assert_allclose(distance, distance.T, rtol=1e-5)
    assert (distance[:, None, :] <= (distance[:, :, None] + distance[None]) * (1 + 1e-5) + 1e-5).all()


@given(
    hnp.arrays(np.float32, (3, 8), elements=st.floats(-100, 100, width=16)),
    hnp.arrays(np.float32, (3, 8), elements=st.floats(-(2.0**-10), 2.0**-10, width=32, allow_subnormal=False)),
)
@settings(max_examples=50)
def test_euclidean_is_accurate_for_near_vectors(a, small):
    """Where squares of float32 lose every digit: against float64 by subtraction."""
    b = a + small
    expected = np.linalg.norm(a[:, None].astype(np.float64) - b[None].astype(np.float64), axis=2)
    np.testing.assert_allclose(-similarity.euclidean_sim(a, b), expected, rtol=1e-6, atol=1e-30)


def test_manhattan_memory_is_bounded():
    """No (n, m, d) block: that would be 256 MB here."""
    a = vectors(500, 256)
    tracemalloc.start()
    similarity.manhattan_sim(a, a)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 4 * a.shape[0] ** 2 + 8 * 2**20


@pytest.mark.parametrize("name", ALL_PAIRS + PAIRWISE)
def test_widths_must_agree(name):
    with pytest.raises(DimensionError, match=r"a and b must have the same width; got 3 and 4\. Embed both"):
        getattr(similarity, name)(np.ones((2, 3)), np.ones((2, 4)))


@pytest.mark.parametrize(
    ("a", "message"),
    [
        (np.ones((2, 3, 4)), r"a must have one or two dimensions, .* got the shape \(2, 3, 4\)"),
        (torch.ones(2, 3, 4), r"a must have one or two dimensions, .* got the shape \(2, 3, 4\)"),
        (np.float32(1), r"a must have one or two dimensions, .* got the shape \(\)"),
        ([[1.0], [1.0, 2.0]], "a must be numbers in rows of one width"),
        (["text"], "a must hold real numbers; got the dtype <U4"),
        (np.ones(3, complex), "a must hold real numbers; got the dtype complex128"),
        (torch.ones(3, dtype=torch.complex64), "a must hold real numbers; got the dtype torch.complex64"),
        ([torch.ones(2), torch.ones(3)], "a must be a list of tensors of one shape"),
    ],
)
def test_what_is_not_rows_of_numbers_is_refused(a, message):
    with pytest.raises(InputError, match=message):
        similarity.cos_sim(a, np.ones((1, 3)))


def test_pairwise_needs_as_many_rows():
    with pytest.raises(InputError, match=r"got 2 and 3\. To compare all rows with all, use cos_sim"):
        similarity.pairwise_cos_sim(np.ones((2, 3)), np.ones((3, 3)))


def test_sparse_tensors_are_made_dense():
    a = torch.tensor([[0.0, 3.0, 4.0], [0.0, 0.0, 0.0]])
    np.testing.assert_allclose(similarity.cos_sim(a.to_sparse(), a), similarity.cos_sim(a, a))


def test_names_lead_to_functions():
    assert SimilarityFunction.possible_values() == ["cosine", "dot", "euclidean", "manhattan"]
    assert SimilarityFunction.DOT is SimilarityFunction.DOT_PRODUCT
    assert str(SimilarityFunction.COSINE) == f"{SimilarityFunction.COSINE}" == "cosine"
    for name, function in zip(SimilarityFunction.possible_values(), ALL_PAIRS, strict=True):
        assert SimilarityFunction.to_similarity_fn(name) is getattr(similarity, function)
        assert SimilarityFunction.to_similarity_pairwise_fn(SimilarityFunction(name)).__name__ == f"pairwise_{function}"


@pytest.mark.parametrize("of", [SimilarityFunction, SimilarityFunction.to_similarity_fn])
def test_unknown_names_are_refused_with_a_hint(of):
    with pytest.raises(InputError, match=r"similarity_fn_name must be one of 'cosine'.*Did you mean 'cosine'\?"):
        of("cosin")


def test_importing_loads_numpy_and_nothing_heavier():
    code = """
import sys, sbert.similarity, sbert.quantization, sbert.search, sbert.util
print([name for name in ("torch", "scipy", "openvino", "tokenizers") if name in sys.modules])
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
