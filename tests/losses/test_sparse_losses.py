"""Losses of sparse vectors: FLOPS by hand, SPLADE's parts, a model that learns to use fewer words."""

import numpy as np
import pytest
import torch

from sbert import SparseEncoder, losses, models
from sbert.errors import InputError
from sbert.training import SparseEncoderTrainer, SparseEncoderTrainingArguments
from sbert.training.splade_schedule import SpladeRegularizerWeightSchedulerCallback
from support.given import GivenModel
from support.tiny import make_tiny_model, make_tiny_splade
from support.training import sentences


def parts_of(loss, *columns, labels=None):
    vectors = [torch.tensor(column, dtype=torch.float64, requires_grad=True) for column in columns]
    return loss.compute_loss_from_embeddings(vectors, labels), vectors


def test_flops_by_hand():
    vectors = torch.tensor([[1.0, 0.0, 2.0], [3.0, 0.0, 0.0]])
    assert losses.FlopsLoss(GivenModel(3)).of(vectors).item() == pytest.approx(2.0**2 + 0 + 1.0**2)
    # With a threshold of 1 word the second text counts as empty.
    assert losses.FlopsLoss(GivenModel(3), threshold=1).of(vectors).item() == pytest.approx(0.5**2 + 1.0**2)
    with pytest.raises(InputError, match="threshold must be 0 or more"):
        losses.FlopsLoss(GivenModel(3), threshold=-1)


def test_splade_is_a_loss_and_two_costs():
    generator = np.random.default_rng(0)
    queries, good, bad = np.maximum(generator.standard_normal((3, 4, 6)), 0)
    model = GivenModel(6)
    inner = losses.SparseMultipleNegativesRankingLoss(model)
    loss = losses.SpladeLoss(model, inner, document_regularizer_weight=0.3, query_regularizer_weight=0.2)
    found, vectors = parts_of(loss, queries, good, bad)
    scores = queries @ np.concatenate([good, bad]).T
    softmax = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    assert found["base_loss"].item() == pytest.approx(-np.log(softmax[range(4), range(4)]).mean())
    documents = np.concatenate([good, bad]).mean(axis=0)
    assert found["document_regularizer_loss"].item() == pytest.approx(0.3 * (documents**2).sum())
    assert found["query_regularizer_loss"].item() == pytest.approx(0.2 * (queries.mean(axis=0) ** 2).sum())
    found["document_regularizer_loss"].backward()
    np.testing.assert_allclose(vectors[1].grad, np.tile(0.3 * 2 * documents / 8, (4, 1)) * (good > 0))
    assert vectors[0].grad is None
    alone = losses.SpladeLoss(model, inner, 0.3, use_document_regularizer_only=True)
    whole = np.concatenate([queries, good]).mean(axis=0)
    assert parts_of(alone, queries, good)[0]["document_regularizer_loss"].item() == pytest.approx(
        0.3 * (whole**2).sum()
    )


def test_what_a_wrapped_loss_asks_for_is_asked():
    model = GivenModel(6)
    loss = losses.SpladeLoss(model, losses.SparseMarginMSELoss(model), 0.1)
    with pytest.raises(InputError, match="SparseMarginMSELoss takes 3 or more columns of texts; got 2"):
        loss.check_columns(2, labels=True)
    with pytest.raises(InputError, match="SparseMarginMSELoss needs labels"):
        loss.check_columns(3, labels=False)
    for wrong in ("SparseMarginMSELoss", losses.SparseMarginMSELoss):
        with pytest.raises(InputError, match=r"loss must be a loss of sbert\.losses; got"):
            losses.SpladeLoss(model, wrong, 0.1)
    with pytest.raises(InputError, match="document_regularizer_weight must be 0 or more; got -1"):
        losses.SpladeLoss(model, losses.SparseMultipleNegativesRankingLoss(model), -1)


@pytest.mark.parametrize(
    ("name", "dense"),
    [
        ("SparseCoSENTLoss", "CoSENTLoss"),
        ("SparseCosineSimilarityLoss", "CosineSimilarityLoss"),
        ("SparseAnglELoss", "AnglELoss"),
        ("SparseTripletLoss", "TripletLoss"),
        ("SparseMSELoss", "MSELoss"),
    ],
)
def test_thin_ones_are_the_dense_ones(name, dense):
    generator = np.random.default_rng(1)
    columns = list(generator.random((3 if "Triplet" in name else 1 if "MSE" in name else 2, 4, 6)))
    labels = torch.tensor(generator.random((4, 6) if "MSE" in name else 4))
    values = [parts_of(getattr(losses, one)(GivenModel(6)), *columns, labels=labels)[0].item() for one in (name, dense)]
    assert values[0] == values[1]


def test_weights_rise_over_a_third_of_the_steps():
    model = GivenModel(6)
    loss = losses.SpladeLoss(model, losses.SparseMultipleNegativesRankingLoss(model), 3.0, 6.0)
    schedule = SpladeRegularizerWeightSchedulerCallback(loss)
    assert [schedule.at(step, 30) for step in (0, 5, 10, 29)] == [0, 0.25, 1, 1]
    assert SpladeRegularizerWeightSchedulerCallback(loss, "linear", 0.5).at(3, 12) == 0.5

    class State:
        global_step, max_steps = 5, 30

    schedule.on_step_begin(None, State, None)
    assert (loss.document_regularizer_weight, loss.query_regularizer_weight) == (0.75, 1.5)
    schedule.on_train_end(None, State, None)
    assert (loss.document_regularizer_weight, loss.query_regularizer_weight) == (3.0, 6.0)
    with pytest.raises(InputError, match=r"scheduler_type.*cubic"):
        SpladeRegularizerWeightSchedulerCallback(loss, "cubic")


