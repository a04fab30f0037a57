"""Losses: hand-computed examples, gradients against loops, a model that learns, and what is refused."""

import math

import numpy as np
import pytest
import torch

from sbert import SentenceTransformer, losses
from sbert.errors import InputError
from support.given import GivenModel, loss_and_gradients
from support.tiny import make_tiny_model

X, Y = [1.0, 0.0], [0.0, 1.0]
R = [math.sqrt(0.5), math.sqrt(0.5)]


def value_of(loss, *columns, labels=None):
    return loss_and_gradients(loss, columns, labels)[0]


def made(name, width=2, **arguments):
    return getattr(losses, name)(GivenModel(width), **arguments)


def test_ranking_by_hand():
    """Two rows whose own text has the cosine 1 and the other's 0: -log(e / (e + 1)) with a scale of 1."""
    expected = -math.log(math.e / (math.e + 1))
    assert value_of(made("MultipleNegativesRankingLoss", scale=1.0), [X, Y], [X, Y]) == pytest.approx(
        expected, rel=1e-5
    )
    # With a negative for each row, R and R, whose cosines with both anchors are r.
    r = math.exp(math.sqrt(0.5))
    expected = -math.log(math.e / (math.e + 1 + 2 * r))
    found = value_of(made("MultipleNegativesRankingLoss", scale=1.0), [X, Y], [X, Y], [R, R])
    assert found == pytest.approx(expected, rel=1e-5)
    # Rows that find each other as well as their own, one way: the mean of both ways.
    one = value_of(made("MultipleNegativesRankingLoss", scale=1.0), [X, Y], [X, R])
    other = value_of(made("MultipleNegativesRankingLoss", scale=1.0), [X, R], [X, Y])
    both = value_of(made("MultipleNegativesSymmetricRankingLoss", scale=1.0), [X, Y], [X, R])
    assert both == pytest.approx((one + other) / 2, rel=1e-5)


def test_pairs_by_hand():
    """Cosines 1 and 0."""
    columns = ([X, X], [X, Y])
    assert value_of(made("CosineSimilarityLoss"), *columns, labels=[0.5, 0.5]) == pytest.approx(0.25)
    right, wrong = [1.0, 0.0], [0.0, 1.0]
    loss = made("CoSENTLoss", scale=1.0)
    assert value_of(loss, *columns, labels=right) == pytest.approx(math.log(1 + math.exp(0 - 1)))
    assert value_of(loss, *columns, labels=wrong) == pytest.approx(math.log(1 + math.exp(1 - 0)))
    assert value_of(loss, *columns, labels=[0.5, 0.5]) == 0
    # Distances 0 and 1: the first should be apart (0.5^2 / 2), the second together (1 / 2).
    assert value_of(made("ContrastiveLoss"), *columns, labels=[0, 1]) == pytest.approx((0.125 + 0.5) / 2)
    assert value_of(made("OnlineContrastiveLoss"), *columns, labels=[0, 1]) == pytest.approx(0)  # none beyond its mean
    three = ([X, X, X], [X, Y, R])  # distances 0, 1 and 0.29
    near = 1 - math.sqrt(0.5)
    expected = 1 + (0.5 - near) ** 2  # together at 1, beyond the nearest that is apart, which is nearer than that
    found = value_of(made("OnlineContrastiveLoss"), *three, labels=[1, 1, 0])
    assert found == pytest.approx(expected, rel=1e-5)


def test_triplets_by_hand():
    found = value_of(made("TripletLoss", triplet_margin=1.0), [X, X], [X, Y], [Y, X])
    assert found == pytest.approx((0 + math.sqrt(2) + 1) / 2, rel=1e-5)  # 0 - 1.41 + 1 < 0
    one, two, far = [0.0, 0.0], [3.0, 0.0], [0.0, 4.0]  # distances 3, 4 and 5
    columns, labels = ([one, two, far],), [0, 0, 1]
    # one: 3 - 4 + 2; two: 3 - 5 + 2; far has nobody of its class in no triplet, and as its own: 0 - 4 + 2.
    assert value_of(made("BatchAllTripletLoss", margin=2.0), *columns, labels=labels) == pytest.approx(1.0, rel=1e-5)
    assert value_of(made("BatchHardTripletLoss", margin=2.0), *columns, labels=labels) == pytest.approx(1 / 3, rel=1e-5)
    soft = np.mean([math.log(1 + math.exp(x)) for x in (-1, -2, -4)])
    assert value_of(made("BatchHardSoftMarginTripletLoss"), *columns, labels=labels) == pytest.approx(soft, rel=1e-5)


def test_distillation_by_hand():
    assert value_of(made("MSELoss"), [X], labels=[Y]) == pytest.approx(1.0)
    query, good, bad = [[2.0, 0.0]], [[1.0, 0.0]], [[0.5, 0.0]]  # products 2 and 1
    assert value_of(made("MarginMSELoss"), query, good, bad, labels=[4.0]) == pytest.approx(9.0)
    assert value_of(made("MarginMSELoss"), query, good, bad, labels=[[7.0, 3.0]]) == pytest.approx(9.0)
    told, wanted = np.exp([2, 1]) / np.exp([2, 1]).sum(), np.exp([1, 3]) / np.exp([1, 3]).sum()
    expected = float((wanted * np.log(wanted / told)).sum())
    assert value_of(made("DistillKLDivLoss"), query, good, bad, labels=[[1.0, 3.0]]) == pytest.approx(
        expected, rel=1e-5
    )


