"""Losses of cross-encoders: examples by hand, loops, gradients, pairs of batches, models that learn, bad input."""

import math

import numpy as np
import pytest
import torch

from sbert import CrossEncoder, SentenceTransformer
from sbert.errors import InputError, SbertWarning
from sbert.losses import cross_encoder as losses
from sbert.losses.cross_encoder.negatives import in_batch_negatives
from support.given_scores import GivenScores, arguments_of, value_and_gradients
from support.language_models import make_language_model
from support.tiny import make_tiny_cross_encoder, make_tiny_model

SCHEMES = ("NoWeightingScheme", "NDCGLoss1Scheme", "NDCGLoss2Scheme", "LambdaRankScheme", "NDCGLoss2PPScheme")
LISTWISE = ("LambdaLoss", "RankNetLoss", "ListNetLoss", "ListMLELoss", "PListMLELoss", "ADRMSELoss")


def made(name, scores, **arguments):
    """A loss of a model with a score for each query and document, or several."""
    table = torch.tensor(scores)
    return getattr(losses, name)(GivenScores(table if table.dim() == 3 else table[:, :, None]), **arguments)


def value_of(name, scores, columns, labels=None, **arguments):
    loss = made(name, scores, **arguments)
    return loss([loss.features(columns, labels)], labels).item()


def sigmoid(x):
    return 1 / (1 + math.exp(-x))


@pytest.fixture(autouse=True, scope="module")
def _one_thread():
    """Threads do nothing for tiny networks but wait for one another, where other tests run beside these."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


# --- by hand ------------------------------------------------------------------------------------------------------

TWO = [["q0", "q1"], ["d0", "d1"]]
DIAGONAL = [[2.0, 9.0], [9.0, -1.0]]  # 2 for q0 with d0, -1 for q1 with d1


def test_pairs_by_hand():
    labels = torch.tensor([1.0, 0.0])
    expected = -(math.log(sigmoid(2)) + math.log(1 - sigmoid(-1))) / 2
    assert value_of("BinaryCrossEntropyLoss", DIAGONAL, TWO, labels) == pytest.approx(expected, rel=1e-5)
    expected = -(3 * math.log(sigmoid(2)) + math.log(1 - sigmoid(-1))) / 2
    found = value_of("BinaryCrossEntropyLoss", DIAGONAL, TWO, labels, pos_weight=3)
    assert found == pytest.approx(expected, rel=1e-5)
    assert value_of("MSELoss", DIAGONAL, TWO, torch.tensor([1.0, 2.0])) == pytest.approx((1 + 9) / 2)
    activated = ((sigmoid(2) - 1) ** 2 + (sigmoid(-1) - 0) ** 2) / 2
    found = value_of("MSELoss", DIAGONAL, TWO, torch.tensor([[1.0], [0.0]]), activation_fn=torch.nn.Sigmoid())
    assert found == pytest.approx(activated, rel=1e-5)


def test_classes_by_hand():
    table = [[[1.0, 2.0, 0.0]]]
    columns = [["q0"], ["d0"]]
    powers = np.exp([1, 2, 0])
    expected = -math.log(powers[1] / powers.sum())
    assert value_of("CrossEntropyLoss", table, columns, torch.tensor([1])) == pytest.approx(expected, rel=1e-5)
    likely = torch.tensor([[0.5, 0.5, 0.0]])
    expected = -(math.log(powers[0] / powers.sum()) + math.log(powers[1] / powers.sum())) / 2
    assert value_of("CrossEntropyLoss", table, columns, likely) == pytest.approx(expected, rel=1e-5)


def test_margins_by_hand():
    """A query with the score 4 for its positive, 1 and 3 for its negatives."""
    columns = [["q0"], ["d0"], ["d1"], ["d2"]]
    scores = [[4.0, 1.0, 3.0]]
    assert value_of("MarginMSELoss", scores, columns[:3], torch.tensor([2.0])) == pytest.approx(1.0)
    assert value_of("MarginMSELoss", scores, columns, torch.tensor([[2.0, 3.0]])) == pytest.approx((1 + 4) / 2)
    assert value_of("MarginMSELoss", scores, columns, torch.tensor([[5.0, 3.0, 2.0]])) == pytest.approx((1 + 4) / 2)
    assert value_of("MarginMSELoss", scores, columns, [torch.tensor([5.0, 3.0, 2.0])]) == pytest.approx((1 + 4) / 2)


def test_ranking_by_hand():
    """Two rows, of which each has the other's document for a negative, and then one of its own as well."""
    scores = [[1.0, 0.0, 0.5, 2.0], [0.0, 3.0, 1.0, 0.5]]
    found = value_of("MultipleNegativesRankingLoss", scores, TWO, scale=2.0, activation_fn=None)
    expected = -(math.log(math.e**2 / (math.e**2 + 1)) + math.log(math.e**6 / (math.e**6 + 1))) / 2
    assert found == pytest.approx(expected, rel=1e-5)
    own = [*TWO, ["d2", "d3"]]
    found = value_of("MultipleNegativesRankingLoss", scores, own, scale=1.0, activation_fn=None, num_negatives=0)
    one, two = np.exp([1, 0.5]), np.exp([3, 0.5])
    assert found == pytest.approx(-(math.log(one[0] / one.sum()) + math.log(two[0] / two.sum())) / 2, rel=1e-5)
    found = value_of("MultipleNegativesRankingLoss", scores, TWO)
    one, two = (np.exp([10 * sigmoid(a), 10 * sigmoid(b)]) for a, b in ((1, 0), (3, 0)))
    assert found == pytest.approx(-(math.log(one[0] / one.sum()) + math.log(two[0] / two.sum())) / 2, rel=1e-5)


