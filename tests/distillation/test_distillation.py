"""Distilling: each step against its formula, and the whole on a tiny teacher and on MiniLM."""

import json
from itertools import pairwise

import numpy as np
import pytest

from sbert import SentenceTransformer
from sbert.distillation import distill
from sbert.distillation.closed_form import (
    counted_probabilities,
    frequency_weights,
    mean_cosine,
    principal_axes,
    rank_probabilities,
    token_texts,
    token_vectors,
)
from sbert.distillation.regression import Bags, fit, scale_to
from sbert.errors import InputError
from sbert.text import Tokens
from support.shared import rows
from support.tiny import WORDS, make_tiny_model


def texts_of(count, seed=0):
    generator = np.random.default_rng(seed)
    return [" ".join(generator.choice(WORDS, length)) for length in generator.integers(2, 12, count)]


@pytest.fixture(scope="module")
def teacher(tmp_path_factory):
    return SentenceTransformer(make_tiny_model(tmp_path_factory.mktemp("teacher"), "bert"), backend="openvino")


# --- the steps ----------------------------------------------------------------------------------------------------


def random_bags():
    """Sixty short texts over nine tokens, of which the last comes up nowhere, with their dense matrix."""
    generator = np.random.default_rng(0)
    lengths = generator.integers(0, 7, 60)
    starts = np.concatenate([[0], np.cumsum(lengths)])
    ids = generator.integers(0, 8, starts[-1])
    dense = np.zeros((60, 9))
    for row, (a, b) in enumerate(pairwise(starts)):
        for token in ids[a:b]:
            dense[row, token] += 1 / np.sqrt(b - a)
    return Bags(Tokens(ids, None, starts, np.zeros(60, np.int64)), 9), dense


def test_bags_are_a_matrix():
    bags, dense = random_bags()
    generator = np.random.default_rng(1)
    table = generator.standard_normal((9, 5)).astype(np.float32)
    vectors = generator.standard_normal((60, 5)).astype(np.float32)
    np.testing.assert_allclose(bags.sums(table), dense @ table, atol=1e-5)
    np.testing.assert_allclose(bags.spread(vectors), dense.T @ vectors, atol=1e-5)


def test_the_fit_is_the_solution_of_the_normal_equations():
    bags, dense = random_bags()
    generator = np.random.default_rng(2)
    targets = generator.standard_normal((60, 5)).astype(np.float32)
    start = generator.standard_normal((9, 5)).astype(np.float32)
    expected = np.linalg.solve(dense.T @ dense + 0.7 * np.eye(9), dense.T @ targets + 0.7 * start)
    passes = []
    found = fit(bags, targets, start, penalty=0.7, iterations=25, progress=lambda: passes.append(1))
    np.testing.assert_allclose(found, expected, atol=1e-4)
    np.testing.assert_array_equal(found[8], start[8])  # no text holds it
    assert len(passes) == 25


def test_scaling_to_the_targets():
    bags, _ = random_bags()
    table = np.random.default_rng(3).standard_normal((9, 5)).astype(np.float32)
    np.testing.assert_allclose(scale_to(bags, 3 * bags.sums(table), table), 3 * table, rtol=1e-5)
    assert not scale_to(bags, bags.sums(table), np.zeros_like(table)).any()


def test_principal_axes_keep_what_is_largest():
    generator = np.random.default_rng(4)
    vectors = (generator.standard_normal((400, 6)) * [1, 9, 2, 5, 0.1, 3]).astype(np.float32)
    axes = principal_axes(vectors, 3)
    np.testing.assert_allclose(axes.T @ axes, np.eye(3), atol=1e-6)
    _, values, right = np.linalg.svd(vectors, full_matrices=False)
    np.testing.assert_allclose(np.abs((right[:3] @ axes).diagonal()), 1, atol=1e-4)
    np.testing.assert_allclose(np.linalg.norm(vectors @ axes, axis=0), values[:3], rtol=1e-4)


def test_rare_tokens_weigh_more():
    by_rank = rank_probabilities(5)
    np.testing.assert_allclose(by_rank, np.array([1 / 2, 1 / 3, 1 / 4, 1 / 5, 1 / 6]) / 1.45)
    np.testing.assert_allclose(counted_probabilities(np.array([0, 0, 2]), 3), [3 / 6, 1 / 6, 2 / 6])
    np.testing.assert_allclose(frequency_weights(np.array([0.0, 0.1, 0.3]), 0.1), [1, 0.5, 0.25])


def test_each_token_as_a_text(teacher):
    texts = token_texts(teacher.tokenizer)
    vocabulary = teacher.tokenizer.vocabulary()
    assert texts[vocabulary["dog"]] == "dog"
    assert texts[vocabulary["##ing"]] == "ing"
    assert texts[vocabulary["[CLS]"]] == texts[vocabulary["[UNK]"]] == ""
    vectors = token_vectors(teacher, show_progress_bar=False)
    assert vectors.shape == (len(texts), 32)
    assert not vectors[vocabulary["[CLS]"]].any()
    own = teacher.encode("dog") - teacher.encode([text for text in texts if text]).mean(axis=0)
    np.testing.assert_allclose(vectors[vocabulary["dog"]], own, atol=1e-6)


