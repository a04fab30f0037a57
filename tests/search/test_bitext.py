"""Bitext mining: against the paper's formula in plain loops, and examples worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sbert.errors import DimensionError, InputError
from sbert.search import mine_bitext, translation_accuracy
from sbert.search.bitext import MARGINS, STRATEGIES
from sbert.similarity import cos_sim


def vectors(rows, width=6, seed=0):
    return np.random.default_rng(seed).standard_normal((rows, width)).astype(np.float32)


def translations(rows, seed=0, noise=0.4):
    """Two sets of rows, each near the row of the same number on the other side, and far from 0 together."""
    both = vectors(rows, 16, seed) + 1
    return tuple(both + noise * vectors(rows, 16, seed + number) for number in (1, 2))


def by_formula(source, target, k, margin):
    """The margin of every pair, as the paper writes it."""
    cosines = cos_sim(source, target).astype(np.float64)
    of_source = [np.sort(row)[::-1][:k].sum() / min(k, len(row)) for row in cosines]
    of_target = [np.sort(row)[::-1][:k].sum() / min(k, len(row)) for row in cosines.T]
    margins = np.empty_like(cosines)
    for i, x in enumerate(of_source):
        for j, y in enumerate(of_target):
            mean = x / 2 + y / 2
            margins[i, j] = {
                "ratio": cosines[i, j] / max(mean, 0.01),
                "distance": cosines[i, j] - mean,
                "absolute": cosines[i, j],
            }[margin]
    return cosines, margins


def in_loops(source, target, k, margin, strategy):
    """Pairs with their margins, by plain loops over candidates."""
    cosines, margins = by_formula(source, target, k, margin)
    forward = {(i, max(np.argsort(-row)[:k], key=lambda j: margins[i, j])) for i, row in enumerate(cosines)}
    backward = {(max(np.argsort(-row)[:k], key=lambda i: margins[i, j]), j) for j, row in enumerate(cosines.T)}
    if strategy == "max":
        found, lefts, rights = set(), set(), set()
        for i, j in sorted(forward | backward, key=lambda pair: -margins[pair]):
            if i not in lefts and j not in rights:
                found.add((i, j))
                lefts.add(i)
                rights.add(j)
    else:
        found = {"forward": forward, "backward": backward, "intersection": forward & backward}[strategy]
    return {(int(i), int(j)): margins[i, j] for i, j in found}


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize("margin", MARGINS)
@pytest.mark.parametrize("k", [1, 4, 50])
def test_pairs_are_those_of_the_formula(k, margin, strategy):
    source, target = translations(30, seed=3, noise=1.0)
    target = target[:23]
    expected = in_loops(source, target, k, margin, strategy)
    pairs = mine_bitext(source, target, k, margin, strategy)
    found = {(left, right): score for score, left, right in pairs}
    assert found.keys() == expected.keys()
    assert [found[pair] for pair in expected] == pytest.approx(list(expected.values()), abs=1e-5)
    assert (np.diff(pairs.scores) <= 0).all()
    assert (pairs.scores.dtype, pairs.left.dtype, pairs.right.dtype) == (np.float32, np.int64, np.int64)


def test_margins_worked_out_by_hand():
    """Cosines 0.8, 0.6 / 0, 1; with k = 2 the means of rows are 0.7, 0.5 and those of columns 0.4, 0.8."""
    source, target = [[0.8, 0.6], [0.0, 1.0]], [[1.0, 0.0], [0.0, 1.0]]
    scores = {"absolute": [1, 0.8], "ratio": [1 / 0.65, 0.8 / 0.55], "distance": [0.35, 0.25]}
    for margin, expected in scores.items():
        pairs = mine_bitext(source, target, k=2, margin=margin)
        assert pairs.scores.tolist() == pytest.approx(expected)
        assert (pairs.left.tolist(), pairs.right.tolist()) == ([1, 0], [1, 0])


def test_a_row_that_is_near_everything_loses():
    """By the cosine alone the hub is the best of all source rows; its high mean takes that away."""
    spokes = np.eye(4, dtype=np.float32)
    source = spokes + 0.9
    target = np.vstack([np.ones((1, 4), np.float32), spokes + 0.1])
    assert set(mine_bitext(source, target, margin="absolute", strategy="forward").right.tolist()) == {0}
    pairs = mine_bitext(source, target, strategy="forward")
    assert sorted(zip(pairs.left.tolist(), pairs.right.tolist(), strict=True)) == [(0, 1), (1, 2), (2, 3), (3, 4)]


@given(st.integers(1, 25), st.integers(1, 25), st.integers(1, 6), st.sampled_from(MARGINS), st.integers(0, 99))
def test_strategies_are_as_strict_as_they_say(n, m, k, margin, seed):
    source, target = vectors(n, seed=seed), vectors(m, seed=seed + 100)
    found = {name: mine_bitext(source, target, k, margin, name) for name in STRATEGIES}
    pairs = {name: set(zip(some.left.tolist(), some.right.tolist(), strict=True)) for name, some in found.items()}
    assert pairs["intersection"] == pairs["forward"] & pairs["backward"]
    assert pairs["max"] <= pairs["forward"] | pairs["backward"]
    assert sorted(found["forward"].left.tolist()) == list(range(n))
    assert sorted(found["backward"].right.tolist()) == list(range(m))
    for name in ("intersection", "max"):
        assert len(set(found[name].left.tolist())) == len(set(found[name].right.tolist())) == len(found[name])


@given(st.integers(1, 20), st.integers(1, 20), st.sampled_from(MARGINS))
def test_turned_round_it_finds_the_same(n, m, margin):
    source, target = vectors(n, seed=1), vectors(m, seed=2)
    one, other = mine_bitext(source, target, margin=margin), mine_bitext(target, source, margin=margin)
    expected = {(right, left): pytest.approx(score, abs=1e-5) for score, left, right in other}
    assert {(left, right): score for score, left, right in one} == expected


def test_translations_are_found_in_any_order():
    source, target = translations(200)
    order = np.random.default_rng(5).permutation(200)
    pairs = mine_bitext(source, target[order])
    assert len(pairs) > 190
    assert np.mean(order[pairs.right] == pairs.left) > 0.99


def test_min_score_leaves_out():
    source, target = translations(50, noise=1.0)
    pairs = mine_bitext(source, target)
    threshold = float(np.median(pairs.scores))
    kept = mine_bitext(source, target, min_score=threshold)
    assert 0 < len(kept) < len(pairs)
    assert list(kept) == list(pairs)[: len(kept)]


def test_means_at_zero_and_below_give_finite_ratios():
    pairs = mine_bitext([[1.0, 0.0]], [[-1.0, 0.0], [0.0, 1.0]], strategy="backward")
    assert list(pairs) == [(0.0, 0, 1), (-100.0, 0, 0)]


@pytest.mark.parametrize(("source", "target"), [([], [[1.0]]), ([[1.0]], []), ([], [])])
def test_nothing_has_no_pairs(source, target):
    assert len(mine_bitext(source, target)) == 0


def test_accuracy_counts_both_ways():
    assert translation_accuracy([[1.0, 0.0], [0.0, 1.0]], [[0.9, 0.1], [0.8, 0.7]]) == (1.0, 0.5)
    source, target = translations(100, noise=1.0)
    cosines, rows = cos_sim(source, target), np.arange(100)
    found = translation_accuracy(source, target)
    assert found.forward == pytest.approx(np.mean(cosines.argmax(axis=1) == rows))
    assert found.backward == pytest.approx(np.mean(cosines.argmax(axis=0) == rows))
    assert found.mean == (found.forward + found.backward) / 2


def test_what_is_refused():
    rows = vectors(5)
    with pytest.raises(InputError, match=r"margin must be one of .*got 'ration'.*Did you mean 'ratio'"):
        mine_bitext(rows, rows, margin="ration")
    with pytest.raises(InputError, match=r"strategy must be one of .*got 'foreward'.*Did you mean 'forward'"):
        mine_bitext(rows, rows, strategy="foreward")
    with pytest.raises(InputError, match=r"^k must be a whole number of at least 1; got 0"):
        mine_bitext(rows, rows, k=0)
    with pytest.raises(DimensionError, match="source_embeddings and target_embeddings must have the same width"):
        mine_bitext(rows, vectors(5, 7))
    broken = rows.copy()
    broken[3, 1] = np.nan
    with pytest.raises(InputError, match="holds NaN or infinity, first in row 3"):
        mine_bitext(rows, broken)
    for source, target in ((rows, rows[:4]), (rows[:0], rows[:0])):
        with pytest.raises(InputError, match="must be translations row by row"):
            translation_accuracy(source, target)