ONE_LIST = [["q0"], [["d0", "d1", "d2"]]]
SCORES = [[1.0, 2.0, 0.0]]


def test_lists_by_hand():
    labels = torch.tensor([[2.0, 0.0, 1.0]])
    pairs = [(1.0, 2.0), (1.0, 0.0), (0.0, 2.0)]  # the more relevant one's score first
    expected = -np.mean([math.log2(sigmoid(better - worse)) for better, worse in pairs])
    assert value_of("RankNetLoss", SCORES, ONE_LIST, labels) == pytest.approx(expected, rel=1e-5)
    natural = value_of("RankNetLoss", SCORES, ONE_LIST, labels, reduction_log="natural")
    assert natural == pytest.approx(expected * math.log(2), rel=1e-5)
    told, wanted = np.exp(SCORES[0]) / np.exp(SCORES[0]).sum(), np.exp([2, 0, 1]) / np.exp([2, 0, 1]).sum()
    expected = -(wanted * np.log(told)).sum()
    assert value_of("ListNetLoss", SCORES, ONE_LIST, labels) == pytest.approx(expected, rel=1e-5)

    powers = np.exp(SCORES[0])
    steps = [math.log(powers[0] / powers.sum()), math.log(powers[1] / powers[1:].sum()), 0.0]
    assert value_of("ListMLELoss", SCORES, ONE_LIST, labels) == pytest.approx(-sum(steps), rel=1e-5)
    weighted = -(3 * steps[0] + steps[1]) / 4  # 2^2 - 1 and 2^1 - 1, divided by their sum
    assert value_of("PListMLELoss", SCORES, ONE_LIST, labels) == pytest.approx(weighted, rel=1e-5)
    sorted_steps = [steps[0], math.log(powers[2] / powers[1:].sum())]  # by labels d0, d2, d1
    found = value_of("ListMLELoss", SCORES, ONE_LIST, labels, respect_input_order=False)
    assert found == pytest.approx(-sum(sorted_steps), rel=1e-5)

    told = [1 + sigmoid(2 - 1) + sigmoid(0 - 1), 1 + sigmoid(1 - 2) + sigmoid(0 - 2), 1 + sigmoid(1) + sigmoid(2)]
    errors = [(rank - one) ** 2 / math.log2(1 + rank) for rank, one in zip((1, 3, 2), told, strict=True)]
    assert value_of("ADRMSELoss", SCORES, ONE_LIST, labels) == pytest.approx(np.mean(errors), rel=1e-5)
    tied = torch.tensor([[1.0, 1.0, 0.0]])
    errors = [(rank - one) ** 2 / math.log2(1 + rank) for rank, one in zip((1.5, 1.5, 3), told, strict=True)]
    assert value_of("ADRMSELoss", SCORES, ONE_LIST, tied) == pytest.approx(np.mean(errors), rel=1e-5)


