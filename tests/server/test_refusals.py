"""What is wrong with a request is told with the right status and type; nothing that a client sends is a 500."""

import asyncio
import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient

from sbert.errors import InputError
from sbert.server import Limits, create_app
from support.asgi import ask, until

# --- bodies -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b'{"input": "a"', b"\xff\xfe", b'{"input": "\xff"}', b'{"input": "\\ud800"}', b'{"input": NaN}',
     b"[" * 100_000, b'{"input": ' + b"[" * 10_000 + b"]" * 10_000 + b"}", b"\x00"],
    ids=["empty", "open", "cut", "utf16", "utf8", "surrogate", "nan", "deep", "deep-field", "zero"],
)  # fmt: skip
@pytest.mark.parametrize("path", ["/v1/embeddings", "/embed"])
def test_what_is_no_json_is_400(client, path, body):
    answer = client.post(path, content=body)
    assert answer.status_code == 400, answer.text
    told = answer.json()["error"] if path == "/embed" else answer.json()["error"]["message"]
    assert told.startswith("The body is no JSON that can be read")


@pytest.mark.parametrize(
    ("body", "told", "param"),
    [
        ([], "must be a JSON object; got a list of 0.", None),
        ("a", "must be a JSON object; got a string", None),
        ({}, "input is missing.", "input"),
        ({"imput": "a"}, "'imput' is not a field of this route. Did you mean 'input'?", "imput"),
        ({"input": None}, "input must be a string, a list of strings", "input"),
        ({"input": []}, "input must have at least 1 item", "input"),
        ({"input": ["a", 3]}, "input[1] must be a string, or an object with text or image; got 3.", "input"),
        ({"input": ["a", None]}, "input[1] must be", "input"),
        ({"input": [1, "a"]}, "input[1] must be a valid integer; got a string of 1 characters.", "input"),
        ({"input": [True]}, "input[0] must be a valid integer; got true.", "input"),
        ({"input": [-1]}, "input[0] must be greater than or equal to 0; got -1.", "input"),
        ({"input": [10**30]}, "got a large number.", "input"),
        ({"input": [[1], ["a"]]}, "input[1][0] must be a valid integer", "input"),
        ({"input": [[]]}, "input[0] must have at least 1 item", "input"),
        ({"input": [1.5]}, "input[0] must be", "input"),
        ({"input": {"text": 1}}, "input.text must be a valid string; got 1.", "input"),
        ({"input": "a", "dimensions": "8"}, "dimensions must be a valid integer", "dimensions"),
        ({"input": "a", "dimensions": 0}, "dimensions must be greater than", "dimensions"),
        ({"input": "a", "encoding_format": "int8"}, "encoding_format must be 'float' or 'base64'", "encoding_format"),
        ({"input": "a", ":x": 1}, "':x' is not a field", ":x"),
    ],
)
def test_wrong_forms_are_told_by_field(client, body, told, param):
    answer = client.post("/v1/embeddings", json=body)
    error = answer.json()["error"]
    assert answer.status_code == 400
    assert told in error["message"]
    assert (error["type"], error["param"]) == ("invalid_request_error", param)


def test_elsewhere_the_form_is_that_of_text_embeddings_inference(client):
    answer = client.post("/embed", json={"inputs": 3})
    assert (answer.status_code, answer.json()["error_type"]) == (422, "Validation")
    answer = client.post("/rerank", json={"query": "a", "documents": [3]})
    assert (answer.status_code, answer.json()["error_type"]) == (422, "Validation")


def test_a_model_that_is_not_there_is_404_with_the_closest(client):
    error = client.post("/v1/embeddings", json={"input": "a", "model": "tiny-brt"})
    assert error.status_code == 404
    assert error.json()["error"]["code"] == "model_not_found"
    assert "Did you mean 'tiny-bert'?" in error.json()["error"]["message"]
    other = client.post("/v1/embeddings", json={"input": "a", "model": "tiny-cross"}).json()["error"]["message"]
    assert other == "The model 'tiny-cross' is none that gives embeddings. Those that do: 'tiny-bert'."
    assert client.post("/v1/embeddings", json={"input": "a", "model": "some-org/tiny-bert"}).status_code == 200


