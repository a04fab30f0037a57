"""Losses with a guide, a copy, a decoder or another loss in them; texts with holes; distances by their old names."""

import json
import math

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from sbert import SentenceTransformer, models
from sbert.errors import InputError
from sbert.losses import (
    AnglELoss,
    BatchAllTripletLoss,
    CachedMultipleNegativesRankingLoss,
    ContrastiveLoss,
    CoSENTLoss,
    DistillKLDivLoss,
    MatryoshkaLoss,
    MSELoss,
    MultipleNegativesRankingLoss,
    SoftmaxLoss,
    TripletLoss,
    wrapping,
)
from sbert.losses.contrastive_tension import (
    ContrastiveTensionDataLoader,
    ContrastiveTensionLoss,
    ContrastiveTensionLossInBatchNegatives,
    contrastive_tension_pairs,
)
from sbert.losses.denoising import DenoisingAutoEncoderLoss
from sbert.losses.distances import (
    BatchHardTripletLossDistanceFunction,
    SiameseDistanceMetric,
    TripletDistanceMetric,
)
from sbert.losses.embed_distill import EmbedDistillLoss
from sbert.losses.guided import CachedGISTEmbedLoss, GISTEmbedLoss, Guided
from sbert.losses.layers import AdaptiveLayerLoss, Matryoshka2dLoss
from sbert.losses.megabatch import MegaBatchMarginLoss
from sbert.losses.noise import delete_words, noised
from sbert.losses.regularization import GlobalOrthogonalRegularizationLoss
from sbert.losses.triplets import BatchSemiHardTripletLoss
from sbert.training import SentenceTransformerTrainer, SentenceTransformerTrainingArguments
from support.given import GivenModel, loss_and_gradients
from support.tiny import make_tiny_model
from support.training import sentences

X, Y = [1.0, 0.0], [0.0, 1.0]


def value_of(loss, *columns, labels=None):
    return loss_and_gradients(loss, columns, labels)[0]


def random_columns(count, rows=6, width=4, seed=0, dtype=np.float64):
    return [
        torch.tensor(one) for one in np.random.default_rng(seed).standard_normal((count, rows, width)).astype(dtype)
    ]


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    """Of networks as small as these, threads would only wait for each other."""
    usual = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(usual)


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    home = tmp_path_factory.mktemp("dense")
    for name, architecture, options in (
        ("bert", "bert", {}),
        ("guide", "bert", {"seed": 3}),
        ("roberta", "roberta", {}),
        ("plain", "bert", {"normalize": False}),
        ("wide", "bert", {"dense": 24}),
        ("mpnet", "mpnet", {}),
    ):
        make_tiny_model(home / name, architecture, hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0, **options)
    return home


@pytest.fixture
def load(folders):
    return lambda name: SentenceTransformer(str(folders / name), backend="torch")


TEXTS, OTHERS = sentences(8), sentences(8, 1)


def tokens(model, *columns):
    return [model.tokenize(list(column)) for column in columns]


def trained(loss, model, *columns, labels=None, steps=5, rate=2e-3):
    """The values of a loss while it is trained."""
    loss.train()
    optimizer = torch.optim.AdamW(loss.parameters(), lr=rate)
    values = []
    for _ in range(steps):
        value = loss(tokens(model, *columns), labels)
        optimizer.zero_grad()
        value.backward()
        optimizer.step()
        values.append(value.item())
    loss.eval()
    return values


# --- formulas of vectors -----------------------------------------------------------------------------------------


def test_order_is_that_of_all_couples():
    """The sum over n numbers is the sum over n x n differences, equal labels included; so are its gradients."""
    for labels in ([0.0, 1.0, 0.5, 0.5, 1.0, 0.0], [1, 3, 2, 3, 1, 2], [True, False, True, True, False, False]):
        found, expected = ([column.requires_grad_() for column in random_columns(2)] for _ in range(2))
        scores = 20 * torch.nn.functional.cosine_similarity(*expected)
        sums = [torch.zeros((), dtype=torch.float64)]
        sums += [scores[i] - scores[j] for i in range(6) for j in range(6) if labels[i] < labels[j]]
        plain = torch.logsumexp(torch.stack(sums), 0)
        value = CoSENTLoss(GivenModel(4)).compute_loss_from_embeddings(found, torch.tensor(labels))
        assert value.item() == pytest.approx(plain.item(), rel=1e-12)
        plain.backward()
        value.backward()
        for one, other in zip(found, expected, strict=True):
            np.testing.assert_allclose(one.grad, other.grad, atol=1e-10)


def test_angles_of_triplets_are_those_of_their_pairs():
    anchors, positives, negatives, others = random_columns(4)
    loss = AnglELoss(GivenModel(4))
    pairs = [torch.cat([anchors] * 3), torch.cat([positives, negatives, others])]
    for given, kinds in ((None, torch.ones(6)), (torch.rand(6), None)):
        kinds = given if kinds is None else kinds
        expected = loss.compute_loss_from_embeddings(pairs, torch.cat([kinds, 1 - kinds, 1 - kinds]))
        found = loss.compute_loss_from_embeddings([anchors, positives, negatives, others], given)
        assert found.item() == pytest.approx(expected.item(), rel=1e-6)
    with pytest.raises(InputError, match="needs labels"):
        loss.compute_loss_from_embeddings([anchors, positives])
    assert loss.check_columns(3, labels=False) is None