# --- by loops -----------------------------------------------------------------------------------------------------


def weight(scheme, i, j, gains):
    """The weight of the documents in places i and j, from 1 on."""

    def inverse(place):
        return 1 / math.log2(1 + place)

    between = abs(gains[i - 1] - gains[j - 1])
    apart = 0 if i == j else abs(inverse(abs(i - j)) - inverse(abs(i - j) + 1)) * between
    places = abs(inverse(i) - inverse(j)) * between
    return {
        "NoWeightingScheme": 1,
        "NDCGLoss1Scheme": gains[i - 1] * inverse(i),
        "NDCGLoss2Scheme": apart,
        "LambdaRankScheme": places,
        "NDCGLoss2PPScheme": 10 * apart + places,
    }[scheme]


def lambda_by_loops(lists, labels, scheme, k):
    found = []
    for scores, given in zip(lists, labels, strict=True):
        order = sorted(range(len(scores)), key=lambda at: -scores[at])
        ideal = [(2**label - 1) / math.log2(2 + place) for place, label in enumerate(sorted(given, reverse=True))]
        gains = [(2 ** given[at] - 1) / max(sum(ideal[:k]), 1e-10) for at in order]
        for i, one in enumerate(order, 1):
            for j, other in enumerate(order, 1):
                wanted = scheme == "NDCGLoss1Scheme" or given[one] > given[other]
                if wanted and (k is None or i <= k or j <= k):
                    found.append(weight(scheme, i, j, gains) * math.log2(sigmoid(scores[one] - scores[other])))
    return -sum(found) / len(found)


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("k", [None, 2])
def test_lambda_loss_is_what_loops_make(scheme, k):
    generator = np.random.default_rng(0)
    counts = [5, 1, 3]
    table = generator.standard_normal((3, 5))
    labels = [generator.integers(0, 3, count).astype(float).tolist() for count in counts]
    columns = [["q0", "q1", "q2"], [[f"d{number}" for number in range(count)] for count in counts]]
    expected = lambda_by_loops([row[:count] for row, count in zip(table, counts, strict=True)], labels, scheme, k)
    weighting = getattr(losses, scheme)()
    given = [torch.tensor(one) for one in labels]
    found = value_of("LambdaLoss", table.tolist(), columns, given, weighting_scheme=weighting, k=k)
    assert found == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("name", LISTWISE)
def test_padding_changes_nothing(name):
    """Lists of different lengths together are the lists alone, weighed as the loss has it."""
    generator = np.random.default_rng(3)
    table = generator.standard_normal((3, 6)).tolist()
    lists = [[f"d{number}" for number in range(count)] for count in (6, 2, 4)]
    labels = [torch.tensor(generator.permutation(len(one)) + 0.5) for one in lists]
    alone = [value_of(name, table, [[f"q{row}"], [lists[row]]], [labels[row]]) for row in range(3)]
    weights = {"ADRMSELoss": [6, 2, 4], "LambdaLoss": [15, 1, 6], "RankNetLoss": [15, 1, 6]}.get(name, [1, 1, 1])
    found = value_of(name, table, [["q0", "q1", "q2"], lists], labels)
    assert found == pytest.approx(np.average(alone, weights=weights), rel=1e-5)


def test_nothing_to_put_in_order():
    """A list of one, or of equal documents, has no couple; the loss is 0 and has gradients."""
    for labels in (torch.tensor([[1.0, 1.0, 1.0]]), torch.tensor([[0.0, 0.0, 0.0]])):
        value, gradients = value_and_gradients("LambdaLoss", {}, ONE_LIST, labels, [[[1.0], [2.0], [0.0]]])
        assert value == 0
        assert not gradients.any()
    value, gradients = value_and_gradients("PListMLELoss", {}, [["q0"], [["d0"]]], torch.tensor([[1.0]]), [[[1.0]]])
    assert value == 0
    assert np.isfinite(gradients).all()


