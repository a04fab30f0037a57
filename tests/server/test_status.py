"""Ids, the log, metrics and what the server says of itself."""

import json
import logging

import pytest
from starlette.testclient import TestClient

from sbert.server import create_app


def test_request_ids_are_taken_over_or_made(client):
    assert client.get("/health", headers={"X-Request-Id": "mine-1"}).headers["x-request-id"] == "mine-1"
    made = client.get("/health", headers={"X-Request-Id": 'a" b'}).headers["x-request-id"]
    assert len(made) == 32
    assert (
        client.post("/embed", json={}, headers={"X-Request-Id": "of-an-error"}).headers["x-request-id"] == "of-an-error"
    )


def test_each_request_is_a_line_of_json(client, caplog):
    with caplog.at_level(logging.INFO, "sbert.server.access"):
        client.post("/embed", json={"inputs": ["a secret", "dog " * 500]}, headers={"X-Request-Id": "r1"})
        client.post("/nowhere", json={})
    first, second = (json.loads(record.message) for record in caplog.records)
    assert set(first) == {"id", "route", "status", "ms", "model", "items", "tokens", "queue_ms", "truncated"}
    assert (first["id"], first["route"], first["status"], first["model"]) == ("r1", "/embed", 200, "tiny-bert")
    assert (first["items"], first["truncated"]) == (2, 1)
    assert first["tokens"] > 128
    assert 0 <= first["queue_ms"] <= first["ms"]
    assert (second["route"], second["status"]) == ("other", 404)
    assert "secret" not in caplog.text


def test_metrics_count_requests_items_and_tokens(dense):
    with TestClient(create_app(dense)) as client:
        client.post("/embed", json={"inputs": ["a", "dog " * 500]})
        client.post("/embed", json={"inputs": 3})
        answer = client.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain")
    lines = answer.text.splitlines()
    assert 'sbert_requests_total{route="/embed",status="200"} 1.0' in lines
    assert 'sbert_requests_total{route="/embed",status="422"} 1.0' in lines
    assert 'sbert_items_total{model="tiny-bert"} 2.0' in lines
    assert 'sbert_tokens_total{model="tiny-bert"} 131.0' in lines
    assert 'sbert_truncated_total{model="tiny-bert"} 1.0' in lines
    assert 'sbert_queue_tokens{model="tiny-bert"} 0.0' in lines
    assert "sbert_requests_in_flight 1.0" in lines
    assert 'sbert_request_seconds_count{route="/embed"} 2.0' in lines


def test_info_tells_of_each_model(client):
    told = client.get("/info").json()
    assert (told["model_id"], told["max_input_length"]) == ("tiny-bert", 128)
    assert told["model_type"] == {"embedding": {"pooling": "mean"}}
    assert [each["kind"] for each in told["models"]] == ["embedding", "sparse", "reranker"]
    assert told["models"][0]["prompts"] == ["query"]
    assert told["index"] is None


def test_the_openapi_is_valid_and_has_every_route(client):
    validator = pytest.importorskip("openapi_spec_validator", reason="a tool of development")
    document = client.get("/openapi.json").json()
    validator.validate(document)
    assert document["openapi"] == "3.1.0"
    expected = {
        "/v1/embeddings", "/v1/models", "/v1/rerank", "/rerank", "/embed", "/embed_sparse", "/similarity", "/search",
        "/explain", "/map", "/image", "/info", "/health", "/ready", "/metrics", "/openapi.json",
    }  # fmt: skip
    assert set(document["paths"]) == expected


def test_the_openapi_says_that_a_key_is_asked_for(dense):
    validator = pytest.importorskip("openapi_spec_validator", reason="a tool of development")
    app = create_app(dense, api_keys=["key"])
    validator.validate(app.state.openapi)
    paths = app.state.openapi["paths"]
    assert paths["/embed"]["post"]["security"] == [{"key": []}]
    assert "security" not in paths["/health"]["get"]


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1/embeddings", {"input": ["a", "b"]}),
        ("/v1/embeddings", {"input": "a", "encoding_format": "base64"}),
        ("/v1/embeddings", {"input": 3}),
        ("/v1/rerank", {"query": "a", "documents": ["b"], "return_documents": True}),
        ("/rerank", {"query": "a", "texts": ["b"]}),
        ("/rerank", {}),
        ("/embed", {"inputs": "a"}),
        ("/embed_sparse", {"inputs": "a"}),
        ("/similarity", {"inputs": {"source_sentence": "a", "sentences": ["b"]}}),
        ("/explain", {"a": "a", "b": "b"}),
        ("/explain", {"a": "a"}),
        ("/map", None),
        ("/image", None),
        ("/v1/models", None),
        ("/info", None),
        ("/health", None),
        ("/ready", None),
    ],
)
def test_answers_have_the_forms_that_the_openapi_declares(client, path, body):
    jsonschema = pytest.importorskip("jsonschema", reason="comes with a tool of development")
    document = client.get("/openapi.json").json()
    answer = client.get(path) if body is None else client.post(path, json=body)
    operation = document["paths"][path]["get" if body is None else "post"]
    schema = operation["responses"][str(answer.status_code)]["content"]["application/json"]["schema"]
    jsonschema.Draft202012Validator({**schema, "components": document["components"]}).validate(answer.json())