def test_semi_hard_negatives_by_hand():
    """The nearest negative that is farther away than the positive, else the farthest."""
    loss = BatchSemiHardTripletLoss(GivenModel(2), margin=2.0)
    one, two = [0.0, 0.0], [3.0, 0.0]
    # Positives are 3 apart. From one the negative is 4 away, from two 5.
    assert value_of(loss, [one, two, [0.0, 4.0]], labels=[0, 0, 1]) == pytest.approx((3 - 4 + 2 + 0) / 2)
    # From one they are 1 and 3.5 away: the nearer is no candidate. From two both are farther; the nearer is taken.
    far = [[0.0, 1.0], [0.0, 3.5]]
    expected = (3 - 3.5 + 2 + 3 - math.sqrt(10) + 2) / 2
    found = value_of(loss, [one, two, *far], labels=[0, 0, 1, 2])
    assert found == pytest.approx(expected, rel=1e-6)
    # None is farther than the positive: the farthest.
    assert value_of(loss, [[-9.0, 0.0], [9.0, 0.0], [0.0, 0.0]], labels=[0, 0, 1]) == pytest.approx(18 - 9 + 2)
    assert value_of(loss, [one, two], labels=[0, 0]) == 0  # nothing to be compared with


def test_teachers_of_other_temperatures_by_hand():
    columns = [[2.0, 0.0]], [[1.0, 0.0]], [[0.5, 0.0]]  # products 2 and 1
    loss = DistillKLDivLoss(GivenModel(2), student_temperature=2.0, teacher_temperature=0.5)
    told, wanted = np.exp([1, 0.5]) / np.exp([1, 0.5]).sum(), np.exp([2, 6]) / np.exp([2, 6]).sum()
    expected = 4 * float((wanted * np.log(wanted / told)).sum())
    assert value_of(loss, *columns, labels=[[1.0, 3.0]]) == pytest.approx(expected, rel=1e-5)
    assert loss.get_config_dict()["teacher_temperature"] == 0.5
    with pytest.raises(InputError, match="teacher_temperature must be above 0; got 0"):
        DistillKLDivLoss(GivenModel(2), teacher_temperature=0)


def test_margins_of_a_mega_batch_by_hand():
    r = math.sqrt(0.5)
    columns = [X, Y, [r, r]], [X, X, Y]  # own cosines 1, 0, r; the greatest of others 1, 1, r
    expected = ((0 + 0.7) + (0.8 + 0.7) + (0.8 - r + r - 0.3)) / 3
    for options in ({}, {"use_mini_batched_version": False}, {"mini_batch_size": 2}):
        assert value_of(MegaBatchMarginLoss(GivenModel(2), **options), *columns) == pytest.approx(expected, rel=1e-5)
    assert value_of(MegaBatchMarginLoss(GivenModel(2)), [X], [Y]) == pytest.approx(0.8)  # there is no negative


def test_spreading_by_hand():
    r = math.sqrt(0.5)
    column, other = [X, Y, [r, r]], [X, X, X]
    mean, square = (2 * 2 * r / 6) ** 2, 2 * 2 * r * r / 6  # the second is below 1 / 2
    loss = GlobalOrthogonalRegularizationLoss(GivenModel(2))
    found = loss.compute_loss_from_embeddings([torch.tensor(column), torch.tensor(other)])
    assert found["gor_mean"].item() == pytest.approx((mean + 1) / 2, rel=1e-5)
    assert square < 1 / 2
    assert found["gor_second_moment"].item() == pytest.approx((0 + 1 - 1 / 2) / 2, rel=1e-5)
    loss = GlobalOrthogonalRegularizationLoss(
        GivenModel(2), mean_weight=None, second_moment_weight=3.0, aggregation="sum"
    )
    found = loss.compute_loss_from_embeddings([torch.tensor(column), torch.tensor(other)])
    assert set(found) == {"gor_second_moment"}
    assert found["gor_second_moment"].item() == pytest.approx(3 * (1 - 1 / 2), rel=1e-5)
    with pytest.raises(InputError, match="both 0"):
        GlobalOrthogonalRegularizationLoss(GivenModel(2), mean_weight=0, second_moment_weight=None)


def test_a_teachers_vectors_by_hand():
    columns, teacher = ([[3.0, 0.0]], [[0.0, 1.0]]), [[0.0, 4.0]]
    for metric, expected in (("cosine", (1 + 0) / 2), ("l2", (5 + 3) / 2), ("mse", (25 / 2 + 9 / 2) / 2)):
        loss = EmbedDistillLoss(GivenModel(2), metric)
        assert value_of(loss, *columns, labels=teacher) == pytest.approx(expected, rel=1e-6)
        each = [[[3.0, 0.0], [0.0, 4.0]]]  # a vector a column; of the first nothing is left
        expected = {"cosine": 0, "l2": 3 / 2, "mse": 9 / 4}[metric]
        assert value_of(loss, *columns, labels=each) == pytest.approx(expected, abs=1e-6)
    with pytest.raises(InputError, match=r"vectors like the model's, \(1, 2\), or \(1, 2, 2\) for a vector a column"):
        value_of(loss, *columns, labels=[[1.0, 2.0, 3.0]])


def test_a_projection_outlives_its_loss(tmp_path):
    loss = MSELoss(GivenModel(2), projection_dim=3)
    x, teacher = torch.tensor([X, Y]), torch.randn(2, 3)
    expected = ((loss.projection(x) - teacher) ** 2).mean().item()
    assert loss.compute_loss_from_embeddings([x], teacher).item() == pytest.approx(expected, rel=1e-6)
    assert loss.projection.weight in set(loss.parameters())
    loss.save_projection(tmp_path / "projection.safetensors")
    assert set(load_file(tmp_path / "projection.safetensors")) == {"weight", "bias"}
    for later in (MSELoss(GivenModel(2), projection_dim=3), MSELoss(GivenModel(2))):
        later.load_projection(tmp_path / "projection.safetensors")
        assert later.projection_dim == 3
        assert later.compute_loss_from_embeddings([x], teacher).item() == pytest.approx(expected, rel=1e-6)
    with pytest.raises(InputError, match="from width 2 to 3; this loss projects from 2 to 5"):
        MSELoss(GivenModel(2), projection_dim=5).load_projection(tmp_path / "projection.safetensors")
    with pytest.raises(InputError, match="from width 2 to 3; this loss projects from 4 to 3"):
        MSELoss(GivenModel(4)).load_projection(tmp_path / "projection.safetensors")
    with pytest.raises(InputError, match="no projection to save"):
        MSELoss(GivenModel(2)).save_projection(tmp_path / "none")


