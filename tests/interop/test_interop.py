"""Folders travel between this project and sentence-transformers, both ways, with equal vectors.

Needs the peers' environment, which make peers installs; its Python is found in ``.venv-peers`` or
named by ``SBERT_PEER_PYTHON``.
"""

import json
import os
import subprocess
from pathlib import Path

import numpy as np
import pytest

from sbert import SentenceTransformer
from sbert.checkpoints import resolve
from support.tiny import make_tiny_model

ROOT = Path(__file__).resolve().parents[2]
PEER = Path(os.environ.get("SBERT_PEER_PYTHON", ROOT / ".venv-peers" / "bin" / "python"))
TEXTS = ["A man is eating food.", "The girl is carrying a baby.", "two words", "the cat sat on the mat and ran"]

pytestmark = pytest.mark.skipif(not PEER.exists(), reason="needs the peers' environment: make peers")


def peer(*args):
    script = Path(__file__).with_name("check_peer.py")
    done = subprocess.run([PEER, script, *args], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def peers_vectors(folder, scratch):
    texts, out = scratch / "texts.json", scratch / "vectors.npy"
    texts.write_text(json.dumps(TEXTS))
    peer("encode", folder, texts, out)
    return np.load(out)


@pytest.fixture(params=["minilm", "bert-two-poolings-dense", "roberta-cls", "mpnet-weightedmean"])
def folder(request, tmp_path):
    if request.param == "minilm":
        return resolve("all-MiniLM-L6-v2").folder
    architecture = request.param.partition("-")[0]
    options = {
        "roberta-cls": {"pooling": ("cls",)},
        "mpnet-weightedmean": {"pooling": ("weightedmean",), "normalize": False},
        "bert-two-poolings-dense": {"pooling": ("max", "mean"), "dense": 12},
    }
    return make_tiny_model(tmp_path / "source", architecture, **options[request.param])


def test_a_folder_saved_here_loads_there(folder, tmp_path):
    model = SentenceTransformer(folder, backend="openvino", prompts={"query": "query: "}, similarity_fn_name="dot")
    model.save_pretrained(tmp_path / "saved")
    np.testing.assert_allclose(peers_vectors(tmp_path / "saved", tmp_path), model.encode(TEXTS), atol=1e-5)


def test_a_folder_saved_by_the_torch_engine_loads_there(folder, tmp_path):
    model = SentenceTransformer(folder, backend="torch", device="cpu")
    model.save_pretrained(tmp_path / "saved")
    np.testing.assert_allclose(peers_vectors(tmp_path / "saved", tmp_path), model.encode(TEXTS), atol=1e-5)


@pytest.mark.parametrize("backend", ["openvino", "torch"])
def test_a_folder_saved_there_loads_here(folder, tmp_path, backend):
    peer("save", folder, tmp_path / "saved")
    model = SentenceTransformer(tmp_path / "saved", backend=backend, device="cpu")
    np.testing.assert_allclose(model.encode(TEXTS), peers_vectors(folder, tmp_path), atol=1e-5)
    assert model.prompts == {"query": "", "document": ""}
    assert model.similarity_fn_name == "cosine"