# --- the whole ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("architecture", ["bert", "roberta", "xlm-roberta"])
def test_a_static_model_of_any_kind_of_tokenizer(tmp_path, architecture):
    teacher = SentenceTransformer(make_tiny_model(tmp_path / "teacher", architecture), backend="openvino")
    made = distill(teacher, tmp_path / "out", texts_of(900), dimension=16, show_progress_bar=False)
    assert (made.dimension, made.texts + made.held_back) == (16, len(set(texts_of(900))))
    assert made.cosine_after > made.cosine_before
    student = SentenceTransformer(tmp_path / "out")
    assert (student.backend, student.max_seq_length) == ("static", None)
    new = texts_of(200, seed=1)
    targets = teacher.encode(texts_of(900))
    projected = teacher.encode(new) @ principal_axes(targets, 16)
    vectors = student.encode(new)
    assert vectors.shape == (200, 16)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    # The axes of nearly the same texts: enough to see that the student points where the teacher does.
    assert mean_cosine(vectors, projected) == pytest.approx(made.cosine_after, abs=0.08)


def test_without_texts(teacher, tmp_path):
    made = distill(teacher, tmp_path / "out", dimension=8, show_progress_bar=False)
    assert (made.texts, made.held_back, made.cosine_before, made.cosine_after) == (0, 0, None, None)
    vectors = token_vectors(teacher, show_progress_bar=False)
    table = (vectors @ principal_axes(vectors, 8)) * frequency_weights(rank_probabilities(len(vectors)), 2e-5)[:, None]
    dog, cat = (table[teacher.tokenizer.vocabulary()[word]] for word in ("dog", "cat"))
    expected = (dog + cat) / np.linalg.norm(dog + cat)
    np.testing.assert_allclose(SentenceTransformer(tmp_path / "out").encode("dog cat"), expected, atol=1e-5)


def test_what_is_written(teacher, tmp_path):
    """model2vec's form, which says that unknown tokens are left out; they and special ones have no direction."""
    distill(teacher, tmp_path / "out", texts_of(150), dimension=8, show_progress_bar=False)
    settings = json.loads((tmp_path / "out" / "config.json").read_text())
    assert (settings["model_type"], settings["normalize"], settings["max_length"]) == ("model2vec", True, None)
    tokenizer = json.loads((tmp_path / "out" / "tokenizer.json").read_text())
    assert (tokenizer["truncation"], tokenizer["padding"], tokenizer["post_processor"]) == (None, None, None)
    spec = SentenceTransformer(tmp_path / "out").spec
    assert [module.kind for module in spec.modules] == ["StaticEmbedding", "Normalize"]
    assert spec.input.skip_unknown
    assert not spec.input.table()[teacher.tokenizer.vocabulary()["[UNK]"]].any()


def test_the_same_texts_give_the_same_model(teacher, tmp_path):
    texts = texts_of(150)
    for name, given in (("a", texts), ("b", [*texts, "", "  ", *texts[:40]])):
        distill(teacher, tmp_path / name, given, dimension=8, show_progress_bar=False)
    tables = [SentenceTransformer(tmp_path / name).spec.input.table() for name in ("a", "b")]
    np.testing.assert_array_equal(*tables)


def test_bad_arguments_are_told_before_any_work(teacher, tmp_path, monkeypatch):
    monkeypatch.setattr(teacher, "encode", None)
    with pytest.raises(InputError, match="dimension must be from 1 to 32, the teacher's; got 33"):
        distill(teacher, tmp_path / "out", dimension=33)
    with pytest.raises(InputError, match="at least 100 different texts to be fitted to; got 2"):
        distill(teacher, tmp_path / "out", ["a", "b", "a", " "], dimension=8)
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="is a file"):
        distill(teacher, tmp_path / "file", dimension=8)
    assert not (tmp_path / "out").exists()


@pytest.mark.slow
def test_a_fitted_minilm_ranks_pairs_well(minilm, tmp_path):
    """On definitions alone, and judged on pairs that none of them is from."""
    from scipy.stats import spearmanr

    texts = [row["definition"] for row in rows("corpora/wordnet-glosses.tsv.gz")][::12]
    made = distill(minilm, tmp_path / "out", texts, show_progress_bar=False)
    assert made.cosine_after > made.cosine_before + 0.1
    pairs = [row for row in rows("sts/stsb-en.tsv.gz") if row["split"] == "test"]
    student = SentenceTransformer(tmp_path / "out")
    left, right = (student.encode([pair[side] for pair in pairs]) for side in ("sentence1", "sentence2"))
    scores = student.similarity_pairwise(left, right)
    assert spearmanr(scores, [float(pair["score"]) for pair in pairs]).statistic > 0.7