def test_distances_have_the_names_that_scripts_use():
    one, other = torch.tensor([[3.0, 0.0]]), torch.tensor([[0.0, 4.0]])
    assert SiameseDistanceMetric.EUCLIDEAN(one, other).item() == TripletDistanceMetric.EUCLIDEAN(one, other).item() == 5
    assert SiameseDistanceMetric.MANHATTAN(one, other).item() == TripletDistanceMetric.MANHATTAN(one, other).item() == 7
    assert (
        SiameseDistanceMetric.COSINE_DISTANCE(one, other).item() == TripletDistanceMetric.COSINE(one, other).item() == 1
    )
    both, functions = torch.cat([one, other]), BatchHardTripletLossDistanceFunction
    np.testing.assert_allclose(functions.cosine_distance(both), [[0, 1], [1, 0]], atol=1e-6)
    np.testing.assert_allclose(functions.eucledian_distance(both), [[0, 5], [5, 0]])
    np.testing.assert_allclose(functions.euclidean_distance(both, squared=True), [[0, 25], [25, 0]])
    assert value_of(ContrastiveLoss(GivenModel(2), SiameseDistanceMetric.MANHATTAN), [X], [Y], labels=[1]) == 2
    loss = TripletLoss(GivenModel(2), TripletDistanceMetric.MANHATTAN, triplet_margin=1.0)
    assert value_of(loss, [X], [Y], [X]) == 3
    loss = BatchAllTripletLoss(GivenModel(2), functions.cosine_distance, margin=0.5)
    assert value_of(loss, [X, X, Y], labels=[0, 0, 1]) == 0
    assert loss.get_config_dict()["distance_metric"] == "all_cosine_distances"


def test_classes_may_be_probabilities():
    loss = SoftmaxLoss(GivenModel(2), sentence_embedding_dimension=2, num_labels=3)
    sure = value_of(loss, [X, Y], [Y, Y], labels=[2, 0])
    assert value_of(loss, [X, Y], [Y, Y], labels=[[0.0, 0, 1], [1, 0, 0]]) == pytest.approx(sure, rel=1e-6)
    halves = value_of(loss, [X, Y], [Y, Y], labels=[[0.0, 0.5, 0.5], [1, 0, 0]])
    other = value_of(loss, [X, Y], [Y, Y], labels=[1, 0])
    assert halves == pytest.approx((sure + other) / 2, rel=1e-6)


@pytest.mark.parametrize(
    ("loss", "columns", "labels"),
    [
        (BatchSemiHardTripletLoss, 1, [0, 1, 0, 1, 1, 0]),
        (AnglELoss, 4, None),
        (MegaBatchMarginLoss, 2, None),
        (ContrastiveTensionLoss, 2, [0, 1, 0, 1, 1, 0]),
        (lambda model: EmbedDistillLoss(model, "cosine", projection_dim=3), 2, torch.randn(6, 2, 3)),
        (lambda model: EmbedDistillLoss(model, "l2"), 1, torch.randn(6, 4)),
        (lambda model: MatryoshkaLoss(model, MSELoss(model), [4, 2]), 1, torch.randn(6, 4)),
    ],
)
def test_gradients_are_those_of_small_steps(loss, columns, labels):
    loss = loss(GivenModel(4)).double()
    given = [column.requires_grad_() for column in random_columns(columns, seed=2)]
    labels = torch.as_tensor(labels).double() if isinstance(labels, torch.Tensor) else labels and torch.tensor(labels)
    assert torch.autograd.gradcheck(lambda *vectors: loss.compute_loss_from_embeddings(vectors, labels), given)


# --- a guide -----------------------------------------------------------------------------------------------------


def test_the_guide_strikes_out_by_hand():
    """Two rows. Of the first the guide finds the other positive more like the anchor than its own."""
    model, guide = GivenModel(2), GivenModel(2)
    r = math.sqrt(0.5)
    vectors = [torch.tensor(column) for column in ([X, Y], [[r, r], Y])]  # cosines: [[r, 0], [r, 1]]
    seen = [torch.tensor(column) for column in ([X, Y], [[0.0, 1.0], [0.6, 0.8]])]  # [[0, 0.6], [1, 0.8]]
    columns = [Guided(one, other) for one, other in zip(vectors, seen, strict=True)]
    e = math.exp

    def mean(first, second):
        return np.mean([math.log(sum(first) / first[0]), math.log(sum(second) / second[0])])

    loss = GISTEmbedLoss(model, guide, temperature=1.0, contrast_anchors=False, contrast_positives=False)
    # Both rows' other positives are above their own: nothing is left to be ranked.
    assert loss.compute_loss_from_embeddings(columns).item() == pytest.approx(0)
    loss = GISTEmbedLoss(model, guide, 1.0, margin=-0.3, contrast_anchors=False, contrast_positives=False)
    # Now the limits are 0.3 and 1.1: of the second row the other stays.
    expected = mean([e(r)], [e(1), e(r)])
    assert loss.compute_loss_from_embeddings(columns).item() == pytest.approx(expected, rel=1e-5)
    loss = GISTEmbedLoss(model, guide, 1.0, "relative", -0.5, contrast_anchors=False, contrast_positives=False)
    # 0 and 1.2.
    assert loss.compute_loss_from_embeddings(columns).item() == pytest.approx(expected, rel=1e-5)
    # Anchors are 0 alike to the guide, positives 0.8, a text to itself 1, and never its own negative.
    loss = GISTEmbedLoss(model, guide, 1.0, margin=-0.3)
    expected = mean([e(r), e(0)], [e(1), e(r), e(0), e(r)])
    assert loss.compute_loss_from_embeddings(columns).item() == pytest.approx(expected, rel=1e-5)
    # Negatives: the first is 1 alike to the first anchor and out, the second 0.
    column = Guided(torch.tensor([Y, X]), torch.tensor([X, [0.0, -1.0]]))
    expected = mean([e(r), e(0), e(1)], [e(1), e(r), e(0), e(r), e(1), e(0)])
    assert loss.compute_loss_from_embeddings([*columns, column]).item() == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("name", ["guide", "roberta"])