def test_weights_of_places_in_a_very_long_list():
    mask = torch.ones(2, 300, dtype=torch.bool)
    mask[1, 3:] = False
    weights = losses.PListMLELambdaWeight()(mask)
    assert torch.isfinite(weights).all()
    torch.testing.assert_close(weights[0, :2] / weights[0, 0], torch.tensor([1.0, 0.5]))
    assert weights[1, :4].tolist() == [3, 1, 0, 0]
    even = losses.PListMLELambdaWeight(lambda mask: mask * 2.0)
    labels = torch.tensor([[2.0, 0.0, 1.0]])
    plain = value_of("ListMLELoss", SCORES, ONE_LIST, labels)
    assert value_of("PListMLELoss", SCORES, ONE_LIST, labels, lambda_weight=even) == pytest.approx(plain / 3, rel=1e-5)


# --- gradients ----------------------------------------------------------------------------------------------------

COUNTS = (4, 1, 3)
CASES = [(name, {}) for name in LISTWISE] + [("LambdaLoss", {"weighting_scheme": scheme}) for scheme in SCHEMES]
CASES += [("ListMLELoss", {"respect_input_order": False}), ("LambdaLoss", {"k": 1, "activation_fn": "Sigmoid"})]
CASES += [("BinaryCrossEntropyLoss", {}), ("MSELoss", {}), ("CrossEntropyLoss", {})]
CASES += [("MarginMSELoss", {}), ("MultipleNegativesRankingLoss", {}), ("CachedMultipleNegativesRankingLoss", {})]


