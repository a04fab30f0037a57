"""The application as Python holds it: mounted in another, imported late, with models of several routes."""

import subprocess
import sys

import pytest
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.testclient import TestClient

import sbert.server
from sbert import SentenceTransformer
from sbert.errors import MissingDependencyError
from sbert.server import create_app
from support.asgi import same

TEXTS = ["the cat sleeps", "a bird can sing"]


def test_it_can_be_mounted_in_another_application(dense):
    app = Starlette(routes=[Mount("/models", create_app(dense, api_keys=["key"]))])
    with TestClient(app) as client:
        assert client.get("/models/health").status_code == 200
        assert client.get("/models/v1/models").json()["error"]["code"] == "invalid_api_key"
        key = {"Authorization": "Bearer key"}
        assert same(client.post("/models/embed", json={"inputs": TEXTS}, headers=key).json(), dense.encode(TEXTS))
        assert 'route="/embed",status="200"' in client.get("/models/metrics", headers=key).text
        answer = client.get("/models/v1/embedings", headers=key).json()
        assert "Did you mean '/v1/embeddings'?" in answer["error"]["message"]


def test_importing_it_loads_nothing():
    code = "import sys, sbert.server; print(*{name.split('.')[0] for name in sys.modules})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"starlette", "pydantic", "numpy", "uvicorn"} & set(done.stdout.split())


def test_without_its_libraries_the_line_that_installs_them_is_told(monkeypatch):
    monkeypatch.delitem(sys.modules, "sbert.server.app")
    monkeypatch.setitem(sys.modules, "starlette.applications", None)
    with pytest.raises(
        MissingDependencyError, match=r"starlette is needed to serve models .* pip install 'sbert\[serve\]'"
    ):
        _ = sbert.server.create_app
    with pytest.raises(AttributeError, match="no attribute 'create_ap'"):
        _ = sbert.server.create_ap


def test_texts_take_the_route_of_their_kind(tmp_path):
    """A model with a Router reads queries and documents by other modules; one without a default must be told."""
    from support.routes import routed_folder
    from support.tiny import make_tiny_model

    parts = {
        name: make_tiny_model(tmp_path / name, "bert", seed=seed) for seed, name in enumerate(["query", "document"])
    }
    model = SentenceTransformer(routed_folder(tmp_path / "routed", parts, default=None))
    with TestClient(create_app(model)) as client:
        for kind, encode in (("query", model.encode_query), ("document", model.encode_document)):
            answer = client.post("/v1/embeddings", json={"input": TEXTS, "input_type": kind}).json()
            assert same([row["embedding"] for row in answer["data"]], encode(TEXTS))
        answer = client.post("/v1/embeddings", json={"input": TEXTS})
        assert (answer.status_code, answer.json()["error"]["type"]) == (400, "invalid_request_error"), answer.text