def test_a_guide_reads_the_texts_by_its_own_tokens(load, folders, name):
    """With the same tokenizer, and with another: its vectors are those that it gives the texts."""
    model, guide = load("bert"), SentenceTransformer(str(folders / name))
    expected = [SentenceTransformer(str(folders / name)).encode(texts) for texts in (TEXTS, OTHERS)]
    loss = GISTEmbedLoss(model, guide)
    loss.train()
    columns = loss.embed(tokens(model, TEXTS, OTHERS))
    for column, texts, vectors in zip(columns, (TEXTS, OTHERS), expected, strict=True):
        np.testing.assert_allclose(column.guide, vectors, atol=1e-5)
        np.testing.assert_allclose(column.vectors.detach(), model.encode(texts), atol=1e-5)
        assert not column.guide.requires_grad
    if name == "guide":  # one that reads less of a text cuts it for itself
        guide.max_seq_length = 5
        cut = loss.embed(tokens(model, TEXTS))[0].guide
        np.testing.assert_allclose(cut, guide.encode(TEXTS, on_truncation="ignore"), atol=1e-5)
        assert np.abs(cut.numpy() - expected[0]).max() > 1e-3


def test_a_guide_is_neither_trained_nor_saved(load):
    model, guide = load("bert"), load("guide")
    before = {name: tensor.clone() for name, tensor in guide.state_dict().items()}
    loss = GISTEmbedLoss(model, guide)
    assert {id(one) for one in loss.parameters()} == {id(one) for one in model.parameters()}
    values = trained(loss, model, TEXTS, OTHERS)
    assert values[-1] < values[0]
    loss.train()
    assert model.engine.module.training
    assert not guide.engine.module.training
    assert all(torch.equal(tensor, before[name]) for name, tensor in guide.state_dict().items())
    with pytest.raises(InputError, match="guide is the model"):
        GISTEmbedLoss(model, model)
    with pytest.raises(InputError, match="margin_strategy must be one of 'absolute', 'relative'"):
        GISTEmbedLoss(model, guide, margin_strategy="both")


def test_a_guide_may_be_named(load, folders):
    model = load("bert")
    found = GISTEmbedLoss(model, str(folders / "guide"))(tokens(model, TEXTS, OTHERS))
    assert found.item() == pytest.approx(GISTEmbedLoss(model, load("guide"))(tokens(model, TEXTS, OTHERS)).item())


@pytest.mark.parametrize("kind", ["gist", "mega"])
def test_in_chunks_values_and_gradients_are_the_same(load, kind):
    model, guide = load("bert"), load("roberta")
    if kind == "gist":
        pair = GISTEmbedLoss(model, guide, 0.1), CachedGISTEmbedLoss(model, guide, 0.1, mini_batch_size=5)
    else:
        pair = MegaBatchMarginLoss(model, use_mini_batched_version=False), MegaBatchMarginLoss(model, mini_batch_size=5)
    found = []
    for loss in pair:
        model.engine.module.zero_grad()
        value = loss(tokens(model, TEXTS, OTHERS))
        value.backward()
        found.append((value.item(), [one.grad.clone() for one in model.parameters() if one.grad is not None]))
    assert found[0][0] == pytest.approx(found[1][0], rel=1e-5)
    for one, other in zip(found[0][1], found[1][1], strict=True):
        np.testing.assert_allclose(one, other, atol=1e-5)
    assert pair[1].get_config_dict()["mini_batch_size"] == 5
    assert "mini_batch_size" not in pair[0].get_config_dict()


def test_positives_and_negatives_of_all_processes(monkeypatch):
    """The mean of what two processes with half of the rows find is what one finds with all of them."""
    vectors, seen = random_columns(3, 8), random_columns(3, 8, seed=5)
    options = {"temperature": 0.3, "contrast_anchors": False}
    whole = [Guided(one, other) for one, other in zip(vectors, seen, strict=True)]
    expected = GISTEmbedLoss(GivenModel(4), GivenModel(4), **options).compute_loss_from_embeddings(whole).item()
    loss = GISTEmbedLoss(GivenModel(4), GivenModel(4), **options, gather_across_devices=True)
    everybody = {tensor.data_ptr() + 4 * 4 * 8 * rank: tensor for tensor in (*vectors, *seen) for rank in (0, 1)}
    monkeypatch.setattr("sbert.losses.guided.gathered", lambda rows: everybody[rows.data_ptr()])
    found = []
    for rank in (0, 1):
        monkeypatch.setattr("sbert.losses.guided.first_row_of", lambda rows, rank=rank: rows * rank)
        own = slice(4 * rank, 4 * rank + 4)
        half = [Guided(column.vectors[own], column.guide[own]) for column in whole]
        found.append(loss.compute_loss_from_embeddings(half).item())
    assert np.mean(found) == pytest.approx(expected, rel=1e-6)


# --- two copies --------------------------------------------------------------------------------------------------


