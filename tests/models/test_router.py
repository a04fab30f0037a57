"""Router: each route beside the model that it was made of; queries without a network, dense and sparse."""

import json
import pickle
import subprocess
import sys

import numpy as np
import pytest

from sbert import SentenceTransformer, SparseEncoder, models
from sbert.checkpoints import read
from sbert.errors import CheckpointError, CorruptCheckpointError, InputError, UnsupportedModelError
from sbert.text import Batch
from support.routes import routed_folder, sparse_static_folder
from support.static import WIDTH, static_folder
from support.tiny import make_tiny_model, make_tiny_splade

TEXTS = ["The man reads a book.", "hello", "", "music at night", "hello"]


@pytest.fixture(scope="module")
def parts(tmp_path_factory):
    root = tmp_path_factory.mktemp("parts")
    return {
        "query": static_folder(root / "query", normalize=False),
        "document": make_tiny_model(root / "document", "bert", dense=WIDTH, normalize=False),
        "other": make_tiny_model(root / "other", "roberta", dense=WIDTH, normalize=False),
    }


@pytest.fixture(scope="module")
def folder(parts, tmp_path_factory):
    routes = {name: parts[name] for name in ("query", "document")}
    return routed_folder(tmp_path_factory.mktemp("routed"), routes, normalize=True)


def unit(vectors):
    return vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)


@pytest.mark.parametrize("engine", ["auto", "openvino", "torch"])
def test_each_route_is_its_model(parts, folder, engine):
    model = SentenceTransformer(folder, backend=engine, device="cpu")
    queries = unit(SentenceTransformer(parts["query"]).encode(TEXTS))
    documents = unit(SentenceTransformer(parts["document"], backend=model.backend, device="cpu").encode(TEXTS))
    np.testing.assert_allclose(model.encode_query(TEXTS), queries, atol=1e-6)
    np.testing.assert_allclose(model.encode_document(TEXTS), documents, atol=1e-6)
    np.testing.assert_allclose(model.encode(TEXTS), documents, atol=1e-6)  # the default route
    np.testing.assert_array_equal(model.encode(TEXTS, task="query"), model.encode_query(TEXTS))
    np.testing.assert_array_equal(model.encode_query(TEXTS[0]), model.encode_query(TEXTS)[0])
    assert model.get_embedding_dimension() == WIDTH
    assert "Router > Normalize" in repr(model)
    assert model.max_seq_length == 128


def test_settings_reach_every_route(folder):
    model = SentenceTransformer(folder, backend="openvino", prompts={"query": "music ", "document": "book "})
    np.testing.assert_array_equal(model.encode_query("hello"), model.encode("music hello", task="query"))
    np.testing.assert_array_equal(model.encode_document("hello"), model.encode("book hello"))
    model.truncate_dim = 8
    assert model.encode_query(TEXTS).shape == (5, 8)
    tokens = model.encode_query("the man", output_value="token_embeddings")
    assert len(tokens) == 2 + 1  # no special tokens, one word of the prompt
    model.prompts = {"query": ""}
    assert len(model.encode_query("the man", output_value="token_embeddings")) == 2
    assert model.truncation.texts == 1


def test_the_oldest_inputs(folder):
    model = SentenceTransformer(folder, backend="openvino")
    np.testing.assert_array_equal(model.encode([{"query": text} for text in TEXTS]), model.encode_query(TEXTS))
    np.testing.assert_array_equal(model.encode({"document": "hello"}), model.encode_document("hello"))
    with pytest.raises(InputError, match="must be of one task; got 'document', 'query'"):
        model.encode([{"query": "a"}, {"document": "b"}])


@pytest.mark.parametrize("engine", ["openvino", "torch"])
def test_saved_and_read_again(parts, folder, tmp_path, engine):
    model = SentenceTransformer(folder, backend=engine, device="cpu", prompts={"query": "music "})
    model.save_pretrained(tmp_path / "saved")
    again = models.load(tmp_path / "saved", backend=engine, device="cpu")
    assert again.fingerprint == model.fingerprint
    for encode in ("encode_query", "encode_document"):
        np.testing.assert_array_equal(getattr(again, encode)(TEXTS), getattr(model, encode)(TEXTS))
    listed = json.loads((tmp_path / "saved" / "modules.json").read_text())
    assert [entry["type"].rpartition(".")[2] for entry in listed] == ["Router", "Normalize"]
    copied = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(copied.encode_query(TEXTS), model.encode_query(TEXTS))


