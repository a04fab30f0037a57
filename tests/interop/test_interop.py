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
import torch

from sbert import CrossEncoder, MultiVectorEncoder, SentenceTransformer, SparseEncoder
from sbert.checkpoints import resolve
from sbert.models import (
    Pooling,
    SparseAutoEncoder,
    Transformer,
    WeightedLayerPooling,
    WhitespaceTokenizer,
    WordEmbeddings,
)
from support import language_models
from support import words as word_models
from support.image_models import make_image_model, picture, pictures
from support.real_models import splade_tiny
from support.routes import routed_folder, sparse_static_folder
from support.static import static_folder
from support.tiny import make_tiny_cross_encoder, make_tiny_late, make_tiny_model, make_tiny_splade

ROOT = Path(__file__).resolve().parents[2]
PEER = Path(os.environ.get("SBERT_PEER_PYTHON", ROOT / ".venv-peers" / "bin" / "python"))
TEXTS = ["A man is eating food.", "The girl is carrying a baby.", "two words", "the cat sat on the mat and ran"]

pytestmark = pytest.mark.skipif(not PEER.exists(), reason="needs the peers' environment: make peers")


@pytest.fixture(scope="module")
def peer():
    """A process of the peer's, asked by calling it: loading its libraries takes longer than all the tests."""
    command = [PEER, Path(__file__).with_name("peer.py")]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def ask(action, folder, out, **values):
        process.stdin.write(json.dumps({"action": action, "folder": str(folder), "out": str(out), **values}) + "\n")
        process.stdin.flush()
        answer = json.loads(process.stdout.readline())
        assert "error" not in answer, answer["error"]

    yield ask
    process.stdin.close()
    process.wait(timeout=60)


def vectors_of(peer, folder, scratch):
    peer("encode", folder, scratch / "vectors.npy", texts=TEXTS)
    return np.load(scratch / "vectors.npy")


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


def test_a_folder_saved_here_loads_there(peer, folder, tmp_path):
    model = SentenceTransformer(folder, backend="openvino", prompts={"query": "query: "}, similarity_fn_name="dot")
    model.save_pretrained(tmp_path / "saved")
    np.testing.assert_allclose(vectors_of(peer, tmp_path / "saved", tmp_path), model.encode(TEXTS), atol=1e-5)


def test_a_folder_saved_by_the_torch_engine_loads_there(peer, folder, tmp_path):
    model = SentenceTransformer(folder, backend="torch", device="cpu")
    model.save_pretrained(tmp_path / "saved")
    np.testing.assert_allclose(vectors_of(peer, tmp_path / "saved", tmp_path), model.encode(TEXTS), atol=1e-5)


@pytest.mark.parametrize("backend", ["openvino", "torch"])
def test_a_folder_saved_there_loads_here(peer, folder, tmp_path, backend):
    peer("save", folder, tmp_path / "saved")
    model = SentenceTransformer(tmp_path / "saved", backend=backend, device="cpu")
    np.testing.assert_allclose(model.encode(TEXTS), vectors_of(peer, folder, tmp_path), atol=1e-5)
    assert model.prompts == {"query": "", "document": ""}
    assert model.similarity_fn_name == "cosine"


@pytest.mark.parametrize("form", ["sentence-transformers", "model2vec"])
def test_static_models_travel_both_ways(peer, tmp_path, form):
    """Unknown tokens, which model2vec's form leaves out, are not in the texts; others count here and there."""
    source = static_folder(tmp_path / "source", form)
    model = SentenceTransformer(source)
    np.testing.assert_allclose(vectors_of(peer, source, tmp_path), model.encode(TEXTS), atol=1e-6)
    model.save_pretrained(tmp_path / "ours")
    np.testing.assert_allclose(vectors_of(peer, tmp_path / "ours", tmp_path), model.encode(TEXTS), atol=1e-6)
    peer("save", source, tmp_path / "theirs")
    np.testing.assert_allclose(SentenceTransformer(tmp_path / "theirs").encode(TEXTS), model.encode(TEXTS), atol=1e-6)