def test_tension_by_hand():
    loss = ContrastiveTensionLoss(GivenModel(2))
    found = value_of(loss, [[2.0, 0.0], [1.0, 0.0]], [[1.0, 0.0], [3.0, 0.0]], labels=[1, 0])  # products 2 and 3
    assert found == pytest.approx(math.log(1 + math.exp(-2)) + math.log(1 + math.exp(3)), rel=1e-6)
    with pytest.raises(InputError, match="needs labels of vectors"):
        loss.compute_loss_from_embeddings([torch.ones(1, 2)] * 2)
    loss = ContrastiveTensionLossInBatchNegatives(GivenModel(2), scale=1.0)
    assert value_of(loss, [X, Y]) == pytest.approx(-math.log(math.e / (math.e + 1)), rel=1e-6)
    assert loss.get_config_dict() == {"scale": pytest.approx(1.0), "similarity_fct": "cos_sim"}


def test_equal_texts_are_told_from_their_tokens(load):
    model = load("plain")
    loss = ContrastiveTensionLoss(model)
    one = ["the dog", "the dog and a cat", "a house", "red"]
    other = ["the dog", "the dog", "a house", "the king and the queen of the sea"]  # padded to another length
    columns = tokens(model, one, other)
    with torch.no_grad():
        expected = loss(columns, torch.tensor([1, 0, 1, 0]))
        assert loss(columns).item() == pytest.approx(expected.item(), rel=1e-6)
        assert loss(columns, torch.tensor([0, 0, 1, 0])).item() != pytest.approx(expected.item(), rel=1e-3)


def test_both_copies_learn(load):
    model = load("plain")
    rows = contrastive_tension_pairs(TEXTS + OTHERS, pos_neg_ratio=4)
    columns = [[row[name] for row in rows] for name in ("text1", "text2")]
    labels = torch.tensor([row["label"] for row in rows])
    loss = ContrastiveTensionLoss(model)
    start = [one.detach().clone() for one in loss.copy.parameters()]
    for one, other in zip(start, model.parameters(), strict=True):
        assert torch.equal(one, other)
    values = trained(loss, model, *columns, labels=labels)
    assert values[-1] < values[0] / 2
    words = [network.get_submodule("0.auto_model.embeddings.word_embeddings") for network in (loss.copy, loss.network)]
    assert not torch.equal(words[0].weight, start[0])
    assert not torch.equal(words[1].weight, start[0])
    assert not torch.equal(words[0].weight, words[1].weight)
    loss = ContrastiveTensionLossInBatchNegatives(load("bert"))
    values = trained(loss, loss.model, TEXTS)
    assert values[-1] < values[0]
    assert loss.logit_scale.item() != pytest.approx(math.log(20), abs=1e-6)


def test_rows_for_tension():
    texts = [str(number) for number in range(50)]
    rows = contrastive_tension_pairs(texts, pos_neg_ratio=4, seed=1)
    assert len(rows) == 50 // 7 * 4
    for place, row in enumerate(rows):
        assert row["label"] == (row["text1"] == row["text2"]) == (place % 4 == 0)
    used = [row["text1"] for row in rows] + [row["text2"] for row in rows if not row["label"]]
    assert len(used) == len(set(used)) == 49
    assert rows == contrastive_tension_pairs(texts, pos_neg_ratio=4, seed=1)
    assert rows != contrastive_tension_pairs(texts, pos_neg_ratio=4, seed=2)
    loader = ContrastiveTensionDataLoader(texts, batch_size=8, pos_neg_ratio=4, seed=1)
    batches = list(loader)
    assert len(batches) == len(loader) == 3
    assert [len(batch) for batch in batches] == [8, 8, 8]
    assert [example.label for example in batches[0]] == [1, 0, 0, 0] * 2
    for arguments, message in (
        ((texts[:5], 4), "texts must be 7 or more for a pos_neg_ratio of 4; got 5"),
        ((texts, 0), "pos_neg_ratio must be 1 or more"),
    ):
        with pytest.raises(InputError, match=message):
            contrastive_tension_pairs(*arguments)
    with pytest.raises(InputError, match="multiple of pos_neg_ratio, 8; got 12"):
        ContrastiveTensionDataLoader(texts, batch_size=12)


def test_older_scripts_train_with_tension(load):
    model = load("plain")
    before = model.encode(TEXTS)
    loader = ContrastiveTensionDataLoader(TEXTS + OTHERS, batch_size=4, pos_neg_ratio=4)
    model.fit([(loader, ContrastiveTensionLoss(model))], warmup_steps=0, show_progress_bar=False)
    assert np.abs(model.encode(TEXTS) - before).max() > 1e-6


# --- a decoder ---------------------------------------------------------------------------------------------------


def test_words_go_and_the_rest_stays_as_it_was():
    text = "“Don't stop,” said the well-known doctor: it's 3.5 °C."
    words = [
        "“",
        "Don't",
        "stop",
        ",",
        "”",
        "said",
        "the",
        "well-known",
        "doctor",
        ":",
        "it's",
        "3",
        ".",
        "5",
        "°C",
        ".",
    ]
    assert delete_words(text, 0.0) == text
    single = {delete_words(text, 1.0, np.random.default_rng(seed)) for seed in range(200)}
    assert single == set(words)
    generator = np.random.default_rng(0)
    long = " ".join(str(number) for number in range(4000))
    kept = delete_words(long, 0.6, generator).split(" ")
    assert len(kept) == pytest.approx(1600, abs=100)
    assert kept == sorted(kept, key=int)
    assert delete_words("", 0.6) == ""
    # Where words have no spaces between them, letters go.
    assert len(delete_words("今日は天気がいいですね" * 10, 0.6, generator)) == pytest.approx(44, abs=20)
    assert len(delete_words("हिन्दी भाषा " * 100, 0.6, generator).split()) == pytest.approx(80, abs=25)


