"""Sparse texts, and dense and sparse together, beside the same sums by hand."""

import numpy as np
import pytest

from sbert import SentenceTransformer, SparseEncoder
from sbert.errors import InputError
from sbert.search import HybridCorpus, Pipeline, TextCorpus
from support.tiny import WORDS, make_tiny_model, make_tiny_splade

QUERIES = ["the dog walks home", "music at night", "cold water"]


@pytest.fixture(scope="module")
def texts():
    generator = np.random.default_rng(0)
    return [" ".join(generator.choice(WORDS, length)) for length in generator.integers(2, 12, 60)]


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    root = tmp_path_factory.mktemp("models")
    dense = SentenceTransformer(make_tiny_model(root / "dense", "bert"), backend="openvino")
    # One word kept of each text, so that some share none with a query.
    sparse = SparseEncoder(make_tiny_splade(root / "sparse", "bert"), backend="openvino", max_active_dims=1)
    return dense, sparse


@pytest.fixture(scope="module")
def corpora(models, texts):
    return tuple(TextCorpus(model, texts) for model in models)


def all_scores(models, texts):
    return [model.similarity(model.encode_query(QUERIES), model.encode_document(texts)) for model in models]


def test_a_text_corpus_of_sparse_vectors(corpora, models, texts):
    scores = all_scores(models, texts)[1]
    assert (scores == 0).any()
    for row, found in zip(scores, corpora[1].search(QUERIES, 9), strict=True):
        order = np.lexsort((np.arange(60), -row))[:9]
        assert [hit.id for hit in found] == order.tolist()
        np.testing.assert_allclose([hit.score for hit in found], row[order], atol=1e-6)
    given = TextCorpus(models[1], texts, models[1].encode_document(texts))
    assert given.search(QUERIES[0], 5) == corpora[1].search(QUERIES[0], 5)


def test_weighted_scores_of_every_text(corpora, models, texts):
    """With all texts as candidates, the formula is over whole rows."""
    hybrid = HybridCorpus(*corpora, fusion={"dense": 3, "sparse": 1}, candidates=60)
    dense, sparse = all_scores(models, texts)
    spans = dense - dense.min(axis=1, keepdims=True)
    expected = 0.75 * spans / spans.max(axis=1, keepdims=True) + 0.25 * sparse / sparse.max(axis=1, keepdims=True)
    for row, found in zip(expected, hybrid.search(QUERIES, 60), strict=True):
        np.testing.assert_allclose([hit.score for hit in found], np.sort(row)[::-1], atol=1e-5)
        np.testing.assert_allclose([hit.score for hit in found], row[[hit.id for hit in found]], atol=1e-5)
        assert [hit.passage for hit in found] == [texts[hit.id] for hit in found]
    assert len(hybrid) == 60


def test_a_side_alone(corpora):
    dense, sparse = corpora
    only = HybridCorpus(dense, sparse, fusion={"dense": 1, "sparse": 0}, candidates=10)
    assert [hit.id for hit in only.search(QUERIES[0], 5)] == [hit.id for hit in dense.search(QUERIES[0], 5)]
    words = HybridCorpus(dense, sparse, fusion={"dense": 0, "sparse": 1}, candidates=10)
    expected = [hit.id for hit in sparse.search(QUERIES[0], 5) if hit.score > 0]
    assert [hit.id for hit in words.search(QUERIES[0], 5)][: len(expected)] == expected


def test_reciprocal_ranks(corpora):
    hybrid = HybridCorpus(*corpora, fusion="rrf", candidates=20)
    places: dict[int, float] = {}
    for corpus in corpora:
        for rank, hit in enumerate(corpus.search(QUERIES[1], 20), start=1):
            if hit.score > 0 or not corpus.sparse:
                places[hit.id] = places.get(hit.id, 0.0) + 1 / (60 + rank)
    best = sorted(places, key=lambda number: (-places[number], number))[:10]
    found = hybrid.search(QUERIES[1], 10)
    assert [hit.id for hit in found] == best
    np.testing.assert_allclose([hit.score for hit in found], [places[number] for number in best])


def test_it_is_a_retriever(corpora):
    pipeline = Pipeline(HybridCorpus(*corpora), lambda _, passages: [len(text) for text in passages], candidates=8)
    assert len(pipeline.search(QUERIES[0], 8)) == 8


def test_arguments_that_are_wrong(corpora, models, texts):
    dense, sparse = corpora
    with pytest.raises(InputError, match="dense must be a TextCorpus with dense vectors; got TextCorpus"):
        HybridCorpus(sparse, dense)
    with pytest.raises(InputError, match="the same texts"):
        HybridCorpus(dense, TextCorpus(models[1], texts[::-1]))
    with pytest.raises(InputError, match=r"weights such as \{'dense': 0.5, 'sparse': 0.5\}"):
        HybridCorpus(dense, sparse, fusion={"dense": 1, "text": 1})
    with pytest.raises(InputError, match="top_k"):
        HybridCorpus(dense, sparse).search(QUERIES[0], 0)
    by_angle = SparseEncoder(str(models[1].spec.folder), backend="openvino", similarity_fn_name="cosine")
    with pytest.raises(InputError, match="searched by dot product"):
        TextCorpus(by_angle, texts)