def test_another_query_side_is_another_model(parts, folder, tmp_path):
    routes = {"query": parts["other"], "document": parts["document"]}
    other = SentenceTransformer(routed_folder(tmp_path, routes, normalize=True), backend="openvino")
    model = SentenceTransformer(folder, backend="openvino")
    np.testing.assert_array_equal(other.encode_document(TEXTS), model.encode_document(TEXTS))
    assert other.fingerprint != model.fingerprint


def test_the_first_releases_names(parts, tmp_path):
    old = routed_folder(tmp_path, {"query": parts["query"], "document": parts["document"]}, old=True)
    model = SentenceTransformer(old, backend="openvino")
    np.testing.assert_allclose(model.encode_query(TEXTS), SentenceTransformer(parts["query"]).encode(TEXTS), atol=1e-6)


def test_put_together_from_modules(parts, tmp_path):
    def made(name):
        return [models.Transformer(str(parts[name])), models.Pooling(32)]

    router = models.Router.for_query_document(made("other"), made("document"))
    model = SentenceTransformer(modules=[router, models.Normalize()], device="cpu")
    alone = SentenceTransformer(modules=[*made("other"), models.Normalize()], device="cpu")
    np.testing.assert_allclose(model.encode_query(TEXTS), alone.encode(TEXTS), atol=1e-6)
    model.save_pretrained(tmp_path / "saved")
    again = SentenceTransformer(tmp_path / "saved", backend="openvino")
    np.testing.assert_allclose(again.encode_query(TEXTS), model.encode_query(TEXTS), atol=1e-5)
    np.testing.assert_allclose(again.encode_document(TEXTS), model.encode_document(TEXTS), atol=1e-5)
    assert again.encode_query(TEXTS).shape == (5, 32)
    mapped = models.Router(
        {"small": made("other"), "large": made("document")}, route_mappings={("query", None): "small"}
    )
    model = SentenceTransformer(modules=[mapped], device="cpu")
    np.testing.assert_array_equal(model.encode(TEXTS, task="query"), model.encode(TEXTS, task="small"))
    with pytest.raises(InputError, match="must be the first"):
        SentenceTransformer(modules=[models.Transformer(str(parts["other"])), router], device="cpu")


# --- sparse -----------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def sparse_parts(tmp_path_factory):
    root = tmp_path_factory.mktemp("sparse")
    return {
        "query": sparse_static_folder(root / "query"),
        "document": SparseEncoder(make_tiny_splade(root / "plain", "bert"), backend="openvino"),
    }


@pytest.fixture(scope="module")
def sparse_folder(sparse_parts, tmp_path_factory):
    root = tmp_path_factory.mktemp("routed")
    sparse_parts["document"].save_pretrained(root / "document")
    routes = {"query": sparse_parts["query"], "document": root / "document"}
    return routed_folder(root / "model", routes, model_type="SparseEncoder")


@pytest.mark.parametrize("engine", ["openvino", "torch"])
def test_queries_without_a_network(sparse_parts, sparse_folder, engine):
    model = SparseEncoder(sparse_folder, backend=engine, device="cpu")
    documents = sparse_parts["document"].encode(TEXTS)
    np.testing.assert_allclose(model.encode_document(TEXTS).toarray(), documents.toarray(), atol=1e-4)
    weights = read(sparse_folder).router.routes["query"][0].weight()
    tokenizer = sparse_parts["document"].tokenizer
    expected = np.zeros((len(TEXTS), len(weights)), np.float32)
    for row, text in zip(expected, TEXTS, strict=True):
        numbers = [tokenizer.vocabulary()[token] for token in tokenizer.tokenize(text)]
        row[numbers] = weights[numbers]
    found = model.encode_query(TEXTS)
    np.testing.assert_array_equal(found.toarray(), expected)
    assert dict(model.decode(found[0]))["book"] == pytest.approx(float(expected[0].max()), abs=1)
    assert model.similarity(found, model.encode_document(TEXTS)).shape == (5, 5)


def test_weights_in_json(sparse_folder, tmp_path):
    in_tensors = SparseEncoder(sparse_static_folder(tmp_path / "tensors"))
    in_json = SparseEncoder(sparse_static_folder(tmp_path / "json", in_json=True))
    assert in_json.backend == "static"
    np.testing.assert_array_equal(in_json.encode(TEXTS).toarray(), in_tensors.encode(TEXTS).toarray())
    assert in_json.fingerprint == in_tensors.fingerprint
    in_json.save_pretrained(tmp_path / "saved")
    again = SparseEncoder(tmp_path / "saved")
    np.testing.assert_array_equal(again.encode(TEXTS).toarray(), in_tensors.encode(TEXTS).toarray())
    with pytest.raises(InputError, match="no vectors of tokens"):
        in_json.engine.embed_tokens(Batch(np.zeros((1, 1), np.int64), np.ones((1, 1), np.int64)))