def test_noise_is_that_of_its_seed():
    assert noised(TEXTS, seed=1) == noised(TEXTS, seed=1)
    assert noised(TEXTS, seed=1) != noised(TEXTS, seed=2)
    assert noised(TEXTS, seed=None) != noised(TEXTS, seed=None)
    assert noised(TEXTS, ratio=0) == TEXTS
    with pytest.raises(InputError, match="ratio must be from 0 to 1; got 60"):
        noised(TEXTS, ratio=60)


def test_a_decoder_shares_what_it_can(load, folders):
    model = load("bert")
    loss = DenoisingAutoEncoderLoss(model)
    encoder, decoder = model[0].auto_model, loss.decoder
    assert decoder.get_output_embeddings().weight is encoder.get_input_embeddings().weight
    own = {name for name, one in decoder.named_parameters() if id(one) not in set(map(id, encoder.parameters()))}
    assert own
    assert all("crossattention" in name or name.startswith("cls.") for name in own)
    apart = DenoisingAutoEncoderLoss(model, str(folders / "bert"), tie_encoder_decoder=False)
    assert not {id(one) for one in apart.decoder.parameters()} & {id(one) for one in encoder.parameters()}
    before = model.encode(TEXTS)
    trained(apart, model, noised(TEXTS), TEXTS, steps=1)
    assert np.abs(model.encode(TEXTS) - before).max() > 1e-6  # through the vector alone


@pytest.mark.parametrize("options", [{}, {"tie_encoder_decoder": False}])
def test_a_decoder_learns_to_write(load, options):
    model = load("bert")
    values = trained(DenoisingAutoEncoderLoss(model, **options), model, noised(TEXTS), TEXTS)
    assert values[-1] < values[0] - 0.3


def test_a_decoder_with_other_tokens(load, folders):
    model = load("bert")
    loss = DenoisingAutoEncoderLoss(model, str(folders / "roberta"), tie_encoder_decoder=False)
    other = load("roberta")
    column = loss._targets(tokens(model, TEXTS)[0])
    expected = other.tokenize(TEXTS)
    assert torch.equal(column["input_ids"], expected["input_ids"])
    values = trained(loss, model, noised(TEXTS), TEXTS)
    assert values[-1] < values[0] - 0.3


def test_writing_is_the_mean_of_all_tokens(load):
    """Against a loop over texts, each by itself, so without any padding."""
    model = load("bert")
    loss = DenoisingAutoEncoderLoss(model)
    holes = noised(TEXTS)
    with torch.no_grad():
        found = loss(tokens(model, holes, TEXTS)).item()
        logs = []
        for hole, text in zip(holes, TEXTS, strict=True):
            vector = torch.tensor(model.encode([hole]))[:, None]
            ids = model.tokenize([text])["input_ids"]
            logits = loss.decoder(input_ids=ids, encoder_hidden_states=vector, use_cache=False).logits[0]
            logs += [-logits[place].log_softmax(-1)[ids[0, place + 1]].item() for place in range(ids.shape[1] - 1)]
    assert found == pytest.approx(np.mean(logs), rel=1e-4)


def test_decoders_that_cannot_be_are_refused(load, folders):
    with pytest.raises(InputError, match="no decoder of the architecture 'mpnet' that reads a vector"):
        DenoisingAutoEncoderLoss(load("mpnet"))
    with pytest.raises(InputError, match="reads vectors of width 32; the model's have 24"):
        DenoisingAutoEncoderLoss(load("wide"))
    with pytest.raises(InputError, match=r"of the model's own architecture; the shapes of .* differ"):
        DenoisingAutoEncoderLoss(load("bert"), str(folders / "roberta"))
    with pytest.raises(InputError, match="first module is a Transformer"):
        DenoisingAutoEncoderLoss(GivenModel(2))
    with pytest.raises(InputError, match="takes 2 columns of texts; got 1"):
        DenoisingAutoEncoderLoss(load("bert"))(tokens(load("bert"), TEXTS))


def test_a_model_with_more_tokens_has_a_decoder_with_as_many(load):
    model = load("bert")
    rows = model[0].auto_model.get_input_embeddings().num_embeddings
    model[0].auto_model.resize_token_embeddings(rows + 3)
    loss = DenoisingAutoEncoderLoss(model)
    assert loss.decoder.get_output_embeddings().weight.shape[0] == rows + 3
    assert trained(loss, model, noised(TEXTS), TEXTS, steps=2)[1] > 0


def test_the_trainer_trains_a_decoder_and_leaves_it_out_of_the_model(load, tmp_path):
    model = load("bert")
    loss = DenoisingAutoEncoderLoss(model)
    own = loss.decoder.get_submodule("bert.encoder.layer.0.crossattention.self.value").weight
    before = own.detach().clone(), model.encode(TEXTS)
    rows = {"noised": noised(TEXTS), "text": TEXTS}
    args = SentenceTransformerTrainingArguments(
        output_dir=str(tmp_path), per_device_train_batch_size=4, max_steps=2, report_to="none", save_strategy="no",
        learning_rate=1e-2, disable_tqdm=True,
    )  # fmt: skip
    SentenceTransformerTrainer(model, args, rows, loss=loss).train()
    assert not torch.equal(own, before[0])
    after = model.encode(TEXTS)
    assert np.abs(after - before[1]).max() > 1e-4
    model.save(str(tmp_path / "saved"))
    np.testing.assert_allclose(SentenceTransformer(str(tmp_path / "saved")).encode(TEXTS), after, atol=1e-5)
    assert (
        "is_decoder" not in json.loads((tmp_path / "saved" / "config.json").read_text())
        or not json.loads((tmp_path / "saved" / "config.json").read_text())["is_decoder"]
    )


