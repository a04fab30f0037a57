"""Intervals and tests between two models, against SciPy's, by hand, and by how often they hold what they should."""

import numpy as np
import pytest
import scipy.stats

from sbert import CrossEncoder, MultiVectorEncoder, SentenceTransformer, SparseEncoder, evaluation
from sbert.errors import InputError
from sbert.evaluation.binary import Cuts
from sbert.evaluation.correlation import spearman
from sbert.evaluation.outcomes import Outcomes
from sbert.evaluation.uncertainty import _BLOCK, compare, confidence_interval
from support.tiny import make_tiny_cross_encoder, make_tiny_late, make_tiny_model, make_tiny_splade
from support.training import sentences


def scores(count=60, seed=0):
    """What two models say of the same pairs, and what people do; the first model is the better one."""
    generator = np.random.default_rng(seed)
    gold = generator.integers(0, 6, count).astype(float)
    return gold + generator.normal(0, 1.5, count), gold + generator.normal(0, 3, count), gold


def scipy_interval(columns, statistic, **options):
    found = scipy.stats.bootstrap(
        columns, statistic, method="percentile", paired=True, vectorized=False, n_resamples=500,
        rng=np.random.default_rng(3), **options,
    )  # fmt: skip
    return found.confidence_interval


@pytest.mark.parametrize("level", [0.8, 0.95])
def test_intervals_are_scipys(level):
    near, _, gold = scores()
    expected = scipy_interval((near,), np.mean, confidence_level=level)
    found = confidence_interval(Outcomes("queries", [near]), level=level, resamples=500, seed=3)
    np.testing.assert_allclose(found, expected, atol=1e-9)
    expected = scipy_interval((near, gold), lambda a, b: scipy.stats.spearmanr(a, b)[0], confidence_level=level)
    found = confidence_interval(Outcomes("pairs", (near, gold), spearman), level=level, resamples=500, seed=3)
    np.testing.assert_allclose(found, expected, atol=1e-9)


def test_intervals_of_differences_are_scipys():
    near, far, gold = scores()
    pairs = [Outcomes("pairs", (said, gold), spearman) for said in (near, far)]
    found = compare(*pairs, resamples=500, seed=3)

    def statistic(one, other, known):
        return scipy.stats.spearmanr(one, known)[0] - scipy.stats.spearmanr(other, known)[0]

    drawn = scipy.stats.bootstrap(
        (near, far, gold), statistic, method="percentile", paired=True, vectorized=False, n_resamples=500,
        rng=np.random.default_rng(3),
    )  # fmt: skip
    np.testing.assert_allclose(found.interval, drawn.confidence_interval, atol=1e-9)
    assert found.value == pytest.approx(statistic(near, far, gold), abs=1e-9)
    assert found.test == "bootstrap"
    below = (drawn.bootstrap_distribution <= 0).sum()
    assert found.p == pytest.approx(2 * (below + 1) / 501)


def test_all_ways_to_swap_are_tried_where_they_are_few():
    generator = np.random.default_rng(5)
    one, other = generator.integers(0, 4, (2, 9)).astype(float)
    expected = scipy.stats.permutation_test(
        (one, other), lambda a, b: np.mean(a - b), permutation_type="samples", vectorized=False, n_resamples=np.inf
    )
    found = compare(Outcomes("queries", [one]), Outcomes("queries", [other]))
    assert found.test == "permutation"
    assert found.p == pytest.approx(expected.pvalue, abs=1e-9)
    # Three of three for one model: of the eight ways, two are as one-sided.
    assert compare(Outcomes("queries", [[1, 1, 1]]), Outcomes("queries", [[0, 0, 0]])).p == 1 / 4


def test_some_ways_to_swap_are_drawn_where_they_are_many():
    one, other, _ = scores(200, seed=2)
    other = one + np.random.default_rng(1).normal(0.1, 1, 200)
    expected = scipy.stats.permutation_test(
        (one, other), lambda a, b, axis: np.mean(a - b, axis=axis), permutation_type="samples", vectorized=True,
        n_resamples=20_000, rng=np.random.default_rng(0),
    ).pvalue  # fmt: skip
    found = compare(Outcomes("queries", [one]), Outcomes("queries", [other]), resamples=20_000)
    assert found.p == pytest.approx(expected, abs=5 * np.sqrt(expected * (1 - expected) / 20_000))


