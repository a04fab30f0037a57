"""What a small random model of each architecture must do, from folder to vector."""

import json

import numpy as np
import pytest

from sbert import SentenceTransformer
from sbert.errors import SbertWarning, TruncationWarning
from sbert.text import Batch
from support.folders import write_json
from support.tiny import ARCHITECTURES, make_tiny_model

TEXTS = ["the cat sat on the mat", "a dog", "", "some words " * 60]


@pytest.mark.parametrize("architecture", ARCHITECTURES)
@pytest.mark.parametrize("backend", ["openvino", "torch"])
def test_a_text_may_fill_every_position(tmp_path, architecture, backend):
    """A position table whose length is no multiple of what texts are padded to."""
    offset = 2 if architecture in ("roberta", "xlm-roberta", "camembert", "mpnet") else 0
    folder = make_tiny_model(tmp_path, architecture, max_position_embeddings=77 + offset)
    model = SentenceTransformer(folder, backend=backend, device="cpu")
    model.max_seq_length = 77
    with pytest.warns(TruncationWarning):
        vectors = model.encode(TEXTS)
    assert np.isfinite(vectors).all()


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_both_engines_agree(tmp_path, architecture):
    folder = make_tiny_model(tmp_path, architecture, pooling=("cls", "mean"), dense=12)
    fast, slow = (SentenceTransformer(folder, backend=name, device="cpu") for name in ("openvino", "torch"))
    np.testing.assert_allclose(fast.encode(TEXTS[:3]), slow.encode(TEXTS[:3]), atol=1e-5)
    assert fast.get_embedding_dimension() == slow.get_embedding_dimension() == 12
    assert fast.fingerprint != slow.fingerprint


@pytest.mark.parametrize("backend", ["openvino", "torch"])
def test_saved_and_loaded_again(tmp_path, backend):
    folder = make_tiny_model(tmp_path / "source", "bert", dense=12)
    model = SentenceTransformer(folder, backend=backend, device="cpu", prompts={"query": "q "}, truncate_dim=7)
    model.max_seq_length = 20
    model.similarity_fn_name = "manhattan"
    model.save_pretrained(tmp_path / "saved")
    again = SentenceTransformer(tmp_path / "saved", backend=backend, device="cpu")
    np.testing.assert_array_equal(again.encode(TEXTS[:3]), model.encode(TEXTS[:3]))
    assert again.prompts == {"query": "q ", "document": ""}
    assert (again.max_seq_length, again.truncate_dim, again.similarity_fn_name) == (20, 7, "manhattan")
    assert "Transformer, Pooling, Dense, Normalize" in (tmp_path / "saved" / "README.md").read_text()


def test_leaving_the_prompt_out_can_be_switched(tmp_path):
    model = SentenceTransformer(make_tiny_model(tmp_path, "bert"), backend="openvino")
    whole = model.encode("the cat", prompt="a dog ")
    model.set_pooling_include_prompt(False)
    without = model.encode("the cat", prompt="a dog ")
    tokens = model.encode("a dog the cat", output_value="token_embeddings")
    expected = tokens[3:].mean(axis=0)  # [CLS] a dog | the cat [SEP]
    np.testing.assert_allclose(without, expected / np.linalg.norm(expected), atol=1e-6)
    assert np.abs(whole - without).max() > 1e-3


@pytest.mark.parametrize("pooling", ["lasttoken", "max", "mean"])
@pytest.mark.parametrize("backend", ["openvino", "torch"])
def test_zeros_where_no_token_takes_part(tmp_path, pooling, backend):
    folder = make_tiny_model(tmp_path, "bert", pooling=(pooling,), normalize=False)
    model = SentenceTransformer(folder, backend=backend, device="cpu")
    model.set_pooling_include_prompt(False)
    ids = np.array([[2, 7, 8, 3], [2, 7, 3, 0]])
    batch = Batch(ids, np.array([[1, 1, 1, 1], [1, 1, 1, 0]]), prompt_length=3)
    vectors = model.engine.embed(batch)
    assert np.abs(vectors[0]).max() > 0.01
    np.testing.assert_array_equal(vectors[1], 0)


def test_a_model_of_another_family_keeps_its_network_only(tmp_path):
    folder = make_tiny_model(tmp_path, "bert")
    write_json(folder / "config_sentence_transformers.json", {"model_type": "CrossEncoder", "prompts": {"query": "q"}})
    with pytest.warns(SbertWarning, match="was saved as a CrossEncoder; only its network is used, with mean pooling"):
        model = SentenceTransformer(folder, backend="openvino")
    assert [module.kind for module in model.spec.modules] == ["Transformer", "Pooling"]
    assert model.prompts == {"query": "", "document": ""}