@pytest.mark.parametrize("kind", word_models.KINDS)
def test_models_of_words_travel_both_ways(peer, tmp_path, kind):
    # Of a text without a word that is known, the greatest numbers are minus infinity there, and zeros here.
    texts = [text for text in word_models.TEXTS if "cat" in text or "mat" in text]
    model = SentenceTransformer(modules=word_models.modules(kind), device="cpu")
    model.save_pretrained(tmp_path / "ours")
    expected = model.encode(texts)

    def theirs(folder):
        peer("encode", folder, tmp_path / "vectors.npy", texts=texts)
        return np.load(tmp_path / "vectors.npy")

    np.testing.assert_allclose(theirs(tmp_path / "ours"), expected, atol=1e-5)
    peer("save", tmp_path / "ours", tmp_path / "theirs")
    again = SentenceTransformer(tmp_path / "theirs", device="cpu")
    np.testing.assert_allclose(again.encode(texts), expected, atol=1e-5)


@pytest.mark.slow
def test_glove_travels_both_ways(peer, tmp_path):
    words, vectors = word_models.glove()
    modules = [WordEmbeddings(WhitespaceTokenizer(words), vectors), Pooling(50)]
    SentenceTransformer(modules=modules, device="cpu").save_pretrained(tmp_path / "ours")
    model = SentenceTransformer(tmp_path / "ours")
    np.testing.assert_allclose(vectors_of(peer, tmp_path / "ours", tmp_path), model.encode(TEXTS), atol=1e-5)
    peer("save", tmp_path / "ours", tmp_path / "theirs")
    np.testing.assert_allclose(SentenceTransformer(tmp_path / "theirs").encode(TEXTS), model.encode(TEXTS), atol=1e-6)


def test_weighted_layers_travel_both_ways(peer, tmp_path):
    folder = make_tiny_model(tmp_path / "source", "bert", normalize=False)
    network = Transformer(folder, config_kwargs={"output_hidden_states": True})
    width, layers = network.config.hidden_size, network.config.num_hidden_layers
    weights = torch.arange(1.0, layers + 1)
    modules = [network, WeightedLayerPooling(width, layers, 1, weights), Pooling(width)]
    model = SentenceTransformer(modules=modules, device="cpu")
    model.save_pretrained(tmp_path / "ours")
    np.testing.assert_allclose(vectors_of(peer, tmp_path / "ours", tmp_path), model.encode(TEXTS), atol=1e-5)
    peer("save", tmp_path / "ours", tmp_path / "theirs")
    again = SentenceTransformer(tmp_path / "theirs", device="cpu")
    np.testing.assert_allclose(again.encode(TEXTS), model.encode(TEXTS), atol=1e-5)


@pytest.mark.parametrize("backend", ["openvino", "torch"])
def test_models_of_images_travel_both_ways(peer, tmp_path, backend):
    """CLIP's. Of SigLIP, sentence-transformers reads texts without the padding that it was trained with."""
    source = make_image_model(tmp_path / "source")
    paths = []
    for place, image in enumerate(pictures()):
        paths.append(tmp_path / f"{place}.png")
        image.save(paths[-1])

    def theirs(folder, **items):
        peer("encode", folder, tmp_path / "vectors.npy", **items)
        return np.load(tmp_path / "vectors.npy")

    model = SentenceTransformer(source, backend=backend, device="cpu")
    model.save_pretrained(tmp_path / "ours")
    for folder in (source, tmp_path / "ours"):
        np.testing.assert_allclose(theirs(folder, texts=TEXTS), model.encode(TEXTS), atol=1e-4)
        np.testing.assert_allclose(theirs(folder, images=list(map(str, paths))), model.encode(paths), atol=1e-4)
    peer("save", tmp_path / "ours", tmp_path / "theirs")
    again = SentenceTransformer(tmp_path / "theirs", backend=backend, device="cpu")
    np.testing.assert_allclose(again.encode([*TEXTS, *paths]), model.encode([*TEXTS, *paths]), atol=1e-4)


def test_images_of_siglip_are_read_as_there(peer, tmp_path):
    source = make_image_model(tmp_path / "source", "siglip")
    picture(0).save(tmp_path / "it.png")
    model = SentenceTransformer(source, backend="openvino")
    model.save_pretrained(tmp_path / "ours")
    peer("encode", tmp_path / "ours", tmp_path / "vectors.npy", images=[str(tmp_path / "it.png")])
    np.testing.assert_allclose(np.load(tmp_path / "vectors.npy"), model.encode([tmp_path / "it.png"]), atol=1e-4)
    peer("save", tmp_path / "ours", tmp_path / "theirs")
    again = SentenceTransformer(tmp_path / "theirs", backend="openvino")
    np.testing.assert_array_equal(again.encode([tmp_path / "it.png"]), model.encode([tmp_path / "it.png"]))