@pytest.mark.parametrize(("name", "arguments"), CASES)
def test_gradients_are_those_of_small_steps(name, arguments):
    """Each gradient against the difference that a small step makes, in float64."""
    generator = np.random.default_rng(1)
    rows, labels_of_model = sum(COUNTS), 3 if name == "CrossEntropyLoss" else 1
    scores = torch.tensor(generator.standard_normal((rows, labels_of_model)), requires_grad=True)
    loss = getattr(losses, name)(GivenScores(scores), **arguments_of(arguments)).double()
    if name in LISTWISE:
        labels = [torch.tensor(generator.permutation(count).astype(float)) for count in COUNTS]
    elif name == "MarginMSELoss":
        labels = torch.tensor(generator.standard_normal((rows // 4, 3)))
    else:
        labels = torch.tensor([0, 1, 0, 1, 1, 0, 1, 0])
    assert torch.autograd.gradcheck(
        lambda given: loss.compute_loss_from_logits(loss.laid_out(given, 2), labels), (scores,)
    )


def test_half_precision_is_made_whole():
    loss = made("MSELoss", [[0.0]])
    value = loss.compute_loss_from_logits(torch.tensor([[1.0]], dtype=torch.bfloat16), torch.tensor([1.001]))
    assert value.dtype == torch.float32
    assert value.item() == pytest.approx(1e-6, rel=1e-3)


# --- the pairs of a batch -----------------------------------------------------------------------------------------


def test_the_order_of_pairs():
    loss = made("MarginMSELoss", [[0.0]])
    assert loss.pairs([["a", "b"], ["c", "d"], ["e", "f"]]) == [("a", "c"), ("b", "d"), ("a", "e"), ("b", "f")]
    assert loss.features([["q0"], ["d0"], ["d0"]])["rows"] == 1
    loss = made("ListNetLoss", [[0.0]])
    assert loss.pairs([["a", "b"], [["c"], ["d", "e"]]], [[1], [2, 3]]) == [("a", "c"), ("b", "d"), ("b", "e")]
    loss = made("MultipleNegativesRankingLoss", [[0.0]], num_negatives=1)
    assert loss.pairs([["a", "b"], ["c", "d"]]) == [("a", "c"), ("b", "d"), ("a", "d"), ("b", "c")]


def test_negatives_are_others():
    rows = 7
    positives = ["same", "same", *(f"p{row}" for row in range(2, rows))]
    hard = [f"n{row}" for row in range(rows)]
    seen = set()
    for trial in range(60):
        # What is drawn depends on the texts, so they differ in a mark that is taken off again.
        marked = [[f"{text}-{trial}" for text in column] for column in (positives, hard)]
        columns = [[text.partition("-")[0] for text in column] for column in in_batch_negatives(marked, 3)]
        assert [len(column) for column in columns] == [rows] * 3
        for row in range(rows):
            drawn = [column[row] for column in columns]
            assert positives[row] not in drawn
            assert hard[row] not in drawn
            seen |= {(row, text) for text in drawn}
            assert len(set(drawn) - {"same"}) == len([text for text in drawn if text != "same"])
    # All that can be drawn are at some time: 11 different others, but for the two rows of one text 11 without it.
    assert {text for row, text in seen if row == 3} == {*positives, *hard} - {positives[3], hard[3]}
    assert {text for row, text in seen if row == 0} == {*positives, *hard} - {"same", hard[0]}


def test_as_many_negatives_as_there_are():
    assert in_batch_negatives([["a", "b", "c"]], 0) == []
    assert in_batch_negatives([["a"]], 4) == []
    assert in_batch_negatives([["a", "a"]], 4) == []
    assert in_batch_negatives([["a", "b"]], None) == [["b", "a"]]
    assert [len(column) for column in in_batch_negatives([["a", "b", "c"]], 4)] == [3, 3]
    # Those of one text have one other: so does each.
    columns = in_batch_negatives([["a", "a", "a", "b"]], 3)
    assert columns[0][:3] == ["b", "b", "b"]
    assert columns[0][3] == "a"
    assert len(columns) == 1


def test_the_same_batch_has_the_same_negatives():
    """Whatever was drawn before, so that a run that was stopped goes on as it would have."""
    texts = [f"p{row}" for row in range(20)]
    state = torch.get_rng_state()
    first = in_batch_negatives([texts], 3)
    assert torch.equal(torch.get_rng_state(), state)
    torch.rand(5)
    assert in_batch_negatives([texts], 3) == first
    other = in_batch_negatives([texts[::-1]], 3)
    assert [set(row) for row in zip(*other, strict=True)][::-1] != [set(row) for row in zip(*first, strict=True)]
    assert in_batch_negatives([["a", "\ud800"]], 1) == [["\ud800", "a"]]


# --- models -------------------------------------------------------------------------------------------------------

QUERIES = ["who reads a book", "red", "the king of the city", "fast cars", "a song"]
DOCUMENTS = ["the man reads a book in the garden", "blue and green", "a queen", "the dog runs on the road", "music"]


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    folder = make_tiny_cross_encoder(tmp_path_factory.mktemp("cross") / "model", "bert")
    return CrossEncoder(folder, backend="torch", device="cpu").eval()


def gradients_of(model, loss, features, labels=None):
    model.engine.network("test").zero_grad()
    value = loss(features, labels)
    value.backward()
    found = {name: one.grad.clone() for name, one in model.named_parameters() if one.grad is not None}
    return value.item(), found


def test_scores_before_the_activation_are_what_it_reads(model):
    loss = losses.MSELoss(model)
    pairs = list(zip(QUERIES, DOCUMENTS, strict=True))
    tokens = model.tokenize(pairs)
    assert tokens["token_type_ids"].max() == 1
    expected = model.predict(pairs, activation_fn="identity")
    assert loss([tokens], torch.tensor(expected)).item() == pytest.approx(0, abs=1e-8)
    assert loss([QUERIES, DOCUMENTS], torch.tensor(expected)).item() == pytest.approx(0, abs=1e-8)
    assert loss([loss.features([QUERIES, DOCUMENTS])], torch.tensor(expected) + 1).item() == pytest.approx(1, rel=1e-4)


def test_a_prompt_stands_where_predict_puts_it(model, tmp_path):
    chat = CrossEncoder(make_language_model(tmp_path / "chat"), backend="torch", device="cpu")
    for one in (model, chat.eval()):
        loss = losses.MSELoss(one)
        pairs = list(zip(QUERIES, DOCUMENTS, strict=True))
        expected = one.predict(pairs, prompt="find the book: ", activation_fn="identity")
        without = one.predict(pairs, activation_fn="identity")
        assert np.abs(expected - without).max() > 1e-3
        features = loss.features([QUERIES, DOCUMENTS], prompt="find the book: ")
        assert loss([features], torch.tensor(expected)).item() == pytest.approx(0, abs=1e-8)


@pytest.mark.parametrize(
    ("plain", "chunked"),
    [
        (("MultipleNegativesRankingLoss", {}), ("CachedMultipleNegativesRankingLoss", {"mini_batch_size": 3})),
        (
            ("MultipleNegativesRankingLoss", {"num_negatives": 2}),
            ("CachedMultipleNegativesRankingLoss", {"num_negatives": 2, "mini_batch_num_tokens": 40}),
        ),
        (("LambdaLoss", {}), ("LambdaLoss", {"mini_batch_size": 2})),
    ],
)
def test_chunks_change_no_gradient(model, plain, chunked):
    columns, labels = [QUERIES, DOCUMENTS], None
    if plain[0] == "LambdaLoss":
        columns, labels = [QUERIES[:2], [DOCUMENTS[:3], DOCUMENTS[3:]]], [torch.tensor([2, 0, 1]), torch.tensor([0, 1])]
    one, other = (getattr(losses, name)(model, **arguments) for name, arguments in (plain, chunked))
    assert other.chunks.recompute
    features = one.features(columns, labels)
    value, expected = gradients_of(model, one, [features], labels)
    again, found = gradients_of(model, other, [features], labels)
    assert again == pytest.approx(value, rel=1e-4)
    assert expected.keys() == found.keys()
    for name, gradient in expected.items():
        torch.testing.assert_close(found[name], gradient, atol=1e-3, rtol=1e-3)


def test_a_mini_batch_of_none_is_the_batch(model):
    for size in (None, 0, -1):
        assert not losses.ListNetLoss(model, mini_batch_size=size).chunks.recompute


def descended(model, loss, columns, labels, steps=20):
    """Values of a loss while its gradient is followed."""
    torch.manual_seed(0)
    optimizer = torch.optim.AdamW(loss.parameters(), lr=2e-3)
    model.train()
    features = loss.features(columns, labels)
    values = []
    for _ in range(steps):
        value = loss([features], labels)
        optimizer.zero_grad()
        value.backward()
        optimizer.step()
        values.append(value.item())
    return values


def test_a_network_without_a_head_learns(tmp_path):
    folder = make_tiny_model(tmp_path / "plain", "bert", hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0)
    (folder / "modules.json").unlink()
    torch.manual_seed(0)  # of the new head
    with pytest.warns(SbertWarning, match="a new one was made with random weights"):
        model = CrossEncoder(folder, backend="torch", device="cpu", num_labels=1)
    labels = torch.tensor([1.0, 0.0, 1.0, 0.0, 1.0])
    values = descended(model, losses.BinaryCrossEntropyLoss(model), [QUERIES, DOCUMENTS], labels)
    assert values[-1] < 0.7 * values[0]
    scores = model.predict(list(zip(QUERIES, DOCUMENTS, strict=True)))
    assert scores[labels.bool().numpy()].min() > scores[~labels.bool().numpy()].max()


def test_classes_and_lists_are_learned(tmp_path):
    still = {"hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0}
    folder = make_tiny_cross_encoder(tmp_path / "three", "bert", labels=3, **still)
    model = CrossEncoder(folder, backend="torch", device="cpu")
    labels = torch.tensor([0, 1, 2, 0, 1])
    values = descended(model, losses.CrossEntropyLoss(model), [QUERIES, DOCUMENTS], labels)
    assert values[-1] < 0.7 * values[0]
    model = CrossEncoder(make_tiny_cross_encoder(tmp_path / "one", "bert", **still), backend="torch", device="cpu")
    labels = [torch.tensor([2.0, 0.0, 1.0]), torch.tensor([0.0, 1.0])]
    columns = [QUERIES[:2], [DOCUMENTS[:3], DOCUMENTS[3:]]]
    values = descended(model, losses.LambdaLoss(model), columns, labels)
    assert values[-1] < 0.7 * values[0]


# --- what does not fit --------------------------------------------------------------------------------------------

NAMES = [name for name in losses.__all__ if name.endswith("Loss") and name != "CrossEncoderLoss"]


@pytest.mark.parametrize("name", NAMES)
def test_the_model_must_give_as_many_scores_as_the_loss_reads(name, tmp_path):
    wrong = 1 if name == "CrossEntropyLoss" else 3
    wanted = "2 labels or more" if name == "CrossEntropyLoss" else "1 label"
    with pytest.raises(InputError, match=f"{name} needs a model with {wanted}; this one has {wrong}"):
        made(name, np.zeros((1, 1, wrong)))
    dense = SentenceTransformer(make_tiny_model(tmp_path / "dense", "bert"), backend="torch")
    with pytest.raises(InputError, match=f"{name} trains a CrossEncoder; got SentenceTransformer"):
        getattr(losses, name)(dense)


@pytest.mark.parametrize(
    ("name", "columns", "labels", "message"),
    [
        ("BinaryCrossEntropyLoss", [["q0"]], [1.0], "takes 2 columns of texts; got 1"),
        ("BinaryCrossEntropyLoss", [["q0"], ["d0"], ["d0"]], [1.0], "takes 2 columns of texts; got 3"),
        ("BinaryCrossEntropyLoss", [["q0"], ["d0"]], None, "needs labels: 1 for a pair"),
        ("BinaryCrossEntropyLoss", [["q0"], ["d0"]], [1.0, 0.0], r"a label for each of 1 pairs; got \(2,\)"),
        ("BinaryCrossEntropyLoss", [["q0", "q0"], ["d0"]], [1.0, 0.0], "as many texts; got 2, 1"),
        ("BinaryCrossEntropyLoss", ["q0", "d0"], [1.0], "lists of as many texts"),
        ("MSELoss", [["q0"], ["d0"]], [[1.0, 2.0]], r"a label for each of 1 pairs; got \(1, 2\)"),
        ("MarginMSELoss", [["q0"], ["d0"]], [1.0], "takes 3 or more columns of texts; got 2"),
        ("MarginMSELoss", [["q0"], ["d0"], ["d0"]], [[1.0, 2.0, 3.0]], "a margin for each of 1 negatives"),
        ("MarginMSELoss", [["q0"], ["d0"], ["d0"]], [1.0, 2.0], "labels for each row of 2 pairs; got those of 2"),
        ("MultipleNegativesRankingLoss", [["q0"]], None, "takes 2 or more columns of texts; got 1"),
        ("ListNetLoss", [["q0"], ["d0"], ["d0"]], [[1.0]], "takes 2 columns of texts; got 3"),
        ("ListNetLoss", [["q0"], [["d0"]]], None, "needs labels: a list for each query"),
        ("ListNetLoss", [["q0"], ["d0"]], [[1.0]], "takes a list of documents for each query; row 0: one text"),
        ("ListNetLoss", [["q0", "q0"], [["d0"], []]], [[1.0], [2.0]], "row 1: none"),
        ("ListNetLoss", [["q0"], [["d0"], ["d0"]]], [[1.0]], "got 1 queries and 2 lists"),
        ("ListNetLoss", [["q0"], [["d0"]]], [[1.0], [2.0]], "needs labels for 1 queries; got 2"),
        ("ListNetLoss", [["q0"], [["d0"]]], [[1.0, 2.0]], r"row 0 has 1 documents and labels of the shape \(2,\)"),
        ("ListNetLoss", [["q0"], [["d0"]]], [1.0], "row 0 has 1 documents and one label for all"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_refused(name, columns, labels, message):
    loss = made(name, [[0.0]])
    with pytest.raises(InputError, match=message):
        loss(columns, None if labels is None else torch.tensor(labels))


def test_classes_that_are_none_are_refused():
    loss = made("CrossEntropyLoss", np.zeros((1, 1, 2)))
    with pytest.raises(InputError, match="labels must be from 0 to 1; got 2 to 2"):
        loss([["q0"], ["d0"]], torch.tensor([2]))
    with pytest.raises(InputError, match="for each of 1 pairs; got lists"):
        loss([["q0"], ["d0"]], [torch.tensor([0]), torch.tensor([0, 1])])
    assert loss([["q0", "q0"], ["d0", "d0"]], torch.tensor([-100, 1])).item() == pytest.approx(math.log(2), rel=1e-5)


def test_scores_that_are_there_already_are_checked():
    with pytest.raises(InputError, match="needs labels"):
        made("MSELoss", [[0.0]]).compute_loss_from_logits(torch.zeros(1, 1))
    with pytest.raises(InputError, match="a label for each of 3 documents; got 2"):
        made("ListNetLoss", [[0.0]]).compute_loss_from_logits(torch.zeros(3, 1), [torch.tensor([1.0, 0.0])])
    with pytest.raises(InputError, match="as many labels for each row"):
        made("MarginMSELoss", [[0.0]]).compute_loss_from_logits(torch.zeros(4), [torch.zeros(1), torch.zeros(2)])
    ranking = made("MultipleNegativesRankingLoss", [[0.0]])
    with pytest.raises(InputError, match=r"of the shape \(documents, rows\); got \(4,\)"):
        ranking.compute_loss_from_logits(torch.zeros(4))
    with pytest.raises(InputError, match="must know which pairs are of one row"):
        ranking([{"scores": torch.zeros(4, 1)}])
    with pytest.raises(InputError, match="reads scores of pairs, not vectors"):
        ranking.compute_loss_from_embeddings([torch.zeros(2, 2)] * 2)


def test_a_whole_datasets_labels_are_checked():
    with pytest.raises(InputError, match=r"takes labels from 0 to 1; got 0 to 5\. Scale them"):
        made("BinaryCrossEntropyLoss", [[0.0]]).check_labels(np.array([0.0, 5.0]))
    loss = made("CrossEntropyLoss", np.zeros((1, 1, 3)))
    loss.check_labels(np.array([0.0, 2.0, -100.0]))
    loss.check_labels(np.array([[0.0, 0.5, 0.5]]))
    with pytest.raises(InputError, match="whole labels from 0 to 2; got 3"):
        loss.check_labels(np.array([0.0, 3.0]))
    with pytest.raises(InputError, match="from 0 to 1; got -1 to 1"):
        loss.check_labels(np.array([[1.0, -1.0, 1.0]]))


def test_arguments_that_cannot_be_are_refused():
    with pytest.raises(InputError, match="num_negatives must be a whole number of at least 1, or 0, or None; got -1"):
        made("MultipleNegativesRankingLoss", [[0.0]], num_negatives=-1)
    with pytest.raises(InputError, match="k must be a whole number"):
        made("LambdaLoss", [[0.0]], k=0)
    with pytest.raises(InputError, match="reduction_log must be one of 'binary', 'natural'"):
        made("RankNetLoss", [[0.0]], reduction_log="decimal")


def test_settings_as_a_model_card_has_them():
    assert made("BinaryCrossEntropyLoss", [[0.0]], pos_weight=2).get_config_dict() == {
        "activation_fn": "Identity", "pos_weight": 2.0,
    }  # fmt: skip
    assert made("CachedMultipleNegativesRankingLoss", [[0.0]]).get_config_dict() == {
        "num_negatives": 4, "scale": 10.0, "activation_fn": "Sigmoid", "mini_batch_size": 32,
    }  # fmt: skip
    assert made("LambdaLoss", [[0.0]], k=5).get_config_dict() == {
        "weighting_scheme": "NDCGLoss2PPScheme", "k": 5, "sigma": 1.0, "eps": 1e-10, "reduction_log": "binary",
        "activation_fn": "Identity", "mini_batch_size": None,
    }  # fmt: skip
    assert "weighting_scheme" not in made("RankNetLoss", [[0.0]]).get_config_dict()
    assert made("PListMLELoss", [[0.0]]).get_config_dict()["lambda_weight"] == "PListMLELambdaWeight"
    assert made("PListMLELoss", [[0.0]], lambda_weight=None).get_config_dict()["lambda_weight"] is None
    assert "lambda_weight" not in made("ListMLELoss", [[0.0]]).get_config_dict()
    assert made("ADRMSELoss", [[0.0]], alpha=2.0).get_config_dict()["alpha"] == 2.0