def test_intervals_hold_the_truth_as_often_as_they_say():
    generator = np.random.default_rng(0)
    held = 0
    for trial in range(400):
        low, high = confidence_interval(
            Outcomes("queries", [generator.random(60)]), level=0.9, resamples=300, seed=trial
        )
        held += low <= 0.5 <= high
    assert 0.85 < held / 400 < 0.94


def test_a_test_of_equal_models_is_wrong_as_seldom_as_it_says():
    generator = np.random.default_rng(0)
    pairs = (generator.normal(size=(2, 50)) for _ in range(400))
    found = [compare(*(Outcomes("queries", [one]) for one in both), resamples=200, seed=7).p for both in pairs]
    assert 0.05 < np.mean(np.array(found) <= 0.1) < 0.15


def test_draws_do_not_depend_on_how_they_are_cut(monkeypatch):
    near, far, _ = scores()
    both = [Outcomes("queries", [said]) for said in (near, far)]
    whole = compare(*both, resamples=50)
    monkeypatch.setattr("sbert.evaluation.uncertainty._BLOCK", 130)
    assert _BLOCK > 130
    assert compare(*both, resamples=50) == whole


def test_what_cannot_tell_anything_does_not():
    same = Outcomes("queries", [[0.5, 0.25, 1.0]])
    assert compare(same, same) == (0, (0, 0), 1, "permutation")
    assert confidence_interval(Outcomes("queries", [[0.5]])) == (0.5, 0.5)
    flat = Outcomes("pairs", ([1, 1, 1], [1, 2, 3]), spearman)
    assert np.isnan(confidence_interval(flat)).all()
    some = Outcomes("pairs", ([1, 2, 1], [1, 2, 3]), spearman)  # of many draws none varies
    assert np.isfinite(confidence_interval(some)).all()


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Outcomes("pairs", ([1, 2], [1])), "as many numbers each"),
        (lambda: Outcomes("pairs", ([],)), "at least one"),
        (lambda: Outcomes("pairs", ([1], [1])), "one column, whose mean"),
        (lambda: confidence_interval(Outcomes("pairs", [[1]]), level=95), "between 0 and 1"),
        (lambda: confidence_interval(Outcomes("pairs", [[1]]), resamples=0), "resamples"),
        (lambda: compare(Outcomes("pairs", [[1]]), Outcomes("pairs", [[1, 2]])), "same items; got 1 pairs and 2"),
        (lambda: compare(Outcomes("pairs", [[1]]), Outcomes("queries", [[1]])), "same items"),
    ],
)
def test_wrong_arguments_are_told(make, message):
    with pytest.raises(InputError, match=message):
        make()


TEXTS = sentences(24, seed=4)
LEFT, RIGHT = TEXTS[:12], TEXTS[12:]
NUMBERS = [float(place % 5) for place in range(12)]
LABELS = [place % 2 for place in range(12)]
SAMPLES = [{"query": one, "positive": [two], "negative": TEXTS[:6]} for one, two in zip(LEFT, RIGHT, strict=True)]
QUERIES, CORPUS = ({f"{kind}{n}": text for n, text in enumerate(of)} for kind, of in (("q", LEFT), ("d", RIGHT)))
RELEVANT = {f"q{place}": {f"d{place}", f"d{(place + 3) % 12}"} for place in range(12)}
ALL = ["cosine", "dot", "euclidean"]

