"""What differs from sbert: tensors where the names promise tensors, and torch modules where scripts reach in."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import sbert
from sentence_transformers import SentenceTransformer, SentenceTransformerTrainer, losses, util
from support.real_models import splade_tiny
from support.tiny import make_tiny_cross_encoder, make_tiny_late, make_tiny_model

RNG = np.random.default_rng(0)
A, B = RNG.normal(size=(5, 8)).astype(np.float32), RNG.normal(size=(5, 8)).astype(np.float32)
TEXTS = ["A man is eating food.", "The girl is carrying a baby.", "Someone has lunch."]


def lengths(rows):
    return np.linalg.norm(rows, axis=1)


FORMULAS = {
    "cos_sim": lambda a, b: a @ b.T / np.outer(lengths(a), lengths(b)),
    "pytorch_cos_sim": lambda a, b: a @ b.T / np.outer(lengths(a), lengths(b)),
    "dot_score": lambda a, b: a @ b.T,
    "euclidean_sim": lambda a, b: -np.linalg.norm(a[:, None] - b[None], axis=2),
    "manhattan_sim": lambda a, b: -np.abs(a[:, None] - b[None]).sum(axis=2),
    "pairwise_cos_sim": lambda a, b: (a * b).sum(axis=1) / (lengths(a) * lengths(b)),
    "pairwise_dot_score": lambda a, b: (a * b).sum(axis=1),
    "pairwise_euclidean_sim": lambda a, b: -np.linalg.norm(a - b, axis=1),
    "pairwise_manhattan_sim": lambda a, b: -np.abs(a - b).sum(axis=1),
}


@pytest.mark.parametrize("kind", ["arrays", "tensors", "lists", "lists of tensors"])
@pytest.mark.parametrize("name", FORMULAS)
def test_similarities_are_tensors_of_the_formula(name, kind):
    given = {
        "arrays": (A, B),
        "tensors": (torch.from_numpy(A), torch.from_numpy(B)),
        "lists": (A.tolist(), B.tolist()),
        "lists of tensors": (list(torch.from_numpy(A)), list(torch.from_numpy(B))),
    }[kind]
    found = getattr(util, name)(*given)
    assert isinstance(found, torch.Tensor)
    assert np.allclose(found.numpy(), FORMULAS[name](A, B), atol=1e-5)


@pytest.mark.parametrize("score", [None, util.cos_sim, util.dot_score, lambda a, b: util.cos_sim(a, b)])
def test_semantic_search_gives_lists_of_dicts(score):
    found = util.semantic_search(A, B, top_k=2, **({} if score is None else {"score_function": score}))
    formula = FORMULAS["dot_score" if score is util.dot_score else "cos_sim"](A, B)
    for row, hits in enumerate(found):
        assert [set(hit) for hit in hits] == [{"corpus_id", "score"}] * 2
        assert [hit["corpus_id"] for hit in hits] == np.argsort(-formula[row])[:2].tolist()
        assert [hit["score"] for hit in hits] == pytest.approx(sorted(formula[row], reverse=True)[:2], abs=1e-5)


def test_normalized_vectors_have_length_one():
    found = util.normalize_embeddings(torch.from_numpy(A))
    assert np.allclose(found.numpy(), A / lengths(A)[:, None], atol=1e-6)


def test_a_model_gives_what_scripts_expect(minilm):
    vectors = minilm.encode(TEXTS)
    assert isinstance(vectors, np.ndarray)
    assert vectors.shape == (3, 384)
    assert isinstance(minilm.encode(TEXTS, convert_to_tensor=True), torch.Tensor)
    assert all(isinstance(one, torch.Tensor) for one in minilm.encode(TEXTS, convert_to_numpy=False))
    assert all(isinstance(one, torch.Tensor) for one in minilm.encode(TEXTS, output_value="token_embeddings"))
    found = minilm.similarity(vectors, vectors)
    assert isinstance(found, torch.Tensor)
    assert np.allclose(found.numpy(), FORMULAS["cos_sim"](vectors, vectors), atol=1e-5)
    assert np.allclose(minilm.similarity_pairwise(vectors, vectors).numpy(), 1, atol=1e-5)
    assert minilm.device == torch.device("cpu")
    assert minilm.max_seq_length == minilm.get_max_seq_length() == minilm.tokenizer.model_max_length == 256
    assert minilm.get_sentence_embedding_dimension() == 384
    assert minilm.similarity_fn_name == "cosine"
    assert minilm.prompts == {"query": "", "document": ""}
    assert minilm.model_card_data.base_model.endswith("all-MiniLM-L6-v2")


def test_vectors_are_those_of_sbert_bit_for_bit(minilm):
    assert np.array_equal(minilm.encode(TEXTS), sbert.SentenceTransformer("all-MiniLM-L6-v2").encode(TEXTS))


def test_a_model_turns_into_torch_modules_when_something_reaches_in():
    model = SentenceTransformer("all-MiniLM-L6-v2", backend="openvino")
    before = model.encode(TEXTS)
    assert model.backend == "openvino"
    assert type(model[0].auto_model).__name__ == "BertModel"
    assert model.backend == "torch"
    assert np.allclose(model.encode(TEXTS), before, atol=1e-5)
    features = model.tokenize(TEXTS)
    assert model(features)["sentence_embedding"].requires_grad
    assert sum(weight.numel() for weight in model.parameters()) == 22_713_216
    assert model.train() is model


def test_folders_travel_both_ways(minilm, tmp_path):
    minilm.save_pretrained(tmp_path / "ours")
    assert np.array_equal(sbert.SentenceTransformer(tmp_path / "ours").encode(TEXTS), minilm.encode(TEXTS))
    sbert.SentenceTransformer("all-MiniLM-L6-v2").save_pretrained(tmp_path / "theirs")
    assert np.array_equal(SentenceTransformer(tmp_path / "theirs").encode(TEXTS), minilm.encode(TEXTS))


def test_a_trainer_takes_data_and_a_loss_that_are_set_later(tmp_path):
    from sentence_transformers import SentenceTransformerTrainingArguments

    model = SentenceTransformer("all-MiniLM-L6-v2")
    before = model.encode(TEXTS)
    args = SentenceTransformerTrainingArguments(output_dir=str(tmp_path), max_steps=2, report_to="none", use_cpu=True)
    trainer = SentenceTransformerTrainer(model=model, args=args)
    trainer.train_dataset = [{"a": TEXTS[0], "b": TEXTS[2], "label": 1.0}, {"a": TEXTS[0], "b": TEXTS[1], "label": 0.0}]
    trainer.loss = losses.CosineSimilarityLoss(model)
    trainer.train()
    assert trainer.state.global_step == 2
    assert not np.allclose(model.encode(TEXTS), before, atol=1e-6)


@pytest.fixture
def roberta(tmp_path):
    """A model whose tokenizer pads with another number than 0, and marks the beginnings of words."""
    return str(make_tiny_model(tmp_path / "roberta", "roberta"))


def trained(model, loss, folder, **arguments):
    """The losses of two steps of training."""
    from sentence_transformers import SentenceTransformerTrainingArguments

    args = SentenceTransformerTrainingArguments(
        output_dir=str(folder), max_steps=2, report_to="none", use_cpu=True, logging_steps=1, **arguments
    )
    rows = [{"a": f"{text} {number}", "b": other} for number, (text, other) in enumerate([TEXTS[:2], TEXTS[1:]] * 4)]
    trainer = SentenceTransformerTrainer(model=model, args=args, train_dataset=rows, loss=loss)
    trainer.train()
    return [row["loss"] for row in trainer.state.log_history if "loss" in row]


def losses_of_both(roberta, folder, loss_of, **arguments):
    """The same training under both import names."""
    found = []
    for name, kind in (("compat", SentenceTransformer), ("own", sbert.SentenceTransformer)):
        model = kind(roberta)
        found.append(trained(model, loss_of(model, kind), folder / name, **arguments))
    return found


def test_batches_of_so_many_tokens(roberta, tmp_path):
    """The trainer counts tokens by sbert's tokenizer; what scripts see is that of transformers."""
    ours, own = losses_of_both(
        roberta, tmp_path, lambda model, _: losses.MultipleNegativesRankingLoss(model), train_token_budget=64
    )
    assert len(ours) == 2
    assert ours == own