# --- losses around losses ----------------------------------------------------------------------------------------


def test_widths_are_drawn_by_torchs_generator():
    columns = random_columns(2, width=8)
    model = GivenModel(8)
    inner = MultipleNegativesRankingLoss(model)
    loss = MatryoshkaLoss(model, inner, [8, 4, 2], n_dims_per_step=1)
    each = {
        width: MatryoshkaLoss(model, inner, [width]).compute_loss_from_embeddings(columns).item() for width in (8, 4, 2)
    }
    torch.manual_seed(0)
    found = [loss.compute_loss_from_embeddings(columns).item() for _ in range(40)]
    assert {round(value, 6) for value in found} == {round(value, 6) for value in each.values()}
    torch.manual_seed(0)
    assert found == [loss.compute_loss_from_embeddings(columns).item() for _ in range(40)]
    loss.eval()  # all of them
    assert loss.compute_loss_from_embeddings(columns).item() == pytest.approx(sum(each.values()))
    assert loss.get_config_dict()["n_dims_per_step"] == 1
    with pytest.raises(InputError, match="n_dims_per_step must be 1 or more, or -1 for all; got 0"):
        MatryoshkaLoss(model, inner, [8], n_dims_per_step=0)


def test_all_processes_draw_the_same_widths(monkeypatch):
    """They take what the first one drew."""
    monkeypatch.setattr("sbert.losses.wrapping.together", lambda: True)
    monkeypatch.setattr("torch.distributed.broadcast", lambda drawn, source: drawn.fill_(2 + source))
    assert {tuple(wrapping.drawn(1, 3, torch.device("cpu"))) for _ in range(10)} == {(2,)}
    assert wrapping.drawn(-1, 3, torch.device("cpu")) == wrapping.drawn(3, 3, torch.device("cpu")) == [0, 1, 2]


def test_a_nest_takes_what_its_loss_takes():
    model = GivenModel(4)
    loss = MatryoshkaLoss(model, CoSENTLoss(model), [4, 2])
    with pytest.raises(InputError, match="CoSENTLoss needs labels: how similar"):
        loss.check_columns(2, labels=False)
    with pytest.raises(InputError, match="CoSENTLoss takes 2 columns of texts; got 3"):
        loss.check_columns(3, labels=True)
    classes = MatryoshkaLoss(model, SoftmaxLoss(model, num_labels=2), [4])
    with pytest.raises(InputError, match="from 0 to 1"):
        classes.check_labels(np.array([0, 7]))
    vectors, teacher = random_columns(1)[0], random_columns(1, seed=1)[0]
    cut = [torch.nn.functional.normalize(vectors[:, :width], dim=1) - teacher[:, :width] for width in (4, 2)]
    found = MatryoshkaLoss(model, MSELoss(model), [4, 2]).compute_loss_from_embeddings([vectors], teacher)
    assert found.item() == pytest.approx(sum((one**2).mean().item() for one in cut))
    parts = MatryoshkaLoss(model, GlobalOrthogonalRegularizationLoss(model), [4]).compute_loss_from_embeddings(
        [vectors]
    )
    unit = torch.nn.functional.normalize(vectors, dim=1)
    expected = sum(GlobalOrthogonalRegularizationLoss(model).compute_loss_from_embeddings([unit]).values())
    assert parts.item() == pytest.approx(expected.item())


@pytest.mark.parametrize("guided", [False, True])
def test_a_nest_around_a_loss_in_chunks(load, guided):
    """It goes in chunks, too, and values and gradients are those without."""
    model, guide = load("bert"), load("roberta")
    if guided:
        pair = GISTEmbedLoss(model, guide, 0.1), CachedGISTEmbedLoss(model, guide, 0.1, mini_batch_size=5)
    else:
        pair = MultipleNegativesRankingLoss(model), CachedMultipleNegativesRankingLoss(model, mini_batch_size=5)
    found = []
    for inner in pair:
        loss = MatryoshkaLoss(model, inner, [32, 8], [1, 0.5])
        model.engine.module.zero_grad()
        value = loss(tokens(model, TEXTS, OTHERS))
        value.backward()
        found.append((value.item(), [one.grad.clone() for one in model.parameters() if one.grad is not None]))
    assert loss.chunks.recompute
    assert found[0][0] == pytest.approx(found[1][0], rel=1e-5)
    for one, other in zip(found[0][1], found[1][1], strict=True):
        np.testing.assert_allclose(one, other, atol=1e-5)


def test_layers_are_those_of_a_shorter_network(load, folders):
    """The vectors of layer 1 of 2 are those of a network that ends there; the sum is what the formula says."""
    model = load("bert")
    short = SentenceTransformer(str(folders / "bert"), backend="torch", config_kwargs={"num_hidden_layers": 1})
    inner = MultipleNegativesRankingLoss(model)
    loss = AdaptiveLayerLoss(
        model, inner, -1, last_layer_weight=2.0, prior_layers_weight=0.7, kl_div_weight=0.4, kl_temperature=0.5,
        layer_weighting="linear",
    )  # fmt: skip
    columns = loss.embed(tokens(model, TEXTS, OTHERS))
    for column, texts in zip(columns, (TEXTS, OTHERS), strict=True):
        np.testing.assert_allclose(column.last.detach(), model.encode(texts), atol=1e-5)
        np.testing.assert_allclose(column.earlier[1].detach(), short.encode(texts), atol=1e-5)
        assert set(column.earlier) == {0, 1}
    last = [column.last.detach() for column in columns]
    expected = 2.0 * inner.compute_loss_from_embeddings(last).item()
    wanted = (torch.cat(last) / 0.5).softmax(-1)
    for layer in (0, 1):
        earlier = [column.earlier[layer].detach() for column in columns]
        expected += 0.7 * inner.compute_loss_from_embeddings(earlier).item() / (1 + layer) / 2
        told = (torch.cat(earlier) / 0.5).softmax(-1)
        expected += 0.4 * 0.5 * (wanted * (wanted / told).log()).sum(-1).mean().item()
    assert loss(tokens(model, TEXTS, OTHERS)).item() == pytest.approx(expected, rel=1e-5)
    assert not model[0].auto_model.config.output_hidden_states


