"""The measures, against SciPy, scikit-learn and plain loops, on random inputs with ties."""

import numpy as np
import pytest
import scipy.stats
import sklearn.metrics
from hypothesis import given
from hypothesis import strategies as st

from sbert.evaluation.binary import Cuts
from sbert.evaluation.classes import f1_of_classes
from sbert.evaluation.classification import measures
from sbert.evaluation.correlation import pearson, ranks, spearman
from sbert.evaluation.ranking import Judged

SEEDS = st.integers(0, 10_000)


@given(SEEDS, st.integers(3, 60), st.sampled_from([3, 1000]))
def test_correlations_are_scipys(seed, count, levels):
    generator = np.random.default_rng(seed)
    a, b = generator.integers(0, levels, (2, count)).astype(float)
    np.testing.assert_allclose(ranks(a), scipy.stats.rankdata(a), atol=1e-12)
    if len(set(a)) > 1 and len(set(b)) > 1:
        assert pearson(a, b) == pytest.approx(scipy.stats.pearsonr(a, b)[0], abs=1e-9)
        assert spearman(a, b) == pytest.approx(scipy.stats.spearmanr(a, b)[0], abs=1e-9)


def test_what_does_not_vary_has_no_correlation():
    assert np.isnan(pearson([1, 1, 1], [1, 2, 3]))
    assert np.isnan(spearman([1, 2, 3], [5, 5, 5]))


@given(SEEDS, st.integers(2, 60), st.sampled_from([3, 1000]))
def test_thresholds_are_the_best_there_are(seed, count, levels):
    """Every cut between two different scores is tried by scikit-learn."""
    generator = np.random.default_rng(seed)
    scores, labels = generator.integers(0, levels, count).astype(float), generator.integers(0, 2, count)
    found = measures(scores, labels)
    told = [scores > limit for limit in np.unique(scores) - 0.5]
    assert found["accuracy"] == pytest.approx(
        max(sklearn.metrics.accuracy_score(labels, one) for one in told), abs=1e-9
    )
    assert found["accuracy"] == pytest.approx((labels == (scores >= found["accuracy_threshold"])).mean(), abs=1e-9)
    if not labels.any():
        assert (found["f1"], found["ap"], found["mcc"]) == (0, 0, 0)
        return
    assert found["f1"] == pytest.approx(max(sklearn.metrics.f1_score(labels, one) for one in told), abs=1e-9)
    at = scores >= found["f1_threshold"]
    assert found["precision"] == pytest.approx(sklearn.metrics.precision_score(labels, at), abs=1e-9)
    assert found["recall"] == pytest.approx(sklearn.metrics.recall_score(labels, at), abs=1e-9)
    assert found["mcc"] == pytest.approx(sklearn.metrics.matthews_corrcoef(labels, at), abs=1e-9)
    assert found["ap"] == pytest.approx(sklearn.metrics.average_precision_score(labels, scores), abs=1e-9)


def test_thresholds_by_hand():
    """Scores 0.9 0.8 | 0.6 0.4: the best cut takes the first two, half way to the third."""
    cuts = Cuts.of([0.4, 0.9, 0.6, 0.8], [0, 1, 0, 1])
    assert cuts.accuracy() == (1.0, pytest.approx(0.7))
    assert cuts.f1() == (1.0, 1.0, 1.0, pytest.approx(0.7))
    assert measures([-0.1, -0.5], [1, 0], distance=True)["accuracy_threshold"] == pytest.approx(0.3)


def by_loops(gains, relevant, ideal, k):
    """Each measure as its definition says, one query at a time."""
    rows = {name: [] for name in ("accuracy", "precision", "recall", "mrr", "map", "ndcg")}
    for found, count, best in zip(gains, relevant, ideal, strict=True):
        good = [gain > 0 for gain in found[:k]]
        rows["accuracy"].append(float(any(good)))
        rows["precision"].append(sum(good) / k)
        rows["recall"].append(sum(good) / count)
        rows["mrr"].append(next((1 / (rank + 1) for rank, one in enumerate(good) if one), 0.0))
        precisions = [sum(good[: rank + 1]) / (rank + 1) for rank, one in enumerate(good) if one]
        rows["map"].append(sum(precisions) / min(count, k))
        discounted = [sum(g / np.log2(rank + 2) for rank, g in enumerate(of[:k])) for of in (found, best)]
        rows["ndcg"].append(discounted[0] / discounted[1])
    return {name: float(np.mean(of)) for name, of in rows.items()}


@given(SEEDS, st.integers(1, 8), st.integers(1, 30), st.integers(1, 35), st.booleans())
def test_rankings_are_their_definitions(seed, queries, depth, k, graded):
    generator = np.random.default_rng(seed)
    gains = generator.integers(0, 4 if graded else 2, (queries, depth)).astype(float)
    extra = generator.integers(1, 4 if graded else 2, (queries, 3)).astype(float)  # relevant, and not found
    ideal = -np.sort(-np.concatenate([gains, extra], axis=1), axis=1)
    relevant = (ideal > 0).sum(axis=1)
    judged = Judged(gains, relevant, ideal if graded else None)
    expected = by_loops(gains, relevant, ideal, k)
    assert judged.accuracy(k) == pytest.approx(expected["accuracy"], abs=1e-9)
    assert judged.precision(k) == pytest.approx(expected["precision"], abs=1e-9)
    assert judged.recall(k) == pytest.approx(expected["recall"], abs=1e-9)
    assert judged.reciprocal_rank(k) == pytest.approx(expected["mrr"], abs=1e-9)
    assert judged.average_precision(k) == pytest.approx(expected["map"], abs=1e-9)
    assert judged.ndcg(k) == pytest.approx(expected["ndcg"], abs=1e-9)


def test_rankings_by_hand():
    """Relevant at the ranks 2 and 3 of three, with one more that was not found."""
    judged = Judged(np.array([[0.0, 1.0, 1.0]]), np.array([3]))
    assert judged.precision(10) == pytest.approx(2 / 10)
    assert judged.recall(10) == pytest.approx(2 / 3)
    assert judged.reciprocal_rank(10) == pytest.approx(1 / 2)
    assert judged.average_precision(10) == pytest.approx((1 / 2 + 2 / 3) / 3)
    ideal = 1 + 1 / np.log2(3) + 1 / 2
    assert judged.ndcg(10) == pytest.approx((1 / np.log2(3) + 1 / 2) / ideal)


@given(SEEDS, st.integers(1, 40), st.integers(2, 5))
def test_f1_of_classes_is_that_of_scikit_learn(seed, count, classes):
    told, labels = np.random.default_rng(seed).integers(0, classes, (2, count))
    found = f1_of_classes(told, labels)
    for kind in ("macro", "micro", "weighted"):
        expected = sklearn.metrics.f1_score(labels, told, average=kind, zero_division=0)
        assert found[f"f1_{kind}"] == pytest.approx(expected, abs=1e-9)
