"""How a batch goes through the network: cuts, chunks, recomputation. The vectors and gradients stay what they are."""

from itertools import pairwise

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from sbert import losses
from sbert.losses.columns import Chunks, _cuts, outputs_of
from support.training import sentences, tiny


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    torch.set_num_threads(1)
    return tiny(tmp_path_factory.mktemp("columns"))


@settings(deadline=None)
@given(
    lengths=st.lists(st.integers(1, 40), min_size=1, max_size=40),
    rows=st.one_of(st.none(), st.integers(1, 9)),
    tokens=st.one_of(st.none(), st.integers(1, 200)),
    overhead=st.integers(0, 100),
)
def test_cuts_hold_every_text_once_and_keep_limits(lengths, rows, tokens, overhead):
    lengths = sorted(lengths, reverse=True)
    cuts = _cuts(lengths, rows, tokens, overhead)
    assert cuts[0][0] == 0
    assert cuts[-1][1] == len(lengths)
    assert all(one[1] == other[0] for one, other in pairwise(cuts))
    for start, end in cuts:
        assert end > start
        assert rows is None or end - start <= rows
        assert tokens is None or end - start == 1 or lengths[start] * (end - start) <= tokens


@settings(deadline=None)
@given(lengths=st.lists(st.integers(1, 30), min_size=1, max_size=9), overhead=st.integers(0, 60))
def test_cuts_cost_the_least_there_is(lengths, overhead):
    lengths = sorted(lengths, reverse=True)

    def cost(edges):
        return sum(lengths[a] * (b - a) + overhead for a, b in pairwise(edges))

    count = len(lengths)
    ways = ([0, *(place for place in range(1, count) if mask >> place & 1), count] for mask in range(0, 1 << count, 2))
    found = _cuts(lengths, None, None, overhead)
    assert cost([0, *(end for _, end in found)]) == min(map(cost, ways))


@pytest.mark.parametrize(
    "chunks",
    [Chunks(), Chunks(rows=3), Chunks(tokens=20), Chunks(rows=2, recompute=True), Chunks(tokens=30, recompute=True)],
)
def test_chunks_change_nothing(model, chunks):
    network = model.trainable("a test").eval()
    columns = [model.training_features(sentences(7, seed, 1, 20)) for seed in range(2)]
    names = ("sentence_embedding", "token_embeddings")
    found = outputs_of(network, columns, names, chunks)
    for features, outputs in zip(columns, found, strict=True):
        expected = network(dict(features))
        mask = features["attention_mask"].bool()
        torch.testing.assert_close(outputs["sentence_embedding"], expected["sentence_embedding"], atol=1e-5, rtol=1e-4)
        tokens = outputs["token_embeddings"]
        padded = torch.nn.functional.pad(tokens, (0, 0, 0, mask.shape[1] - tokens.shape[1]))
        torch.testing.assert_close(padded[mask], expected["token_embeddings"][mask], atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("name", ["MultipleNegativesRankingLoss", "MultipleNegativesSymmetricRankingLoss"])
@pytest.mark.parametrize("options", [{"mini_batch_size": 3}, {"mini_batch_num_tokens": 32}])
def test_gradcache_has_the_gradients_of_the_whole_batch(model, name, options):
    """Without dropout, each gradient within 1e-5; with it, both forward passes must draw the same."""
    columns = [model.training_features(sentences(16, seed, 1, 12)) for seed in range(2)]
    found = []
    for kind, more in ((name, {}), (f"Cached{name}", options)):
        loss = getattr(losses, kind)(model, **more).eval()
        loss.zero_grad()
        value = loss(columns)
        value.backward()
        found.append(
            (value.item(), {key: p.grad.clone() for key, p in loss.network.named_parameters() if p.grad is not None})
        )
    (plain, of_plain), (cached, of_cached) = found
    assert cached == pytest.approx(plain, rel=1e-5)
    assert set(of_plain) == set(of_cached)
    assert max(float((of_plain[key] - of_cached[key]).abs().max()) for key in of_plain) < 1e-5


def test_recomputation_draws_the_same_dropout(model):
    """A loss that is linear in the vectors has a gradient that the first pass already tells: both must agree."""
    network = model.trainable("a test").train()
    features = model.training_features(sentences(6))
    weight = next(network.parameters())
    gradients = []
    for recompute in (False, True):
        torch.manual_seed(5)
        network.zero_grad()
        outputs = outputs_of(network, [features], ("sentence_embedding",), Chunks(rows=2, recompute=recompute))
        outputs[0]["sentence_embedding"][:, 0].sum().backward()
        gradients.append(weight.grad.clone())
    torch.testing.assert_close(*gradients)
    network.eval()


def test_ranking_in_all_directions_by_loops():
    from support.given import GivenModel

    generator = np.random.default_rng(0)
    q, d, n = generator.standard_normal((3, 5, 4))
    unit = [column / np.linalg.norm(column, axis=1, keepdims=True) for column in (q, d, n)]
    scale, strength = 3.0, 2.0

    def exponent(score, hard):
        return np.exp(scale * score + (strength * score if hard else 0))

    total = 0.0
    for i in range(5):
        own = np.exp(scale * unit[0][i] @ unit[1][i])
        others = [j for j in range(5) if j != i]
        whole = 2 * own  # of the anchor with its document, both ways
        whole += sum(exponent(unit[0][i] @ unit[kind][j], True) for kind in (1, 2) for j in others)
        whole += exponent(unit[0][i] @ unit[2][i], False)
        whole += sum(exponent(unit[one][i] @ unit[other][j], False) for one, other in ((0, 0), (1, 0)) for j in others)
        whole += sum(exponent(unit[1][i] @ unit[kind][j], False) for kind in (1, 2) for j in others)
        total -= np.log(own / whole)
    loss = losses.MultipleNegativesRankingLoss(
        GivenModel(4),
        scale=scale,
        directions=("query_to_doc", "query_to_query", "doc_to_query", "doc_to_doc"),
        hardness_mode="in_batch_negatives",
        hardness_strength=strength,
    )
    columns = [torch.tensor(column) for column in (q, d, n)]
    assert loss.compute_loss_from_embeddings(columns).item() == pytest.approx(total / 5)


def test_rows_of_one_document_are_no_negatives_of_each_other():
    from support.given import GivenModel

    generator = np.random.default_rng(1)
    q, d = (torch.tensor(column) for column in generator.standard_normal((2, 4, 3)))
    loss = losses.MultipleNegativesRankingLoss(GivenModel(3), mask_same_label=True)
    groups = torch.tensor([7, 8, 7, 9])
    scores = 20 * torch.nn.functional.cosine_similarity(q[:, None], d[None], dim=2)
    scores[0, 2] = scores[2, 0] = -torch.inf
    expected = torch.nn.functional.cross_entropy(scores, torch.arange(4)).item()
    assert loss.compute_loss_from_embeddings([q, d], groups).item() == pytest.approx(expected)