@pytest.mark.parametrize("architecture", ["roberta", "bert"])
def test_a_guide_reads_the_tokens_or_the_texts_that_they_stand_for(roberta, tmp_path, architecture):
    guide = str(make_tiny_model(tmp_path / "guide", architecture, seed=1))
    ours, own = losses_of_both(roberta, tmp_path, lambda model, kind: losses.GISTEmbedLoss(model, kind(guide)))
    assert ours == own


def test_a_small_batch_is_padded_by_the_models_own_number(roberta, tmp_path):
    ours, own = losses_of_both(
        roberta, tmp_path, lambda model, _: losses.CachedMultipleNegativesRankingLoss(model, mini_batch_size=2)
    )
    assert ours == own


def test_what_reads_the_tokenizer_itself_works(tmp_path):
    from sbert.distillation import distill
    from sbert.training.adaptation import extend_vocabulary

    folder = str(make_tiny_model(tmp_path / "bert", "bert"))
    model, own = SentenceTransformer(folder), sbert.SentenceTransformer(folder)
    assert extend_vocabulary(model, ["über die Brücke"] * 5, 50) == extend_vocabulary(own, ["über die Brücke"] * 5, 50)
    assert model.tokenizer.get_vocab() == own.tokenizer.get_vocab()
    for name, kind in (("compat", SentenceTransformer), ("own", sbert.SentenceTransformer)):
        distill(kind(folder), tmp_path / name, dimension=4)
    ours, other = (sbert.SentenceTransformer(tmp_path / name).encode(TEXTS) for name in ("compat", "own"))
    assert ours.shape == (3, 4)
    assert np.array_equal(ours, other)


