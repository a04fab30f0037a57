"""Losses of late interaction: MaxSim by hand and by loops, features as encode reads them, a model that learns."""

import numpy as np
import pytest
import torch

from sbert import MultiVectorEncoder, losses
from sbert.late_interaction import maxsim, maxsim_pairwise
from sbert.losses.maxsim import colbert_pairwise, colbert_scores
from sbert.losses.token_vectors import TokenVectors
from sbert.training import MultiVectorEncoderTrainer, MultiVectorEncoderTrainingArguments
from support.tiny import make_tiny_late
from support.training import sentences


def random_texts(count, longest, seed):
    generator = np.random.default_rng(seed)
    vectors = generator.standard_normal((count, longest, 4)).astype(np.float32)
    mask = np.arange(longest) < generator.integers(1, longest + 1, count)[:, None]
    return TokenVectors(torch.tensor(vectors, requires_grad=True), torch.tensor(mask)), [
        row[kept] for row, kept in zip(vectors, mask, strict=True)
    ]


@pytest.mark.parametrize("at_once", [None, 1, 2])
def test_maxsim_is_that_of_arrays(at_once):
    queries, of_queries = random_texts(3, 5, 0)
    documents, of_documents = random_texts(4, 7, 1)
    found = colbert_scores(queries, documents, at_once)
    np.testing.assert_allclose(found.detach(), maxsim(of_queries, of_documents), rtol=1e-5)
    pairwise = colbert_pairwise(queries, TokenVectors(documents.vectors[:3], documents.mask[:3]))
    np.testing.assert_allclose(pairwise.detach(), maxsim_pairwise(of_queries, of_documents[:3]), rtol=1e-5)


def test_a_document_without_a_token_scores_nothing_and_breaks_nothing():
    queries, _ = random_texts(2, 3, 0)
    documents, _ = random_texts(2, 3, 1)
    empty = TokenVectors(documents.vectors, torch.tensor([[True] * 3, [False] * 3]))
    found = colbert_scores(queries, empty)
    assert found[:, 1].tolist() == [0.0, 0.0]
    found.sum().backward()
    assert torch.isfinite(documents.vectors.grad).all()
    assert documents.vectors.grad[1].abs().sum() == 0


@pytest.fixture
def model(tmp_path):
    torch.set_num_threads(1)
    torch.manual_seed(0)
    return MultiVectorEncoder(str(make_tiny_late(tmp_path / "model", "bert")), backend="torch")


@pytest.mark.parametrize("task", ["query", "document"])
def test_features_are_what_encode_reads(model, task):
    model.query_length, model.document_length = 6, 12
    model.query_expansion = {"strategy": "fixed", "length": 8, "attend": False}
    texts = sentences(5)
    features = model.training_features(texts, task=task)
    kept = features.pop("kept")
    with torch.no_grad():
        vectors = model.trainable("a test").eval()(features)["token_embeddings"]
    for row, mask, expected in zip(vectors, kept, model.encode(texts, task=task, on_truncation="ignore"), strict=True):
        np.testing.assert_allclose(row[mask].numpy(), expected, atol=1e-5)


def columns_of(model):
    texts = [sentences(6, seed) for seed in range(3)]
    tasks = ("query", "document", "document")
    return [model.training_features(column, task=task) for column, task in zip(texts, tasks, strict=True)]


def scores_of(model):
    texts = [sentences(6, seed) for seed in range(3)]
    queries = model.encode(texts[0], task="query")
    return [maxsim(queries, model.encode(column, task="document")) for column in texts[1:]]


def test_ranking_is_cross_entropy_of_maxsim(model):
    good, bad = scores_of(model)
    scores = 0.5 * np.concatenate([good, bad], axis=1)
    expected = (np.log(np.exp(scores).sum(axis=1)) - np.diag(scores[:, :6])).mean()
    for options in ({}, {"score_mini_batch_size": 2}, {"mini_batch_size": 4}):
        loss = losses.MultiVectorMultipleNegativesRankingLoss(model, scale=0.5, **options).eval()
        assert loss(columns_of(model)).item() == pytest.approx(expected, rel=1e-4)


def test_distillation_is_of_maxsim(model):
    good, bad = (np.diag(scores) for scores in scores_of(model))
    margins = torch.linspace(-1, 1, 6)
    loss = losses.MultiVectorMarginMSELoss(model).eval()
    expected = ((good - bad - margins.numpy()) ** 2).mean()
    assert loss(columns_of(model), margins).item() == pytest.approx(expected, rel=1e-4)
    told = np.stack([good, bad], axis=1)
    told = told - np.log(np.exp(told).sum(axis=1, keepdims=True))
    wanted = np.full((6, 2), 0.5)
    divergence = (wanted * (np.log(wanted) - told)).sum(axis=1).mean()
    loss = losses.MultiVectorDistillKLDivLoss(model).eval()
    assert loss(columns_of(model), torch.zeros(6, 2)).item() == pytest.approx(divergence, rel=1e-4)


def test_the_cached_form_has_the_same_gradients(model):
    found = []
    for loss in (
        losses.MultiVectorMultipleNegativesRankingLoss(model),
        losses.CachedMultiVectorMultipleNegativesRankingLoss(model, mini_batch_size=2),
    ):
        loss.eval()
        model.engine.module.zero_grad()
        loss(columns_of(model)).backward()
        found.append([p.grad.clone() for p in model.parameters() if p.grad is not None])
    for one, other in zip(*found, strict=True):
        torch.testing.assert_close(one, other, atol=1e-5, rtol=1e-4)


def test_a_model_learns(model, tmp_path):
    texts = sentences(32)
    rows = [{"query": text, "document": " ".join(sorted(text.split()))} for text in texts]
    args = MultiVectorEncoderTrainingArguments(
        str(tmp_path / "run"),
        max_steps=20,
        per_device_train_batch_size=16,
        learning_rate=2e-3,
        save_strategy="no",
        use_cpu=True,
        logging_steps=1,
    )
    trainer = MultiVectorEncoderTrainer(model, args, rows)
    trainer.train()
    told = [entry["loss"] for entry in trainer.state.log_history if "loss" in entry]
    assert np.mean(told[-4:]) < np.mean(told[:4])
    assert trainer.layouts[""].tasks == {"query": "query", "document": "document"}
    model.save_pretrained(tmp_path / "saved")
    again = MultiVectorEncoder(str(tmp_path / "saved"))
    for one, other in zip(again.encode(texts[:3]), model.encode(texts[:3]), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-5)
