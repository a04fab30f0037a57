"""Texts with classes: classifiers and clusters of vectors, draw by draw as MTEB makes them; labels of pairs."""

import random
import warnings

import numpy as np
import pytest
import sklearn.cluster
import sklearn.linear_model
import sklearn.metrics
import torch

from sbert import InputExample, MultiVectorEncoder, SentenceTransformer, SparseEncoder, evaluation, losses
from sbert.errors import InputError
from support.shared import require
from support.tiny import make_tiny_late, make_tiny_model, make_tiny_splade
from support.training import sentences

TEXTS = sentences(90, seed=3)
LABELS = [("red", "blue", "green")[place % 3] for place in range(90)]


class Plane:
    """A model whose vectors are known: the places of texts in a plane."""

    similarity_fn_name = "cosine"

    def __init__(self, places):
        self.places = places

    def encode(self, texts, **_):
        return np.array([self.places[text] for text in texts], np.float32)


def three_heaps(spread, count=90, seed=0):
    generator = np.random.default_rng(seed)
    centres = np.array([[0, 4], [4, 0], [-4, -4]])
    return {text: centres[place % 3] + spread * generator.normal(size=2) for place, text in enumerate(TEXTS[:count])}


def test_classifiers_are_those_of_the_definition():
    """The draws and scores of MTEB, step by step: RandomState(42) shuffles the same list on and on."""
    places = three_heaps(2.0)
    train, test = slice(0, 60), slice(60, 90)
    found = evaluation.ClassificationEvaluator(
        TEXTS[train], LABELS[train], TEXTS[test], LABELS[test], samples_per_label=4, n_experiments=3
    )(Plane(places))
    vectors = np.array([places[text] for text in TEXTS], np.float32)
    order, scores = list(range(60)), []
    for _ in range(3):
        np.random.RandomState(42).shuffle(order)
        drawn, counts = [], dict.fromkeys(set(LABELS), 0)
        for place in order:
            if counts[LABELS[place]] < 4:
                counts[LABELS[place]] += 1
                drawn.append(place)
        classifier = sklearn.linear_model.LogisticRegression(max_iter=100, random_state=42)
        told = classifier.fit(vectors[drawn], [LABELS[place] for place in drawn]).predict(vectors[test])
        scores.append(
            [sklearn.metrics.accuracy_score(LABELS[test], told)]
            + [sklearn.metrics.f1_score(LABELS[test], told, average=kind) for kind in ("macro", "weighted")]
        )
    expected = np.mean(scores, axis=0)
    assert [found[key] for key in ("accuracy", "f1", "f1_weighted")] == pytest.approx(expected, abs=1e-9)
    assert 0.5 < found["accuracy"] < 1


def test_clear_classes_are_told_and_found_again():
    model = Plane(three_heaps(0.05))
    evaluator = evaluation.ClassificationEvaluator(TEXTS[:30], LABELS[:30], TEXTS[30:], LABELS[30:], name="heaps")
    assert evaluator(model) == {"heaps_accuracy": 1, "heaps_f1": 1, "heaps_f1_weighted": 1}
    assert len(evaluator.outcomes) == 60
    assert evaluator.outcomes.value == 1
    clusters = evaluation.ClusteringEvaluator(TEXTS, LABELS, n_experiments=2, max_documents=200)
    assert clusters(model) == {"v_measure": pytest.approx(1), "v_measure_std": pytest.approx(0)}
    assert clusters.outcomes.of == "draws"


def test_clusters_are_those_of_the_definition():
    places = three_heaps(3.0)
    found = evaluation.ClusteringEvaluator(TEXTS, LABELS, n_experiments=3, max_documents=70)(Plane(places))
    vectors = np.array([places[text] for text in TEXTS], np.float32)
    generator, values = random.Random(42), []
    for _ in range(3):
        rows = generator.choices(range(90), k=70)
        clusters = sklearn.cluster.MiniBatchKMeans(
            n_clusters=3, batch_size=512, init="k-means++", n_init=1, random_state=42
        ).fit_predict(vectors[rows])
        values.append(sklearn.metrics.v_measure_score([LABELS[row] for row in rows], clusters))
    assert found["v_measure"] == pytest.approx(np.mean(values), abs=1e-9)
    assert found["v_measure_std"] == pytest.approx(np.std(values), abs=1e-9)