def test_the_classifier_reads_what_it_should():
    loss = made("SoftmaxLoss", num_labels=2, concatenation_sent_multiplication=True)
    assert loss.classifier.weight.shape == (2, 8)
    torch.nn.init.zeros_(loss.classifier.weight)
    torch.nn.init.zeros_(loss.classifier.bias)
    loss.classifier.weight.data[1, 4:6] = 1  # of |u - v|
    logit = 2.0  # |X - Y| = (1, 1)
    assert value_of(loss, [X], [Y], labels=[1]) == pytest.approx(math.log(1 + math.exp(-logit)), rel=1e-5)


def test_a_nest_of_widths_is_the_sum_of_its_parts():
    generator = np.random.default_rng(0)
    columns = generator.standard_normal((2, 5, 8)).astype(np.float32)
    inner = made("MultipleNegativesRankingLoss", 8)
    loss = made("MatryoshkaLoss", 8, loss=inner, matryoshka_dims=[8, 4, 2], matryoshka_weights=[1, 0.5, 2])
    expected = sum(
        weight * value_of(inner, *(columns[..., :width])) for width, weight in ((8, 1), (4, 0.5), (2, 2))
    )  # the cosine does not see lengths
    assert value_of(loss, *columns) == pytest.approx(expected, rel=1e-5)


#: Those of vectors alone; the files beside this one test the others.
NAMES = [
    "AnglELoss", "BatchAllTripletLoss", "BatchHardSoftMarginTripletLoss", "BatchHardTripletLoss", "CoSENTLoss",
    "ContrastiveLoss", "CosineSimilarityLoss", "DistillKLDivLoss", "MSELoss", "MarginMSELoss", "MatryoshkaLoss",
    "MultipleNegativesRankingLoss", "MultipleNegativesSymmetricRankingLoss", "OnlineContrastiveLoss", "SoftmaxLoss",
    "TripletLoss",
]  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_gradients_are_those_of_small_steps(name):
    """Each gradient against the difference that a small step makes, in float64."""
    torch.manual_seed(0)
    generator = np.random.default_rng(1)
    arguments = {"loss": losses.CoSENTLoss(GivenModel(4)), "matryoshka_dims": [4, 2]} if "Matryoshka" in name else {}
    loss = getattr(losses, name)(GivenModel(4), **arguments).double()
    count = 3 if loss.columns[0] == 3 else 1 if name.startswith("Batch") else 2
    columns = [torch.tensor(generator.standard_normal((6, 4)), requires_grad=True) for _ in range(count)]
    labels = torch.tensor([0, 1, 0, 1, 1, 0])
    if name == "MSELoss":
        labels = torch.tensor(generator.standard_normal((6, 4)))
    elif name == "DistillKLDivLoss":
        labels = torch.tensor(generator.standard_normal((6, 2)))
    assert torch.autograd.gradcheck(lambda *given: loss.compute_loss_from_embeddings(given, labels), columns)


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return SentenceTransformer(make_tiny_model(tmp_path_factory.mktemp("train") / "model", "bert"), backend="torch")


def test_a_model_learns_by_a_plain_loop(model):
    """The weights of the network are the loss's, and following its gradient makes it smaller."""
    left, right = ["the dog", "a house", "red", "the king"], ["a cat", "home", "blue", "the queen"]
    loss = losses.MultipleNegativesRankingLoss(model)
    optimizer = torch.optim.AdamW(loss.parameters(), lr=1e-3)
    before = model.encode(left)
    values = []
    for _ in range(8):
        value = loss([model.tokenize(left), model.tokenize(right)])
        optimizer.zero_grad()
        value.backward()
        optimizer.step()
        values.append(value.item())
    assert values[-1] < values[0]
    assert not np.allclose(model.encode(left), before)


@pytest.mark.parametrize(
    ("name", "columns", "labels", "message"),
    [
        ("MultipleNegativesRankingLoss", 1, None, "takes 2 or more columns of texts; got 1"),
        ("CoSENTLoss", 3, [1, 2], "takes 2 columns of texts; got 3"),
        ("CoSENTLoss", 2, None, "needs labels: how similar"),
        ("CoSENTLoss", 2, [1], "a label for each of 2 rows; got 1"),
        ("SoftmaxLoss", 2, [0, 5], "labels must be from 0 to 1; got 0 to 5"),
        ("MSELoss", 1, [[1.0], [2.0]], "vectors like the model's"),
        ("MarginMSELoss", 3, [[1.0, 2.0, 3.0], [1.0, 2.0, 3.0]], "a margin for each of 1 negatives"),
        ("DistillKLDivLoss", 3, [1.0, 2.0], "a score a candidate"),
    ],
)
def test_what_does_not_fit_is_refused(name, columns, labels, message):
    with pytest.raises(InputError, match=message):
        value_of(made(name), *[[X, Y]] * columns, labels=labels)


def test_arguments_that_cannot_be_are_refused():
    inner = made("CoSENTLoss")
    for options, message in (
        ({"matryoshka_dims": [3]}, "widths from 1 to 2"),
        ({"matryoshka_dims": []}, "widths from 1 to 2"),
        ({"matryoshka_dims": [2, 1], "matryoshka_weights": [1]}, "must be 2"),
    ):
        with pytest.raises(InputError, match=message):
            made("MatryoshkaLoss", loss=inner, **options)
    with pytest.raises(InputError, match="must read something"):
        made("SoftmaxLoss", concatenation_sent_rep=False, concatenation_sent_difference=False)
    with pytest.raises(InputError, match="as many rows"):
        value_of(made("MultipleNegativesRankingLoss"), [X, Y], [X])