def test_sparse_vectors_are_sparse_tensors():
    from sentence_transformers.sparse_encoder.evaluation import SparseTripletEvaluator

    from sentence_transformers import SparseEncoder

    model, own = SparseEncoder(str(splade_tiny())), sbert.SparseEncoder(splade_tiny())
    found = model.encode(TEXTS)
    assert found.is_sparse
    assert np.array_equal(found.to_dense().numpy(), own.encode(TEXTS).toarray())
    assert len(model.encode(TEXTS, convert_to_tensor=False)) == 3
    rows = own.encode(TEXTS).toarray()
    assert np.allclose(model.similarity(found, found).numpy(), rows @ rows.T, rtol=1e-4)
    shared = model.intersection(found[0], found[2])
    assert np.allclose(shared.to_dense().numpy(), rows[0] * rows[2], rtol=1e-5)
    evaluator = SparseTripletEvaluator(TEXTS[:1], TEXTS[2:], TEXTS[1:2])
    assert evaluator(model) == evaluator(own)


def test_late_interaction_gives_tensors(tmp_path):
    from sentence_transformers import MultiVectorEncoder

    texts = ["a cat", "two dogs", "lunch"]
    folder = make_tiny_late(tmp_path, "bert")
    model, own = MultiVectorEncoder(str(folder)), sbert.MultiVectorEncoder(folder)
    asked, read = model.encode_query(texts), model.encode_document(texts)
    assert all(isinstance(vectors, torch.Tensor) for vectors in asked)
    found = model.similarity(asked, read)
    assert isinstance(found, torch.Tensor)
    assert np.allclose(found.numpy(), own.similarity(own.encode_query(texts), own.encode_document(texts)), atol=1e-5)
    by_hand = [[float((a @ b.T).max(axis=1).values.sum()) for b in read] for a in asked]
    assert np.allclose(util.maxsim(asked, read).numpy(), by_hand, atol=1e-4)


def test_a_cross_encoder_scores_and_ranks(tmp_path):
    from sentence_transformers.cross_encoder import CrossEncoder

    folder = make_tiny_cross_encoder(tmp_path, "bert")
    model, own = CrossEncoder(str(folder)), sbert.CrossEncoder(folder)
    pairs = [(TEXTS[0], text) for text in TEXTS]
    assert np.array_equal(model.predict(pairs), own.predict(pairs))
    assert isinstance(model.predict(pairs, convert_to_tensor=True), torch.Tensor)
    ranked = model.rank(TEXTS[0], TEXTS, return_documents=True)
    assert [set(row) for row in ranked] == [{"corpus_id", "score", "text"}] * 3
    assert [row["score"] for row in ranked] == sorted(own.predict(pairs).tolist(), reverse=True)
    assert type(model.model).__name__ == "BertForSequenceClassification"