def test_labels_may_be_numbers_and_classes_few():
    """Of a class with fewer texts than are drawn, all are taken."""
    places = three_heaps(0.05)
    numbers = [place % 3 for place in range(90)]
    found = evaluation.ClassificationEvaluator(TEXTS[:6], numbers[:6], TEXTS[6:], numbers[6:])(Plane(places))
    assert found["accuracy"] == 1


def test_sparse_vectors_have_classes_too(tmp_path):
    model = SparseEncoder(make_tiny_splade(tmp_path / "sparse", "bert"), backend="openvino", on_truncation="ignore")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that the fit is not at its end after 100 steps
        found = evaluation.ClassificationEvaluator(TEXTS[:30], LABELS[:30], TEXTS[30:], LABELS[30:], n_experiments=2)(
            model
        )
    assert 0 <= found["accuracy"] <= 1
    assert evaluation.ClusteringEvaluator(TEXTS, LABELS, n_experiments=1, max_documents=90)(model)["v_measure"] >= 0


def test_what_has_no_classes_is_refused(tmp_path):
    make = evaluation.ClassificationEvaluator
    with pytest.raises(InputError, match="two classes or more"):
        make(["a", "b"], [1, 1], ["c"], [1])
    with pytest.raises(InputError, match="'blue', which is none of the 2"):
        make(["a", "b"], ["red", "green"], ["c"], ["blue"])
    with pytest.raises(InputError, match="samples_per_label"):
        make(["a", "b"], [0, 1], ["c"], [1], samples_per_label=0)
    with pytest.raises(InputError, match="labels 2"):
        make(["a", "b"], [0, 1], ["c"], [1, 0])
    with pytest.raises(InputError, match="two classes or more"):
        evaluation.ClusteringEvaluator(["a", "b"], [1, 1])
    with pytest.raises(InputError, match="at least 3, the number of classes"):
        evaluation.ClusteringEvaluator(TEXTS, LABELS, max_documents=2)
    late = MultiVectorEncoder(make_tiny_late(tmp_path / "late", "bert"), backend="openvino", on_truncation="ignore")
    with pytest.raises(InputError, match="one vector a text"):
        evaluation.ClusteringEvaluator(TEXTS, LABELS)(late)


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    folder = make_tiny_model(tmp_path_factory.mktemp("labels") / "model", "bert")
    return SentenceTransformer(folder, backend="torch", on_truncation="ignore")


def test_labels_are_told_by_the_classifier_of_a_loss(tiny):
    torch.manual_seed(0)
    loss = losses.SoftmaxLoss(tiny, num_labels=3)
    pairs = [(one, other) for one, other in zip(TEXTS[:20], TEXTS[20:40], strict=True)]
    examples = [InputExample(texts=pair, label=place % 3) for place, pair in enumerate(pairs)]
    found = evaluation.LabelAccuracyEvaluator(examples, softmax_model=loss)(tiny)
    u, v = (tiny.encode([pair[side] for pair in pairs]) for side in (0, 1))
    weight, bias = (parameter.detach().numpy() for parameter in loss.classifier.parameters())
    told = (np.concatenate([u, v, np.abs(u - v)], axis=1) @ weight.T + bias).argmax(axis=1)
    assert found == {"accuracy": np.mean(told == [place % 3 for place in range(20)])}
    loader = torch.utils.data.DataLoader(examples, batch_size=8)
    evaluator = evaluation.LabelAccuracyEvaluator(loader, "pairs", softmax_model=loss)
    assert evaluator(tiny) == {"pairs_accuracy": found["accuracy"]}
    assert len(evaluator.outcomes) == 20
    with pytest.raises(InputError, match="SoftmaxLoss"):
        evaluation.LabelAccuracyEvaluator(examples)
    with pytest.raises(InputError, match="Example 0 must be of two texts; got 1"):
        evaluation.LabelAccuracyEvaluator([InputExample(texts=["a"], label=0)], softmax_model=loss)
    with pytest.raises(InputError, match="one pair at least"):
        evaluation.LabelAccuracyEvaluator([], softmax_model=loss)


@pytest.mark.slow
def test_published_figures_of_classification_come_out():
    """Banking77 of all-MiniLM-L6-v2: 79.75 (MTEB's leaderboard, draws of its version 1)."""
    model = SentenceTransformer("all-MiniLM-L6-v2", backend="openvino", on_truncation="ignore")
    found = evaluation.evaluator_of(require("classification/banking77.tsv.gz"))(model)
    assert 100 * found["banking77_accuracy"] == pytest.approx(79.75, abs=0.5)
