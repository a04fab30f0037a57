"""What a small random model of each architecture must do, from folder to vector."""

import json
import sys

import numpy as np
import pytest

from sbert import SentenceTransformer
from sbert.checkpoints.fingerprint import NUMERICS
from sbert.errors import CorruptCheckpointError, InputError, SbertError, SbertWarning, TruncationWarning
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


def test_a_copied_or_pickled_model_gives_the_same_vectors(tmp_path):
    import copy
    import pickle

    for backend in ("openvino", "torch"):
        model = SentenceTransformer(make_tiny_model(tmp_path / backend, "bert"), backend=backend, device="cpu")
        expected = model.encode(TEXTS[:2])
        for other in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
            np.testing.assert_array_equal(other.encode(TEXTS[:2]), expected)


def test_a_model_outlives_its_folder_and_a_change_of_place(tmp_path, monkeypatch):
    """Weights are mapped when the model is made; no path is needed after."""
    import shutil

    make_tiny_model(tmp_path / "model", "bert")
    monkeypatch.chdir(tmp_path)
    model = SentenceTransformer("model", backend="openvino")
    monkeypatch.chdir("/")
    expected = model.encode(TEXTS[:2])
    shutil.rmtree(tmp_path / "model")
    np.testing.assert_array_equal(model.encode(TEXTS[:2]), expected)
    model.max_seq_length = 16
    assert len(model.encode(TEXTS[:2], output_value="token_embeddings")) == 2


def test_saving_over_a_folder_leaves_models_in_memory_alone(tmp_path):
    folder = make_tiny_model(tmp_path / "a", "bert")
    first = SentenceTransformer(folder, backend="openvino")
    expected = first.encode(TEXTS[:2])
    other = SentenceTransformer(
        make_tiny_model(tmp_path / "b", "bert", seed=1, num_hidden_layers=1), backend="openvino"
    )
    other.save_pretrained(folder)
    np.testing.assert_array_equal(first.encode(TEXTS[:2]), expected)
    tokens = first.encode(TEXTS[:1], output_value="token_embeddings")  # a graph that is compiled only now
    np.testing.assert_allclose(tokens[0].mean(0) / np.linalg.norm(tokens[0].mean(0)), expected[0], atol=1e-6)
    again = SentenceTransformer(folder, backend="openvino")
    np.testing.assert_array_equal(again.encode(TEXTS[:2]), other.encode(TEXTS[:2]))


def test_the_fingerprint_tells_models_apart(tmp_path, monkeypatch):
    """Whatever changes vectors changes it; where the folder lies and the package's version do not."""
    import shutil

    folder = make_tiny_model(tmp_path / "model", "bert", dense=12)

    def load(where=folder, **options):
        return SentenceTransformer(where, device="cpu", **options)

    shutil.copytree(folder, tmp_path / "copy")
    base = load(backend="openvino").fingerprint
    assert load(tmp_path / "copy", backend="openvino").fingerprint == base
    changed = {
        "prompts": load(prompts={"query": "q: "}),
        "default": load(prompts={"x": "q: "}, default_prompt_name="x"),
        "dimensions": load(truncate_dim=4),
        "torch": load(backend="torch"),
        "activation": load(backend="torch", config_kwargs={"hidden_act": "relu"}),
        "length": load(),
        "tokenizer": load(),
        "pooling": load(),
        "trained": load(backend="torch"),
    }
    changed["length"].max_seq_length = 9
    changed["tokenizer"].tokenizer = load().tokenizer.backend
    changed["tokenizer"].tokenizer.backend.normalizer = None
    changed["pooling"].set_pooling_include_prompt(False)
    next(changed["trained"].parameters()).data += 1
    prints = [base, *(model.fingerprint for model in changed.values())]
    assert len(set(prints)) == len(prints), dict(zip(["base", *changed], prints, strict=True))
    for module in [module for name, module in sys.modules.items() if name.startswith("sbert.")]:
        if hasattr(module, "__version__"):
            monkeypatch.setattr(module, "__version__", "9.9.9")
    assert load(backend="openvino").fingerprint == base
    monkeypatch.setattr("sbert.checkpoints.fingerprint.NUMERICS", NUMERICS + 1)
    assert load(backend="openvino").fingerprint not in prints


def test_a_tokenizer_of_ones_own_is_used_and_saved(tmp_path):
    from tokenizers import Tokenizer
    from tokenizers.normalizers import Replace

    folder = make_tiny_model(tmp_path / "model", "bert")
    model = SentenceTransformer(folder, backend="openvino")
    own = Tokenizer.from_file(str(folder / "tokenizer.json"))
    own.normalizer = Replace("cat", "dog")
    expected = model.encode("the dog")
    model.tokenizer = own
    assert own.truncation is None  # the caller's own object is left as it was
    model.max_seq_length = 20
    np.testing.assert_array_equal(model.encode("the cat"), expected)
    config = json.loads((folder / "tokenizer_config.json").read_text())
    assert "tokenizer_class" in config
    model.save_pretrained(tmp_path / "saved")
    saved = Tokenizer.from_file(str(tmp_path / "saved" / "tokenizer.json"))
    assert saved.encode("cat").ids == own.encode("cat").ids
    with pytest.raises(InputError, match="tokenizer must be one of the tokenizers library"):
        model.tokenizer = "bert"