def test_sparse_saved_and_read_again(sparse_folder, tmp_path):
    model = SparseEncoder(sparse_folder, backend="openvino")
    model.save_pretrained(tmp_path / "saved")
    again = models.load(tmp_path / "saved", backend="openvino")
    assert isinstance(again, SparseEncoder)
    for encode in ("encode_query", "encode_document"):
        np.testing.assert_array_equal(getattr(again, encode)(TEXTS).toarray(), getattr(model, encode)(TEXTS).toarray())


def test_no_torch_is_needed(folder, sparse_folder):
    code = (
        "import sys; sys.modules['torch'] = None; sys.modules['transformers'] = None\n"
        "from sbert import SentenceTransformer, SparseEncoder\n"
        f"dense = SentenceTransformer({str(folder)!r})\n"
        "print(dense.similarity(dense.encode_query('a dog'), dense.encode_document(['a cat', 'a dog'])).shape)\n"
        f"sparse = SparseEncoder({str(sparse_folder)!r})\n"
        "print(sparse.similarity(sparse.encode_query('a dog'), sparse.encode_document(['a cat', 'a dog'])).shape)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout.split("\n")[:2] == ["(1, 2)", "(1, 2)"], done.stderr


# --- what is wrong ----------------------------------------------------------------------------------------------------


def test_routes_that_are_not_there(parts, folder, tmp_path):
    model = SentenceTransformer(folder, backend="openvino")
    with pytest.raises(InputError, match=r"task must be one of 'query', 'document'; got 'qery'\. Did you mean 'query'"):
        model.encode("a", task="qery")
    nowhere = routed_folder(tmp_path, {"query": parts["query"], "document": parts["document"]}, default=None)
    model = SentenceTransformer(nowhere, backend="openvino")
    with pytest.raises(InputError, match="no default route: pass task="):
        model.encode("a")
    with pytest.raises(InputError, match="no default route"):
        list(model.encode_stream(["a"]))
    with pytest.raises(InputError, match="no default route"):
        model.encode_chunks(["a"])
    assert model.encode_query("a").shape == (WIDTH,)


def test_folders_that_cannot_be_followed(parts, tmp_path):
    routes = {"query": parts["query"], "document": parts["document"]}

    def changed(name, change):
        broken = routed_folder(tmp_path / name, routes)
        path = broken / "router_config.json"
        settings = json.loads(path.read_text(encoding="utf-8"))
        change(settings)
        path.write_text(json.dumps(settings), encoding="utf-8")
        return broken

    cases = {
        "default": lambda s: s["parameters"].update(default_route="qery"),
        "missing": lambda s: s["structure"].update(query=["query_7_Pooling"]),
        "empty": lambda s: s.update(structure={}),
        "mapping": lambda s: s["parameters"].update(route_mappings={"__import__('os')": "query"}),
        "outside": lambda s: s["types"].update({"../elsewhere": "sentence_transformers.models.Normalize"}),
    }
    for name, change in cases.items():
        with pytest.raises(CorruptCheckpointError):
            SentenceTransformer(changed(name, change), backend="openvino")
    with pytest.raises(UnsupportedModelError, match="not supported"):
        SentenceTransformer(
            changed(
                "kind", lambda s: s["types"].update(query_0_StaticEmbedding="sentence_transformers.models.Nothing")
            ),
            backend="openvino",
        )
    (routed_folder(tmp_path / "gone", routes) / "router_config.json").unlink()
    with pytest.raises(CheckpointError, match="names a Router"):
        SentenceTransformer(tmp_path / "gone", backend="openvino")
    wider = make_tiny_model(tmp_path / "wider", "bert", normalize=False)
    with pytest.raises(CheckpointError, match=r"one width to be compared; got \{'query': 24, 'document': 32\}"):
        SentenceTransformer(
            routed_folder(tmp_path / "two", {"query": parts["query"], "document": wider}), backend="openvino"
        )


def test_int8_is_not_written(folder, tmp_path):
    with pytest.raises(InputError, match="Router is not written in int8"):
        SentenceTransformer(folder, backend="openvino").save_int8(tmp_path / "int8")
