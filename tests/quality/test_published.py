"""Published scores come out: the whole way from text to vector to ranking is right."""

import numpy as np
import pytest

from benchmarks import scoring
from sbert import SentenceTransformer
from sbert.evaluation.files import evaluator_of
from support.shared import require


def stsb(model):
    left, right, expected = scoring.sts_pairs(require("sts/stsb-en.tsv.gz"))
    assert len(expected) == 1379
    return scoring.spearman(model.similarity_pairwise(model.encode(left), model.encode(right)), expected)


def ndcg_at_10(model, name):
    found = scoring.Retrieval(require(f"retrieval/{name}"))
    return found.ndcg_at_10(model.encode_query(found.queries), model.encode_document(found.documents))


def test_spearman_gives_ties_their_mean_rank():
    from scipy.stats import spearmanr

    random = np.random.default_rng(0)
    a, b = random.integers(0, 6, 50), random.normal(size=50)
    assert scoring.spearman(a, b) == pytest.approx(100 * spearmanr(a, b).statistic)


def test_stsb_of_minilm(minilm):
    assert round(stsb(minilm), 2) == 82.03


def test_stsb_of_minilm_in_bfloat16(minilm_bf16):
    assert stsb(minilm_bf16) == pytest.approx(82.03, abs=0.1)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "published"), [("sts12", 72.37), ("sts13", 80.60), ("sts14", 75.59), ("sts15", 85.39)]
)
def test_earlier_sts_of_minilm(minilm, name, published):
    """As MTEB publishes them: all pairs of the test split together."""
    metrics = evaluator_of(require(f"sts/{name}.tsv.gz"), split="test")(minilm)
    assert 100 * metrics[f"{name}_spearman_cosine"] == pytest.approx(published, abs=0.01)


@pytest.mark.slow
def test_stsb_of_mpnet():
    assert round(stsb(SentenceTransformer("all-mpnet-base-v2", backend="openvino")), 2) == 83.42


@pytest.mark.slow
def test_scifact_of_minilm():
    """Title and text joined by a space, as published."""
    model = SentenceTransformer("all-MiniLM-L6-v2", backend="openvino", on_truncation="ignore")
    assert round(ndcg_at_10(model, "scifact"), 2) == 64.51