PAIRS = [[one, other] for one in TEXTS[:2] for other in TEXTS[1:]]


def scores_of(peer, folder, scratch):
    peer("encode", folder, scratch / "scores.npy", pairs=PAIRS)
    return np.load(scratch / "scores.npy")


@pytest.mark.parametrize(
    ("architecture", "labels"),
    [("bert", 1), ("bert", 3), ("roberta", 1), ("distilbert", 1), ("electra", 2), ("mpnet", 1), ("modernbert", 1)],
)
@pytest.mark.parametrize("backend", ["openvino", "torch"])
def test_cross_encoders_travel_both_ways(peer, tmp_path, architecture, labels, backend):
    source = make_tiny_cross_encoder(tmp_path / "source", architecture, labels=labels)
    model = CrossEncoder(source, backend=backend, device="cpu")
    np.testing.assert_allclose(model.predict(PAIRS), scores_of(peer, source, tmp_path), atol=1e-4)
    model.activation_fn = "tanh"
    model.save_pretrained(tmp_path / "ours")
    scores = model.predict(PAIRS)
    np.testing.assert_allclose(scores_of(peer, tmp_path / "ours", tmp_path), scores, atol=1e-4)
    peer("save", tmp_path / "ours", tmp_path / "theirs", pairs=[])
    again = CrossEncoder(tmp_path / "theirs", backend=backend, device="cpu")
    np.testing.assert_allclose(again.predict(PAIRS), scores, atol=1e-4)


@pytest.mark.parametrize("template", [language_models.STRUCTURED, language_models.FLAT, None])
def test_language_models_travel_both_ways(peer, tmp_path, template):
    source = language_models.make_language_model(tmp_path / "source", template=template)
    model = CrossEncoder(source, device="cpu")
    scores = model.predict(PAIRS)
    np.testing.assert_allclose(scores_of(peer, source, tmp_path), scores, atol=1e-4)
    model.save_pretrained(tmp_path / "ours")
    np.testing.assert_allclose(scores_of(peer, tmp_path / "ours", tmp_path), scores, atol=1e-4)
    peer("save", tmp_path / "ours", tmp_path / "theirs", pairs=[])
    again = CrossEncoder(tmp_path / "theirs", device="cpu")
    np.testing.assert_allclose(again.predict(PAIRS), scores, atol=1e-4)


def rows_of(peer, folder, scratch):
    peer("encode", folder, scratch / "rows.npy", texts=TEXTS, sparse=True)
    return np.load(scratch / "rows.npy")


def test_latent_numbers_travel_both_ways(peer, tmp_path):
    source = make_tiny_model(tmp_path / "source", "bert", normalize=False)
    torch.manual_seed(0)
    width = Transformer(source).get_embedding_dimension()
    modules = [Transformer(source), Pooling(width), SparseAutoEncoder(width, 50, k=7, normalize=True)]
    SparseEncoder(modules=modules, device="cpu").save_pretrained(tmp_path / "ours")
    model = SparseEncoder(tmp_path / "ours", backend="openvino")
    rows = model.encode(TEXTS).toarray()
    np.testing.assert_allclose(rows_of(peer, tmp_path / "ours", tmp_path), rows, atol=1e-4)
    peer("save", tmp_path / "ours", tmp_path / "theirs", sparse=True)
    again = SparseEncoder(tmp_path / "theirs", backend="openvino")
    np.testing.assert_allclose(again.encode(TEXTS).toarray(), rows, atol=1e-4)


@pytest.mark.parametrize("source", ["real", "bert", "roberta", "distilbert", "mpnet", "modernbert"])
def test_sparse_encoders_travel_both_ways(peer, tmp_path, source):
    folder = splade_tiny() if source == "real" else make_tiny_splade(tmp_path / "source", source)
    model = SparseEncoder(folder, backend="openvino")
    np.testing.assert_allclose(model.encode(TEXTS).toarray(), rows_of(peer, folder, tmp_path), atol=1e-4)
    torch_model = SparseEncoder(folder, backend="torch", device="cpu")
    np.testing.assert_allclose(torch_model.encode(TEXTS).toarray(), model.encode(TEXTS).toarray(), atol=1e-4)
    for saved, name in ((model, "ours"), (torch_model, "ours-torch")):
        saved.save_pretrained(tmp_path / name)
        np.testing.assert_allclose(rows_of(peer, tmp_path / name, tmp_path), model.encode(TEXTS).toarray(), atol=1e-4)
    peer("save", tmp_path / "ours", tmp_path / "theirs", sparse=True)
    again = SparseEncoder(tmp_path / "theirs", backend="openvino")
    np.testing.assert_allclose(again.encode(TEXTS).toarray(), model.encode(TEXTS).toarray(), atol=1e-4)