def test_the_torch_engine_is_handled_as_scripts_do(tmp_path):
    import torch

    folder = make_tiny_model(tmp_path / "source", "bert")
    model = SentenceTransformer(folder, backend="torch", device="cpu")
    before = model.encode(TEXTS[:2])
    assert len(model) == 3
    assert model[1].pooling_mode in ("mean", ("mean",))
    assert str(model.device) == "cpu"
    assert sum(parameter.numel() for parameter in model.parameters()) > 1000
    features = model.tokenizer(TEXTS[:1])
    batch = {name: torch.tensor(rows) for name, rows in features.items()}
    loss = model.train()(batch)["sentence_embedding"].sum()
    loss.backward()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter += 0.01 * torch.randn_like(parameter)
    after = model.eval().encode(TEXTS[:2])
    assert np.abs(after - before).max() > 1e-4
    model.save_pretrained(tmp_path / "trained")
    for backend in ("torch", "openvino"):
        again = SentenceTransformer(tmp_path / "trained", backend=backend, device="cpu")
        np.testing.assert_allclose(again.encode(TEXTS[:2]), after, atol=1e-5)


def test_a_model_put_together_from_modules(tmp_path):
    from sbert import models

    folder = make_tiny_model(tmp_path / "source", "bert")
    network = models.Transformer(str(folder), max_seq_length=16)
    pooling = models.Pooling(network.get_word_embedding_dimension(), pooling_mode="max")
    model = SentenceTransformer(modules=[network, pooling, models.Normalize()], device="cpu")
    assert model.max_seq_length == 16
    vectors = model.encode(TEXTS[:2])
    model.save_pretrained(tmp_path / "saved")
    again = SentenceTransformer(tmp_path / "saved", backend="openvino")
    np.testing.assert_allclose(again.encode(TEXTS[:2]), vectors, atol=1e-5)


def test_pushing_to_the_hub_uploads_the_saved_folder(tmp_path, monkeypatch):
    """The hub's client is replaced by a recorder: there is no hub here."""
    import huggingface_hub

    calls = []

    class Recorder:
        def __init__(self, token):
            calls.append(("token", token))

        def create_repo(self, repo_id, **options):
            calls.append(("create", repo_id, options))

        def file_exists(self, *_args, **_options):
            return False

        def upload_folder(self, *, repo_id, folder_path, **options):
            calls.append(("upload", repo_id, sorted(path.name for path in folder_path.iterdir()), options))
            return type("Commit", (), {"commit_url": "https://hub.example/commit/1", "pr_url": None})()

    monkeypatch.setattr(huggingface_hub, "HfApi", Recorder)
    model = SentenceTransformer(make_tiny_model(tmp_path, "bert"), backend="openvino")
    assert model.push_to_hub("acme/tiny", token="secret", private=True) == "https://hub.example/commit/1"
    assert calls[0] == ("token", "secret")
    assert calls[1] == ("create", "acme/tiny", {"private": True, "exist_ok": False})
    assert {"README.md", "config.json", "model.safetensors", "modules.json", "tokenizer.json"} <= set(calls[2][2])


def test_the_choice_of_the_engine(tmp_path, monkeypatch):
    from sbert.engines import select
    from sbert.errors import InputError, MissingDependencyError, UnsupportedModelError

    known = make_tiny_model(tmp_path / "known", "bert")
    odd = make_tiny_model(tmp_path / "odd", "bert")
    config = json.loads((odd / "config.json").read_text())
    write_json(odd / "config.json", config | {"model_type": "acme"})
    assert SentenceTransformer(known).backend == "openvino"
    assert SentenceTransformer(known, model_kwargs={"attn_implementation": "eager"}).backend == "torch"
    assert SentenceTransformer(known, model_kwargs={"torch_dtype": "float32"}).backend == "openvino"
    monkeypatch.setattr(select, "has_accelerator", lambda: True)
    assert SentenceTransformer(known, device="cpu").backend == "openvino"
    monkeypatch.setattr(select, "_torch_is_installed", lambda: False)
    with pytest.raises(
        UnsupportedModelError, match=r"architecture 'acme' is not one of bert.*pip install 'sbert\[torch\]'"
    ):
        SentenceTransformer(odd)
    with pytest.raises(UnsupportedModelError, match="does not run"):
        SentenceTransformer(odd, backend="openvino")
    with pytest.raises(MissingDependencyError, match=r"pip install 'sbert\[torch\]'"):
        SentenceTransformer(known, backend="torch")
    with pytest.raises(InputError, match="Use backend='torch'"):
        SentenceTransformer(known, backend="openvino", device="cuda")