DENSE = {
    "pairs": lambda: evaluation.EmbeddingSimilarityEvaluator(LEFT, RIGHT, NUMBERS),
    "pairs, several": lambda: evaluation.EmbeddingSimilarityEvaluator(LEFT, RIGHT, NUMBERS, similarity_fn_names=ALL),
    "pairs, one that counts": lambda: evaluation.EmbeddingSimilarityEvaluator(
        LEFT, RIGHT, NUMBERS, similarity_fn_names=ALL, main_similarity="dot"
    ),
    "labels": lambda: evaluation.BinaryClassificationEvaluator(LEFT, RIGHT, LABELS),
    "labels, several": lambda: evaluation.BinaryClassificationEvaluator(LEFT, RIGHT, LABELS, similarity_fn_names=ALL),
    "triplets": lambda: evaluation.TripletEvaluator(LEFT, RIGHT, TEXTS[6:18], ALL),
    "queries": lambda: evaluation.InformationRetrievalEvaluator(QUERIES, CORPUS, RELEVANT, score_functions=ALL),
    "candidates": lambda: evaluation.RerankingEvaluator(SAMPLES),
    "translations": lambda: evaluation.TranslationEvaluator(LEFT, RIGHT),
}
FAMILIES = {
    "dense": (SentenceTransformer, make_tiny_model, {}),
    "sparse": (SparseEncoder, make_tiny_splade, {}),
    "late": (MultiVectorEncoder, make_tiny_late, {}),
    "cross": (CrossEncoder, make_tiny_cross_encoder, {}),
    "classes": (CrossEncoder, make_tiny_cross_encoder, {"labels": 3}),
}


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    root = tmp_path_factory.mktemp("uncertain")
    return {
        name: kind(make(root / name, "bert", **options), backend="openvino", on_truncation="ignore")
        for name, (kind, make, options) in FAMILIES.items()
    }


CASES = [("dense", name) for name in DENSE]
CASES += [("sparse", name) for name in ("pairs, several", "labels", "triplets", "queries", "translations")]
CASES += [("late", name) for name in ("pairs", "labels", "candidates")]


@pytest.mark.parametrize(("family", "kind"), CASES)
def test_outcomes_give_the_measure_that_counts_most(models, family, kind):
    evaluator = DENSE[kind]()
    found = evaluator(models[family])
    assert len(evaluator.outcomes) == 12
    assert evaluator.outcomes.value == pytest.approx(found[evaluator.primary_metric], abs=1e-9)
    low, high = confidence_interval(evaluator.outcomes, resamples=100)
    assert low <= high


def test_outcomes_of_vectors_of_a_teacher(models):
    evaluator = evaluation.MSEEvaluator(LEFT, RIGHT, models["dense"])
    found = evaluator(models["dense"])["negative_mse"]
    wanted, given = (models["dense"].encode(texts).astype(np.float64) for texts in (LEFT, RIGHT))
    assert found == evaluator.outcomes.value == pytest.approx(-100 * np.square(wanted - given).mean(), abs=1e-9)


@pytest.mark.parametrize(
    ("family", "make"),
    [
        ("cross", lambda pairs: evaluation.CrossEncoderCorrelationEvaluator(pairs, NUMBERS)),
        ("cross", lambda pairs: evaluation.CrossEncoderClassificationEvaluator(pairs, LABELS)),
        ("classes", lambda pairs: evaluation.CrossEncoderClassificationEvaluator(pairs, [n % 3 for n in range(12)])),
        ("cross", lambda _: evaluation.CrossEncoderRerankingEvaluator(SAMPLES)),
    ],
)
def test_outcomes_of_cross_encoders(models, family, make):
    evaluator = make(list(zip(LEFT, RIGHT, strict=True)))
    found = evaluator(models[family])
    assert len(evaluator.outcomes) == 12
    assert evaluator.outcomes.value == pytest.approx(found[evaluator.primary_metric], abs=1e-9)


def test_outcomes_are_those_of_the_last_call(models):
    evaluator = evaluation.TripletEvaluator(LEFT, LEFT, RIGHT)
    assert evaluator.outcomes is None
    evaluator(models["dense"])
    first = evaluator.outcomes
    evaluator(models["sparse"])
    assert evaluator.outcomes is not first
    assert evaluation.SequentialEvaluator([evaluator]).outcomes is None


def test_average_precision_is_drawn_with_its_labels():
    """By hand: a draw of the first and third pair, whose labels are 1 and 0, ranks them rightly."""
    outcomes = Outcomes("pairs", ([0.9, 0.8, 0.1], [1, 0, 0]), lambda s, y: Cuts.of(s, y).average_precision())
    assert outcomes.at(np.array([0, 2])) == 1
    assert outcomes.at(np.array([1, 2])) == 0