@pytest.mark.parametrize("cached", [False, True])
def test_a_model_learns_to_use_fewer_words(tmp_path, cached):
    torch.set_num_threads(1)
    model = SparseEncoder(str(make_tiny_splade(tmp_path / "model", "bert")), backend="torch")
    texts = sentences(32)
    before = model.sparsity(model.encode(texts))["active_dims"]
    inner = losses.SparseMultipleNegativesRankingLoss(model)
    kind, more = (losses.CachedSpladeLoss, {"mini_batch_size": 4}) if cached else (losses.SpladeLoss, {})
    loss = kind(model, inner, document_regularizer_weight=0.5, query_regularizer_weight=0.5, **more)
    rows = [{"query": text, "document": " ".join(reversed(text.split()))} for text in texts]
    args = SparseEncoderTrainingArguments(
        str(tmp_path / "run"),
        max_steps=25,
        per_device_train_batch_size=16,
        learning_rate=5e-3,
        save_strategy="no",
        use_cpu=True,
        logging_steps=5,
    )
    trainer = SparseEncoderTrainer(model, args, rows, loss=loss)
    trainer.train()
    after = model.sparsity(model.encode(texts))["active_dims"]
    assert after < 0.8 * before
    told = [entry for entry in trainer.state.log_history if "base_loss" in entry]
    assert {"document_regularizer_loss", "query_regularizer_loss"} <= set(told[-1])
    model.save_pretrained(tmp_path / "saved")
    again = SparseEncoder(str(tmp_path / "saved"))
    np.testing.assert_allclose(again.encode(texts).toarray(), model.encode(texts).toarray(), atol=1e-5)


@pytest.fixture
def latent_model(tmp_path):
    torch.set_num_threads(1)
    torch.manual_seed(0)
    folder = make_tiny_model(tmp_path / "model", "bert")
    network = models.Transformer(folder)
    width = network.get_word_embedding_dimension()
    coder = models.SparseAutoEncoder(width, 40, k=4, k_aux=6, normalize=True)
    with torch.no_grad():
        coder.pre_bias.normal_()
        coder.stats_last_nonzero += torch.arange(40)
    return SparseEncoder(modules=[network, models.Pooling(width), coder], device="cpu"), coder


def test_csr_is_what_latent_numbers_give_back(latent_model):
    model, coder = latent_model
    model.trainable("a test").eval()  # in which nothing is counted
    features = model.training_features(sentences(5))
    parts = losses.CSRReconstructionLoss(model, beta=0.5)([features])
    with torch.no_grad():
        x = models_before(model, features).double().numpy()
    weight, bias = coder.encoder.weight.detach().double().numpy(), coder.pre_bias.detach().double().numpy()
    mean = x.mean(axis=1, keepdims=True)
    spread = x.std(axis=1, ddof=1, keepdims=True)
    latents = np.maximum(((x - mean) / (spread + 1e-5) - bias) @ weight.T, 0)

    def greatest(rows, count):
        found = np.zeros_like(rows)
        for row, out in zip(rows, found, strict=True):
            best = np.argsort(-row, kind="stable")[:count]
            out[best] = row[best]
        return found

    def back(rows):
        return rows @ weight + bias

    of_k, of_4k = (back(greatest(latents, count)) * spread + mean for count in (4, 16))
    idle = latents * (np.arange(40) > 30)
    left = x - ((back(greatest(latents, 4)) - bias) * spread + mean)
    relative = ((back(greatest(idle, 6)) * spread - left) ** 2).mean() / ((left - left.mean(axis=0)) ** 2).mean()
    assert parts["reconstruction_loss_k"].item() == pytest.approx(((x - of_k) ** 2).mean(), rel=1e-4)
    assert parts["reconstruction_loss_4k"].item() == pytest.approx(((x - of_4k) ** 2).mean() / 8, rel=1e-4)
    assert parts["reconstruction_loss_aux"].item() == pytest.approx(0.5 * relative, rel=1e-4)


def models_before(model, features):
    """Sentence vectors in front of the autoencoder."""
    found = dict(features)
    for module in list(model.trainable("a test"))[:-1]:
        found = module(found)
    return found["sentence_embedding"]


def test_latent_numbers_learn(latent_model, tmp_path):
    model, coder = latent_model
    texts = sentences(32)
    rows = [{"query": text, "document": " ".join(reversed(text.split()))} for text in texts]
    args = SparseEncoderTrainingArguments(
        str(tmp_path / "run"),
        max_steps=20,
        per_device_train_batch_size=16,
        learning_rate=3e-3,
        save_strategy="no",
        use_cpu=True,
        logging_steps=1,
    )
    trainer = SparseEncoderTrainer(model, args, rows, loss=losses.CSRLoss(model))
    trainer.train()
    told = [entry["reconstruction_loss_k"] for entry in trainer.state.log_history if "base_loss" in entry]
    assert np.mean(told[-4:]) < 0.9 * np.mean(told[:4])
    assert (coder.stats_last_nonzero <= 20).any()  # used within these steps
    with pytest.raises(InputError, match="with a SparseAutoEncoder; this one has none"):
        losses.CSRLoss(SparseEncoder(str(make_tiny_splade(tmp_path / "words", "bert")), backend="torch"))