def test_layers_are_drawn_and_learn(load):
    model = load("bert")
    inner = MultipleNegativesRankingLoss(model)
    loss = AdaptiveLayerLoss(model, inner)
    torch.manual_seed(0)
    seen = [tuple(loss.embed(tokens(model, TEXTS))[0].earlier) for _ in range(20)]
    assert set(seen) == {(0,), (1,)}
    loss.eval()
    assert tuple(loss.embed(tokens(model, TEXTS))[0].earlier) == (0, 1)
    values = trained(AdaptiveLayerLoss(model, inner, -1, layer_weighting="log"), model, TEXTS, OTHERS)
    assert values[-1] < values[0]


@pytest.mark.parametrize("guided", [False, True])
def test_fewer_layers_and_fewer_numbers(load, guided):
    """Together they are the one around the other; in chunks values and gradients stay."""
    model, guide = load("bert"), load("guide")
    options = {"n_layers_per_step": -1, "n_dims_per_step": -1, "kl_temperature": 0.0}
    found = []
    for size in (None, 5):
        if guided:
            inner = GISTEmbedLoss(model, guide, 0.1) if size is None else CachedGISTEmbedLoss(model, guide, 0.1, size)
        else:
            inner = CachedMultipleNegativesRankingLoss(model, mini_batch_size=size or 100)
        loss = Matryoshka2dLoss(model, inner, [32, 8], **options)
        model.engine.module.zero_grad()
        value = loss(tokens(model, TEXTS, OTHERS))
        value.backward()
        found.append((value.item(), [one.grad.clone() for one in model.parameters() if one.grad is not None]))
    nest = MatryoshkaLoss(model, inner, [32, 8])
    columns = loss.embed(tokens(model, TEXTS, OTHERS))
    expected = nest.compute_loss_from_embeddings([column.last for column in columns]).item()
    beside = [column.last.guide if guided else None for column in columns]
    for layer in (0, 1):
        earlier = [
            Guided(column.earlier[layer], own) if guided else column.earlier[layer]
            for column, own in zip(columns, beside, strict=True)
        ]
        expected += nest.compute_loss_from_embeddings(earlier).item() / 2
    assert found[0][0] == pytest.approx(expected, rel=1e-5)
    assert found[0][0] == pytest.approx(found[1][0], rel=1e-5)
    for one, other in zip(found[0][1], found[1][1], strict=True):
        np.testing.assert_allclose(one, other, atol=1e-5)
    assert loss.get_config_dict()["matryoshka_dims"] == [32, 8]


def test_losses_that_cannot_be_wrapped_are_refused(load, folders):
    model = load("bert")
    inner = MultipleNegativesRankingLoss(model)
    with pytest.raises(InputError, match="asks a loss of vectors; DenoisingAutoEncoderLoss reads more"):
        MatryoshkaLoss(model, DenoisingAutoEncoderLoss(model), [32])
    with pytest.raises(InputError, match="of one network; ContrastiveTensionLossInBatchNegatives reads others"):
        AdaptiveLayerLoss(model, ContrastiveTensionLossInBatchNegatives(model))
    with pytest.raises(InputError, match="Put MatryoshkaLoss into AdaptiveLayerLoss, not around it"):
        MatryoshkaLoss(model, AdaptiveLayerLoss(model, inner), [32])
    with pytest.raises(InputError, match="first module is a Transformer"):
        AdaptiveLayerLoss(GivenModel(2), MultipleNegativesRankingLoss(GivenModel(2)))
    with pytest.raises(InputError, match="layer_weighting must be one of"):
        AdaptiveLayerLoss(model, inner, layer_weighting="logs")
    with pytest.raises(InputError, match="n_layers_per_step must be 1 or more"):
        AdaptiveLayerLoss(model, inner, n_layers_per_step=0)
    network = models.Transformer(str(folders / "bert"), config_kwargs={"output_hidden_states": True})
    layers = models.WeightedLayerPooling(32, network.config.num_hidden_layers, 0)
    together = SentenceTransformer(modules=[network, layers, models.Pooling(32)], device="cpu")
    with pytest.raises(InputError, match="WeightedLayerPooling reads them all"):
        AdaptiveLayerLoss(together, MultipleNegativesRankingLoss(together))
    with pytest.raises(InputError, match=r"loss must be a loss of sbert\.losses; got the class CoSENTLoss: make one"):
        MatryoshkaLoss(model, CoSENTLoss, [32])
    with pytest.raises(InputError, match="distance_metric must be one of 'cosine', 'mse', 'l2'"):
        EmbedDistillLoss(model, "cosin")
    with pytest.raises(InputError, match="aggregation must be one of 'mean', 'sum'"):
        GlobalOrthogonalRegularizationLoss(model, aggregation="max")


def test_a_nest_around_two_copies(load):
    model = load("bert")
    inner = ContrastiveTensionLossInBatchNegatives(model)
    loss = MatryoshkaLoss(model, inner, [32, 8])
    columns = loss.embed(tokens(model, TEXTS))
    assert columns[0].shape == (8, 2, 32)
    expected = sum(
        inner.compute_loss_from_embeddings([torch.nn.functional.normalize(columns[0][..., :width], dim=-1)]).item()
        for width in (32, 8)
    )
    assert loss(tokens(model, TEXTS)).item() == pytest.approx(expected, rel=1e-5)
