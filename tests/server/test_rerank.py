"""Reranking over HTTP: Cohere's and Jina's form, and that of text-embeddings-inference."""

import numpy as np
import pytest

from support.asgi import same

QUERY = "where do people sleep"
TEXTS = ["in the house", "a bird can sing", "the king is old", "sleep is good"]


@pytest.fixture(scope="module")
def scores(scorer):
    return scorer.predict([(QUERY, text) for text in TEXTS], activation_fn="sigmoid")


@pytest.mark.parametrize("path", ["/rerank", "/v1/rerank"])
def test_documents_come_back_the_best_first(client, scores, path):
    documents = [TEXTS[0], {"text": TEXTS[1], "title": "not read"}, *TEXTS[2:]]
    body = {"model": "tiny-cross", "query": QUERY, "documents": documents}
    answer = client.post(path, json=body).json()
    order = np.argsort(-scores).tolist()
    assert [each["index"] for each in answer["results"]] == order
    assert same([each["relevance_score"] for each in answer["results"]], scores[order])
    assert "document" not in answer["results"][0]
    answer = client.post(path, json=body | {"top_n": 2, "return_documents": True}).json()
    assert [each["document"]["text"] for each in answer["results"]] == [TEXTS[place] for place in order[:2]]
    assert answer["usage"]["total_tokens"] > 0


@pytest.mark.parametrize("path", ["/rerank", "/v1/rerank"])
def test_the_body_tells_which_form_is_asked_for(client, scorer, scores, path):
    body = {"query": QUERY, "texts": TEXTS}
    found = client.post(path, json=body).json()
    order = np.argsort(-scores).tolist()
    assert [each["index"] for each in found] == order
    assert same([each["score"] for each in found], scores[order])
    raw = client.post(path, json=body | {"raw_scores": True, "return_text": True}).json()
    expected = scorer.predict([(QUERY, text) for text in TEXTS], activation_fn="identity")
    assert same([each["score"] for each in raw], expected[order])
    assert [each["text"] for each in raw] == [TEXTS[place] for place in order]


def test_what_is_cut_is_told_or_refused(client):
    long = {"query": QUERY, "texts": ["short", "dog " * 500]}
    assert client.post("/rerank", json=long).headers["x-truncated"] == "1 of 2"
    assert client.post("/rerank", json=long | {"truncate": False}).status_code == 413
    told = client.post("/v1/rerank", json={"query": QUERY, "documents": long["texts"]}).json()
    assert told["truncated"] == 1


def test_a_server_without_a_reranker_says_so(dense):
    from starlette.testclient import TestClient

    from sbert.server import create_app

    with TestClient(create_app(dense)) as client:
        answer = client.post("/v1/rerank", json={"query": "a", "documents": ["b"]})
        assert answer.status_code == 404
        assert answer.json()["error"]["message"] == "No model of this server reranks."
