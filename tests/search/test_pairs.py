"""Most similar pairs: against all pairs, whatever the tiles, with ties; and what it refuses."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from sbert.errors import InputError
from sbert.search import most_similar_pairs
from sbert.similarity import cos_sim


def vectors(rows, width, seed=0):
    return np.random.default_rng(seed).standard_normal((rows, width)).astype(np.float32)


def of_all(scores, count):
    """The reference: every pair of the upper triangle, in order."""
    left, right = np.triu_indices(len(scores), k=1)
    order = np.lexsort((right, left, -scores[left, right]))[:count]
    return scores[left, right][order], left[order], right[order]


@pytest.mark.parametrize("count", [1, 7, 200, 10_000])
@pytest.mark.parametrize("chunk_size", [1, 7, 64, 1024])
def test_pairs_are_the_best_of_all(count, chunk_size):
    embeddings = vectors(65, 8)
    scores, left, right = of_all(cos_sim(embeddings, embeddings), count)
    pairs = most_similar_pairs(embeddings, count=count, chunk_size=chunk_size)
    np.testing.assert_allclose(pairs.scores, scores, atol=1e-6)
    np.testing.assert_array_equal(pairs.left, left)
    np.testing.assert_array_equal(pairs.right, right)
    assert (pairs.scores.dtype, pairs.left.dtype, pairs.right.dtype) == (np.float32, np.int64, np.int64)


@given(st.lists(st.integers(0, 3), max_size=30), st.integers(1, 50), st.integers(1, 12))
def test_ties_are_in_order_whatever_the_tiles(axes, count, chunk_size):
    """Rows along the axes: every cosine is exactly 0 or 1."""
    embeddings = np.eye(4, dtype=np.float32)[axes].reshape(-1, 4)
    scores, left, right = of_all(embeddings @ embeddings.T, count)
    pairs = most_similar_pairs(embeddings, count=count, chunk_size=chunk_size)
    assert list(pairs) == list(zip(scores.tolist(), left.tolist(), right.tolist(), strict=True))


def test_tensors_and_lists_and_other_floats():
    embeddings = vectors(30, 8).astype(np.float16)
    expected = list(most_similar_pairs(embeddings.astype(np.float32)))
    for same in (embeddings, torch.from_numpy(embeddings), embeddings.tolist(), embeddings.astype(np.float64)):
        assert list(most_similar_pairs(same)) == expected


def test_min_score_leaves_out():
    embeddings = [[1.0, 0.0], [2.0, 0.0], [0.0, 1.0], [-1.0, 0.0], [0.0, 0.0]]
    assert list(most_similar_pairs(embeddings, min_score=0.5)) == [(1.0, 0, 1)]
    assert most_similar_pairs(embeddings, min_score=1.5).scores.shape == (0,)
    assert len(most_similar_pairs(embeddings, min_score=0.0)) == 1 + 7
    assert len(most_similar_pairs(embeddings)) == 10


@pytest.mark.parametrize("embeddings", [[], [[1.0, 2.0]], np.empty((0, 4))])
def test_fewer_than_two_rows_have_no_pairs(embeddings):
    pairs = most_similar_pairs(embeddings)
    assert len(pairs) == 0
    assert repr(pairs) == "Pairs(0)"


def test_pairs_show_themselves():
    pairs = most_similar_pairs([[1.0, 0.0], [2.0, 0.0], [0.0, 1.0], [0.0, 3.0]])
    assert repr(pairs) == "Pairs(6: 0 and 1 at 1.0000, 2 and 3 at 1.0000, 0 and 2 at 0.0000, ...)"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"count": 0}, "count must be a whole number of at least 1; got 0"),
        ({"chunk_size": 0}, "chunk_size must be a whole number of at least 1; got 0"),
    ],
)
def test_sizes_must_be_positive(options, message):
    with pytest.raises(InputError, match=message):
        most_similar_pairs(vectors(3, 4), **options)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_nan_and_infinity_are_refused(bad):
    embeddings = vectors(20, 4)
    embeddings[13, 1] = bad
    with pytest.raises(InputError, match="embeddings holds NaN or infinity, first in row 13"):
        most_similar_pairs(embeddings, chunk_size=5)