def test_a_width_that_the_settings_do_not_say_is_an_error(tmp_path):
    folder = make_tiny_model(tmp_path, "bert")
    pooling = json.loads((folder / "1_Pooling" / "config.json").read_text())
    key = "embedding_dimension" if "embedding_dimension" in pooling else "word_embedding_dimension"
    write_json(folder / "1_Pooling" / "config.json", pooling | {key: 16})
    model = SentenceTransformer(folder, backend="openvino")
    assert model.encode("x").shape == (32,)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"num_hidden_layers": "two"}, "settings that make no network"),
        ({"num_attention_heads": 0}, "settings that make no network"),
        ({"hidden_size": 24}, "do not fit its config.json"),
    ],
)
def test_settings_that_make_no_network_are_told(tmp_path, changes, message):
    folder = make_tiny_model(tmp_path, "bert", normalize=False)
    config = json.loads((folder / "config.json").read_text())
    write_json(folder / "config.json", config | changes)
    with pytest.raises(CorruptCheckpointError, match=message):
        SentenceTransformer(folder, backend="openvino")


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"config_args": {"num_hidden_layers": 1}}, r"config_args\['num_hidden_layers'\] changes the model"),
        ({"tokenizer_args": {"do_lower_case": True}}, r"tokenizer_args\['do_lower_case'\] changes the model"),
        ({"query_length": 32}, "'query_length' changes the model"),
        ({"modality_config": {"text": {"method_output_name": ["hidden_states", 1]}}}, "only its last layer is read"),
        ({"max_seq_length": "32"}, "'max_seq_length' must be of the kind int; got '32'"),
        ({"max_seq_length": -5}, "the maximum length must be at least 1; got -5"),
    ],
)
def test_settings_that_are_not_read_are_refused(tmp_path, settings, message):
    """A vector that differs from the model author's in silence would be worse than an error."""
    folder = make_tiny_model(tmp_path, "bert")
    write_json(folder / "sentence_bert_config.json", settings)
    with pytest.raises(SbertError, match=message):
        SentenceTransformer(folder)


def test_the_end_of_a_text_is_kept_where_the_tokenizer_says_so(tmp_path):
    folder = make_tiny_model(tmp_path, "bert")
    config = json.loads((folder / "tokenizer_config.json").read_text())
    write_json(folder / "tokenizer_config.json", config | {"truncation_side": "left"})
    model = SentenceTransformer(folder, backend="openvino", on_truncation="ignore")
    model.max_seq_length = 5
    np.testing.assert_array_equal(model.encode("the cat sat on the mat"), model.encode("on the mat"))


def test_arguments_without_effect_are_told(tmp_path):
    folder = make_tiny_model(tmp_path, "bert")
    with pytest.warns(SbertWarning, match="'file_name' of model_kwargs or config_kwargs have no effect"):
        SentenceTransformer(folder, backend="openvino", model_kwargs={"file_name": "model_qint8.xml"})
    with pytest.warns(SbertWarning, match=r"processor_kwargs \['padding_side'\] have no effect"):
        SentenceTransformer(folder, tokenizer_kwargs={"padding_side": "left", "model_max_length": 9999})
    assert SentenceTransformer(folder, model_kwargs={"torch_dtype": "float16"}, device="cpu").backend == "torch"
    with pytest.raises(InputError, match="leave out backend and dtype"):
        SentenceTransformer(modules=[], backend="openvino")


def test_what_openvino_does_not_know_goes_to_torch(tmp_path):
    from sbert.engines.openvino import why_not

    folder = make_tiny_model(tmp_path, "bert", hidden_act="mish")
    model = SentenceTransformer(folder, device="cpu")
    assert model.backend == "torch"
    assert why_not(model.spec) == "activation 'mish' is not known to it"


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
    assert (model.device, model.device.type, model.device.index) == ("cpu", "cpu", None)
    assert sum(parameter.numel() for parameter in model.parameters()) > 1000
    features = model.tokenize(TEXTS[:2])
    assert features["attention_mask"].sum(1).tolist() == [len(model.tokenizer.encode(text)) for text in TEXTS[:2]]
    np.testing.assert_allclose(model(features)["sentence_embedding"].detach().numpy(), before, atol=1e-6)
    model[0].max_seq_length = 5
    assert model.max_seq_length == 5
    assert model.tokenize(TEXTS[:1])["input_ids"].shape == (1, 5)
    model.max_seq_length = 128
    assert model[0].max_seq_length == 128
    assert model.half().encode("x").dtype == np.float32
    assert model.float().dtype == "float32"
    loss = model.train()(model.tokenize(TEXTS[:1]))["sentence_embedding"].sum()
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
    from sbert.errors import MissingDependencyError, UnsupportedModelError

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