def test_a_route_that_is_not_there_is_404_with_the_closest(client):
    answer = client.post("/v1/embedings", json={})
    assert (answer.status_code, "Did you mean '/v1/embeddings'?" in answer.text) == (404, True)
    answer = client.get("/embed")
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")
    assert client.post("/v1/embeddings/", json={"input": "a"}).status_code == 404


# --- fuzz -------------------------------------------------------------------------------------------------------------

_TEXTS = st.text(max_size=20)
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | _TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_TEXTS, inner, max_size=4),
    max_leaves=8,
)
_NAMES = st.sampled_from(
    ["input", "inputs", "model", "dimensions", "encoding_format", "truncate", "prompt_name", "query", "documents",
     "texts", "top_n", "source_sentence", "sentences", "parameters", "user", "input_type", "raw_scores", "top_k"]
)  # fmt: skip
_INPUTS = (
    _TEXTS | st.lists(_TEXTS | _JSON, max_size=3) | st.lists(st.integers(-1, 2000), max_size=3)
    | st.lists(st.lists(st.integers(-1, 2000), max_size=3), max_size=3) | _JSON
)  # fmt: skip
_BODIES = (
    st.fixed_dictionaries({"input": _INPUTS, "inputs": _INPUTS}) | st.dictionaries(_NAMES | _TEXTS, _INPUTS, max_size=4)
    | st.builds(lambda name, value: {name: value}, st.sampled_from(["input", "inputs"]), _INPUTS)
    | st.fixed_dictionaries({"query": _TEXTS | _JSON}, optional={"documents": _INPUTS, "texts": _INPUTS})
    | _JSON
)  # fmt: skip
_PATHS = st.sampled_from(
    ["/v1/embeddings", "/v1/rerank", "/rerank", "/embed", "/", "/embed_sparse", "/similarity", "/search"]
)


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(path=_PATHS, body=_BODIES)
def test_no_body_makes_a_500(client, path, body):
    answer = client.post(path, content=json.dumps(body), headers={"content-type": "application/json"})
    assert answer.status_code in (200, 400, 404, 413, 422), answer.text
    assert answer.status_code == 200 or "error" in answer.json()


@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(path=_PATHS, body=st.binary(max_size=200))
def test_no_bytes_make_a_500(client, path, body):
    assert client.post(path, content=body).status_code in (400, 422, 404)


# --- too much ---------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def narrow(dense, scorer):
    limits = Limits(body_bytes=10_000, items=5, text_characters=500, queue_tokens=400)
    with TestClient(create_app([dense, scorer], limits=limits)) as client:
        yield client


@pytest.mark.parametrize(
    ("path", "body", "told"),
    [
        ("/embed", {"inputs": "a" * 20_000}, "A body may have 10,000 bytes"),
        ("/embed", {"inputs": ["a"] * 6}, "inputs may have 5 items; it has 6"),
        ("/v1/embeddings", {"input": [[1]] * 6}, "input may have 5 items"),
        ("/embed", {"inputs": ["a", "b" * 501]}, "Text 1 has 501 characters; 500 are allowed"),
        ("/rerank", {"query": "a", "texts": ["a"] * 6}, "may have 5 texts"),
        ("/rerank", {"query": "a" * 300, "documents": ["a" * 300]}, "601 characters"),
        ("/similarity", {"inputs": {"source_sentence": "a", "sentences": ["a"] * 5}}, "may have 5 texts"),
        ("/embed", {"inputs": ["dog " * 100] * 5}, "tokens; 400 may wait"),
    ],
)
def test_too_much_is_413(narrow, path, body, told):
    if path == "/rerank" and "documents" in body:
        told = "Text 0 has 600 characters"
    answer = narrow.post(path, json=body)
    assert (answer.status_code, told in answer.text) == (413, True), answer.text