def assert_same_tokens(peer, folder, scratch, model):
    """Token vectors of queries and documents, and MaxSim of all of them with each other."""
    for task in ("query", "document"):
        peer("encode", folder, scratch / "tokens.npz", texts=TEXTS, task=task)
        expected = np.load(scratch / "tokens.npz")
        found = getattr(model, f"encode_{task}")(TEXTS, on_truncation="ignore")
        for index, vectors in enumerate(found):
            np.testing.assert_allclose(vectors, expected[f"arr_{index}"], atol=1e-4)
        np.testing.assert_allclose(model.similarity(found, found), expected["scores"], atol=1e-4)


@pytest.mark.parametrize("architecture", ["bert", "roberta", "modernbert"])
@pytest.mark.parametrize("expansion", [None, "fixed", "min"])
def test_late_interaction_travels_both_ways(peer, tmp_path, architecture, expansion):
    source = make_tiny_late(tmp_path / "source", architecture, skiplist=[".", ","], pool_factor=2.0)
    for backend in ("openvino", "torch"):
        model = MultiVectorEncoder(source, backend=backend, device="cpu")
        if expansion is not None:
            token = "</s>" if architecture == "roberta" else None
            attend = backend == "torch"
            model.query_expansion = {"strategy": expansion, "length": 9, "attend": attend, "token": token}
        model.similarity_fn_name = "meanmaxsim"
        model.save_pretrained(tmp_path / backend)
        assert_same_tokens(peer, tmp_path / backend, tmp_path, model)
    peer("save", tmp_path / "openvino", tmp_path / "theirs", task="query")
    again = MultiVectorEncoder(tmp_path / "theirs", backend="openvino")
    assert again.query_expansion is None or again.query_expansion["strategy"] == expansion
    assert_same_tokens(peer, tmp_path / "openvino", tmp_path, again)


def test_pylate_s_folders_are_read_as_there(peer, tmp_path):
    source = make_tiny_late(tmp_path / "source", "bert", pylate=True)
    assert_same_tokens(peer, source, tmp_path, MultiVectorEncoder(source, backend="openvino"))


def assert_same_routes(peer, folder, scratch, model, **values):
    for route in ("query", "document"):
        peer("encode", folder, scratch / "route.npy", texts=TEXTS, route=route, **values)
        found = getattr(model, f"encode_{route}")(TEXTS)
        found = found.toarray() if values else found
        np.testing.assert_allclose(found, np.load(scratch / "route.npy"), atol=1e-4)


def test_routes_travel_both_ways(peer, tmp_path):
    parts = {
        "query": static_folder(tmp_path / "query", normalize=False),
        "document": make_tiny_model(tmp_path / "document", "bert", dense=24, normalize=False),
    }
    source = routed_folder(tmp_path / "source", parts, normalize=True)
    for backend in ("openvino", "torch"):
        model = SentenceTransformer(source, backend=backend, device="cpu", prompts={"query": "two "})
        model.save_pretrained(tmp_path / backend)
        assert_same_routes(peer, tmp_path / backend, tmp_path, model)
    peer("save", tmp_path / "openvino", tmp_path / "theirs")
    again = SentenceTransformer(tmp_path / "theirs", backend="openvino")
    assert_same_routes(peer, tmp_path / "openvino", tmp_path, again)


def test_sparse_queries_without_a_network_travel_both_ways(peer, tmp_path):
    SparseEncoder(make_tiny_splade(tmp_path / "plain", "bert"), backend="openvino").save_pretrained(
        tmp_path / "document"
    )
    parts = {"query": sparse_static_folder(tmp_path / "query"), "document": tmp_path / "document"}
    source = routed_folder(tmp_path / "source", parts, model_type="SparseEncoder")
    model = SparseEncoder(source, backend="openvino")
    assert_same_routes(peer, source, tmp_path, model, sparse=True)
    model.save_pretrained(tmp_path / "ours")
    assert_same_routes(peer, tmp_path / "ours", tmp_path, model, sparse=True)
    peer("save", tmp_path / "ours", tmp_path / "theirs", sparse=True)
    assert_same_routes(peer, tmp_path / "ours", tmp_path, SparseEncoder(tmp_path / "theirs"), sparse=True)
