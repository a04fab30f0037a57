"""Retrieve and rerank: every candidate read once, in the order of the reranker, beside the steps done by hand."""

import numpy as np
import pytest

from sbert import CrossEncoder, SentenceTransformer
from sbert.errors import InputError, NotTextError
from sbert.search import Pipeline, TextCorpus
from support.tiny import WORDS, make_tiny_cross_encoder, make_tiny_model

QUERIES = ["the dog walks home", "music at night", "cold water"]


@pytest.fixture(scope="module")
def texts():
    generator = np.random.default_rng(0)
    return [" ".join(generator.choice(WORDS, length)) for length in generator.integers(2, 12, 60)]


@pytest.fixture(scope="module")
def embedder(tmp_path_factory):
    return SentenceTransformer(make_tiny_model(tmp_path_factory.mktemp("dense"), "bert"), backend="openvino")


@pytest.fixture(scope="module")
def reranker(tmp_path_factory):
    return CrossEncoder(make_tiny_cross_encoder(tmp_path_factory.mktemp("cross"), "bert"), backend="openvino")


@pytest.fixture(scope="module")
def corpus(embedder, texts):
    return TextCorpus(embedder, texts)


def assert_same(found, expected):
    """The same texts, with scores that may differ in the last bit: of several queries they are computed together."""
    assert [hit.id for hit in found] == [hit.id for hit in expected]
    np.testing.assert_allclose([hit.score for hit in found], [hit.score for hit in expected], atol=1e-6)


def test_a_text_corpus_finds_what_its_vectors_say(corpus, embedder, texts):
    scores = embedder.similarity(embedder.encode_query(QUERIES), embedder.encode_document(texts))
    for query, row, found in zip(QUERIES, scores, corpus.search(QUERIES, 7), strict=True):
        order = np.argsort(-row, kind="stable")[:7]
        assert [hit.id for hit in found] == order.tolist()
        assert [hit.passage for hit in found] == [texts[number] for number in order]
        np.testing.assert_allclose([hit.score for hit in found], row[order], atol=1e-6)
        assert_same(corpus.search(query, 7), found)
    assert len(corpus) == 60
    assert corpus.search([], 3) == []
    given = TextCorpus(embedder, texts, embedder.encode_document(texts))
    assert given.search(QUERIES[0], 5) == corpus.search(QUERIES[0], 5)


def test_a_pipeline_is_its_steps(corpus, reranker):
    pipeline = Pipeline(corpus, reranker, candidates=20)
    for query, answers in zip(QUERIES, pipeline.search(QUERIES, 5), strict=True):
        found = corpus.search(query, 20)
        ranked = reranker.rank(query, [hit.passage for hit in found], top_k=5)
        assert [(each.rank - 1, each.score) for each in answers] == [(row["corpus_id"], row["score"]) for row in ranked]
        assert_same([each.found for each in answers], [found[row["corpus_id"]] for row in ranked])
        assert [each.passage for each in pipeline.search(query, 5)] == [each.passage for each in answers]
    assert (pipeline.timings.queries, pipeline.timings.candidates) == (1, 20)
    assert pipeline.timings.retrieve > 0
    assert pipeline.timings.rerank > 0
    assert "20 candidates found in" in str(pipeline.timings)


def test_a_function_reranks(corpus):
    pipeline = Pipeline(corpus, lambda _, passages: [len(passage) for passage in passages], candidates=10)
    answers = pipeline.search(QUERIES[0], 10)
    lengths = [len(each.passage) for each in answers]
    assert lengths == sorted(lengths, reverse=True)
    assert {each.found for each in answers} == set(corpus.search(QUERIES[0], 10))


def test_more_hits_than_candidates_are_read(corpus, reranker):
    assert len(Pipeline(corpus, reranker, candidates=3).search(QUERIES[0], 12)) == 12


@pytest.mark.parametrize(
    ("score", "message"),
    [
        (lambda *_: [1.0], r"for each of the 10 passages; got the shape \(1,\)"),
        (lambda *_: [np.nan] * 10, "a finite number"),
    ],
)
def test_scores_that_are_none(corpus, score, message):
    with pytest.raises(InputError, match=message):
        Pipeline(corpus, score, candidates=10).search(QUERIES[0])


def test_arguments_that_are_wrong(corpus, reranker, embedder, texts, tmp_path):
    with pytest.raises(InputError, match="retriever must be an Index or a TextCorpus; got list"):
        Pipeline([], reranker)
    with pytest.raises(InputError, match="reranker must be a CrossEncoder or a function; got str"):
        Pipeline(corpus, "a name")
    with pytest.raises(InputError, match="candidates"):
        Pipeline(corpus, reranker, candidates=0)
    with pytest.raises(InputError, match="top_k"):
        Pipeline(corpus, reranker).search(QUERIES[0], 0)
    three = CrossEncoder(make_tiny_cross_encoder(tmp_path, "bert", labels=3), backend="openvino")
    with pytest.raises(InputError, match="this one has 3"):
        Pipeline(corpus, three)
    with pytest.raises(NotTextError, match="got a single string"):
        TextCorpus(embedder, "text")
    with pytest.raises(InputError, match="a row for each of the 60 texts; got 3"):
        TextCorpus(embedder, texts, np.ones((3, 32), np.float32))