def test_a_body_without_a_length_is_cut_off_where_it_is_too_large(narrow):
    def parts():
        yield b'{"inputs": "'
        for _ in range(100):
            yield b"a" * 1000

    answer = narrow.post("/embed", content=parts())
    assert answer.status_code == 413


def test_bodies_are_held_up_to_a_bound(dense):
    """The bytes of bodies that are being read count together, and no longer when their clients have gone."""
    app = create_app(dense, limits=Limits(held_bytes=1000))

    async def both():
        leave = asyncio.Event()
        body = {"inputs": "a" * 1500}
        first = asyncio.create_task(ask(app, "/embed", body, half=True, leave=leave))
        await until(lambda: app.state.server.bodies.held > 700)
        second = await ask(app, "/embed", {"inputs": "a" * 400})
        leave.set()
        gone = await first
        third = await ask(app, "/embed", {"inputs": "a" * 400})
        return gone, second, third

    gone, second, third = asyncio.run(both())
    assert (gone.status, second.status, third.status) == (0, 429, 200)
    assert int(second.headers["retry-after"]) >= 1
    assert app.state.server.bodies.held == 0


def test_a_body_that_does_not_come_is_408(dense):
    app = create_app(dense, limits=Limits(timeout=0.05))
    answer = asyncio.run(ask(app, "/v1/embeddings", {"input": "a"}, half=True))
    assert answer.status == 408
    assert answer.json()["error"]["code"] == "body_timeout"


# --- keys -------------------------------------------------------------------------------------------------------------


def test_keys_open_all_but_what_probes_ask(dense):
    with TestClient(create_app(dense, api_keys=["first", "sécond"])) as client:
        body = {"input": "a"}
        for headers in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": "Basic first"}, {"X-API-Key": "firs"}):
            answer = client.post("/v1/embeddings", json=body, headers=headers)
            assert answer.status_code == 401
            assert answer.headers["www-authenticate"] == "Bearer"
            assert answer.json()["error"]["code"] == "invalid_api_key"
            assert client.get("/metrics", headers=headers).status_code == 401
            assert client.get("/info", headers=headers).json()["error_type"] == "Unauthorized"
        for headers in (
            {"Authorization": "Bearer first"},
            {"Authorization": "bearer sécond".encode()},
            {"X-API-Key": "first"},
        ):
            assert client.post("/v1/embeddings", json=body, headers=headers).status_code == 200
        assert client.get("/health").status_code == client.get("/ready").status_code == 200


# --- what the server is made of ---------------------------------------------------------------------------------------


def test_what_cannot_be_served_is_told_at_once(dense, scorer, tmp_path):
    from sbert import MultiVectorEncoder
    from support.tiny import make_tiny_cross_encoder, make_tiny_late

    with pytest.raises(InputError, match="at least one model"):
        create_app([])
    with pytest.raises(InputError, match="Two models are called 'tiny-bert'"):
        create_app([dense, dense])
    assert create_app({"a": dense, "b": dense})
    with pytest.raises(InputError, match="MultiVectorEncoder, which cannot be served"):
        create_app(MultiVectorEncoder(make_tiny_late(tmp_path / "late", "bert")))
    from sbert import CrossEncoder

    with pytest.raises(InputError, match="gives 3 scores"):
        create_app(dense, reranker=CrossEncoder(make_tiny_cross_encoder(tmp_path / "three", "bert", labels=3)))
    with pytest.raises(InputError, match="api_keys must be"):
        create_app(dense, api_keys=["good", " "])
    with pytest.raises(InputError, match="timeout must be a number above 0; got 0"):
        Limits(timeout=0)


def test_token_arrays_that_do_not_fit_are_refused_before_they_are_texts(narrow):
    for tokens in ([[5] * 200] * 3, [5] * 401):
        answer = narrow.post("/embed", json={"inputs": tokens})
        assert (answer.status_code, "400 may wait" in answer.text) == (413, True)
