"""The torch engine: its modules one by one, loading, devices, dtypes, training and saving."""

from __future__ import annotations

import json
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import transformers
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import load_file, save_file
from torch import nn

from sbert.checkpoints import ModelSpec, read, write
from sbert.checkpoints.modules import DenseSpec, DropoutSpec, LayerNormSpec, ModuleSpec, NormalizeSpec, PoolingSpec
from sbert.checkpoints.modules.pooling import MODES
from sbert.engines.torch import Dense, Dropout, LayerNorm, Normalize, Pooling, TorchEngine, Transformer
from sbert.engines.torch.devices import choose_device
from sbert.errors import (
    CheckpointError,
    CorruptCheckpointError,
    EngineError,
    InputError,
    ModelNotFoundError,
    UnsupportedModelError,
)
from sbert.text import Batch
from support.tiny import make_tiny_model

BATCH = Batch(np.array([[2, 40, 41, 3], [2, 50, 3, 0]]), np.array([[1, 1, 1, 1], [1, 1, 1, 0]]))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny BERT with mean pooling, a Dense module and normalisation; tests must not change it."""
    return make_tiny_model(tmp_path_factory.mktemp("torch") / "bert", "bert", dense=20)


@pytest.fixture(scope="module")
def spec(folder: Path) -> ModelSpec:
    return read(folder)


@pytest.fixture
def engine(spec: ModelSpec) -> TorchEngine:
    return TorchEngine(spec, device="cpu")


# --- Pooling --------------------------------------------------------------------------------------------------------

TOKENS = torch.arange(1.0, 13.0).reshape(1, 4, 3)  # vectors (1,2,3), (4,5,6), (7,8,9), (10,11,12)

#: Worked out by hand for the two tokens (4,5,6) and (7,8,9), which stand second and third.
BY_HAND = {
    "cls": [4, 5, 6],
    "max": [7, 8, 9],
    "mean": [5.5, 6.5, 7.5],
    "mean_sqrt_len_tokens": [11 / 2**0.5, 13 / 2**0.5, 15 / 2**0.5],
    "weightedmean": [6, 7, 8],  # (1 * 4 + 2 * 7) / 3 ...
    "lasttoken": [7, 8, 9],
}


def pool(mask: list[int], mode: Any, tokens: torch.Tensor = TOKENS, **options: Any) -> torch.Tensor:
    length = options.pop("prompt_length", None)
    features = {"token_embeddings": tokens, "attention_mask": torch.tensor([mask])}
    if length is not None:
        features["prompt_length"] = length
    found: torch.Tensor = Pooling(tokens.shape[2], mode, **options)(features)["sentence_embedding"]
    return found


@pytest.mark.parametrize("mode", MODES)
def test_pooling_by_hand_with_padding_on_both_sides(mode: str) -> None:
    assert pool([0, 1, 1, 0], mode)[0].tolist() == pytest.approx(BY_HAND[mode])


@pytest.mark.parametrize("mode", MODES)
def test_a_prompt_is_left_out_from_the_first_token_on_not_from_the_padding(mode: str) -> None:
    """With one prompt token at the second place, weights of ``weightedmean`` go on from it: 2 and 3."""
    expected = (
        BY_HAND[mode] if mode != "weightedmean" else [(2 * 4 + 3 * 7) / 5, (2 * 5 + 3 * 8) / 5, (2 * 6 + 3 * 9) / 5]
    )
    tokens = torch.cat([torch.full((1, 2, 3), 99.0), TOKENS[:, 1:3]], dim=1)
    found = pool([0, 1, 1, 1], mode, tokens, include_prompt=False, prompt_length=1)
    assert found[0].tolist() == pytest.approx(expected)


def test_the_prompt_s_length_may_be_a_tensor_one_a_text_or_one_for_all() -> None:
    features = {
        "token_embeddings": TOKENS.repeat(2, 1, 1),
        "attention_mask": torch.tensor([[1, 1, 1, 0], [0, 1, 1, 1]]),
        "prompt_length": torch.tensor([1, 2]),
    }
    pooling = Pooling(3, "cls", include_prompt=False)
    assert pooling(features)["sentence_embedding"].tolist() == [[4, 5, 6], [10, 11, 12]]
    features["prompt_length"] = torch.tensor(1)
    assert pooling(features)["sentence_embedding"].tolist() == [[4, 5, 6], [7, 8, 9]]
    assert features["attention_mask"].tolist() == [[1, 1, 1, 0], [0, 1, 1, 1]]  # as it was


@pytest.mark.parametrize("mode", MODES)
def test_where_nothing_takes_part_the_result_is_finite(mode: str) -> None:
    """ST gives -inf for max here, which turns into NaN when the vector is normalised."""
    found = pool([1, 1, 0, 0], mode, include_prompt=False, prompt_length=2)[0].tolist()
    assert found == ([1, 2, 3] if mode == "cls" else [0, 0, 0])


@pytest.mark.parametrize("mode", MODES)
def test_what_stands_in_padding_does_not_matter_not_even_nan(mode: str) -> None:
    tokens = TOKENS.clone()
    tokens[0, 0], tokens[0, 3] = torch.nan, torch.inf
    assert pool([0, 1, 1, 0], mode, tokens)[0].tolist() == pytest.approx(BY_HAND[mode])


@given(
    mode=st.sampled_from(list(MODES)),
    lengths=st.lists(st.integers(1, 6), min_size=1, max_size=4),
    prompt=st.integers(0, 3),
    seed=st.integers(0, 1000),
)
@settings(max_examples=60, deadline=None)
def test_the_side_of_the_padding_does_not_matter(mode: str, lengths: list[int], prompt: int, seed: int) -> None:
    texts = [torch.randn(n, 5, generator=torch.Generator().manual_seed(seed + i)) for i, n in enumerate(lengths)]
    vectors = []
    for left in (False, True):
        tokens, mask = torch.zeros(len(texts), 8, 5), torch.zeros(len(texts), 8, dtype=torch.int64)
        for row, text in enumerate(texts):
            places = slice(8 - len(text), 8) if left else slice(0, len(text))
            tokens[row, places], mask[row, places] = text, 1
        features = {"token_embeddings": tokens, "attention_mask": mask, "prompt_length": min(prompt, min(lengths) - 1)}
        vectors.append(Pooling(5, mode, include_prompt=False)(features)["sentence_embedding"])
    torch.testing.assert_close(*vectors)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
@pytest.mark.parametrize("mode", ["mean", "mean_sqrt_len_tokens", "weightedmean"])
def test_sums_of_half_precision_are_made_in_float32(mode: str, dtype: torch.dtype) -> None:
    """600 tokens of 300 sum to 180000, more than float16 holds, and bfloat16 would stop counting at 65536."""
    tokens = torch.full((1, 600, 2), 300.0, dtype=dtype)
    found = pool([1] * 600, mode, tokens)
    assert found.dtype == dtype
    expected = pool([1] * 600, mode, tokens.double()).to(dtype)
    assert torch.equal(found, expected)


def test_without_a_mask_every_token_takes_part() -> None:
    assert Pooling(3)({"token_embeddings": TOKENS})["sentence_embedding"].tolist() == [[5.5, 6.5, 7.5]]


def test_pooling_s_older_arguments() -> None:
    assert Pooling(word_embedding_dimension=3, pooling_mode="max").modes == ("max",)
    assert Pooling(3, pooling_mode_cls_token=True).pooling_mode == "cls"
    assert Pooling(3, pooling_mode_mean_tokens=False, pooling_mode_max_tokens=True).modes == ("max",)
    assert Pooling(3, pooling_mode_mean_tokens=True, pooling_mode_cls_token=True).pooling_mode == ("cls", "mean")
    assert Pooling(3, pooling_mode_mean_tokens=False).modes == ("mean",)
    assert Pooling(3, ["mean", "cls"]).get_embedding_dimension() == 6


def test_pooling_s_errors() -> None:
    with pytest.raises(InputError, match=r"pooling_mode must be one of 'cls'.*got 'maen'\. Did you mean 'mean'"):
        Pooling(3, "maen")
    with pytest.raises(InputError, match="embedding_dimension is missing"):
        Pooling()
    with pytest.raises(InputError, match="pooling_mode is empty"):
        Pooling(3, ())
    with pytest.raises(TypeError, match="Did you mean 'pooling_mode_cls_token'"):
        Pooling(3, pooling_mode_cls_tokens=True)
    with pytest.raises(UnsupportedModelError, match="reads 'token_embeddings', which no module before it makes"):
        Pooling(3)({})


# --- Dense, LayerNorm, Normalize, Dropout -----------------------------------------------------------------------------


def test_dense_with_weights_given_computes_its_formula_and_names_weights_as_checkpoints_do() -> None:
    weight, bias = torch.tensor([[1.0, 2.0], [0.0, -1.0], [3.0, 0.0]]), torch.tensor([0.5, 0.0, 0.0])
    dense = Dense(2, 3, activation_function=nn.ReLU(), init_weight=weight, init_bias=bias)
    assert list(dense.state_dict()) == ["linear.weight", "linear.bias"]
    assert dense({"sentence_embedding": torch.tensor([[1.0, 1.0]])})["sentence_embedding"].tolist() == [[3.5, 0, 3]]
    assert dense.get_sentence_embedding_dimension() == 3


def test_a_residual_path_has_weights_only_where_widths_differ() -> None:
    assert list(Dense(2, 3, bias=False, use_residual=True).state_dict()) == ["linear.weight", "residual.weight"]
    assert list(Dense(2, 2, bias=False, use_residual=True).state_dict()) == ["linear.weight"]


def test_dense_on_token_vectors_reads_and_writes_what_it_is_told() -> None:
    dense = Dense(3, 2, module_input_name="token_embeddings")
    features = dense({"token_embeddings": TOKENS})
    assert features["token_embeddings"].shape == (1, 4, 2)
    assert "sentence_embedding" not in features
    other = Dense(3, 2, module_input_name="token_embeddings", module_output_name="projected")
    assert other({"token_embeddings": TOKENS})["projected"].shape == (1, 4, 2)


@pytest.mark.parametrize(
    "name",
    [
        "os.system",
        "torch.load",
        "torch.nn.functional.relu",
        "torch.nn.Parameter",
        "torchx.nn.Tanh",
        "Tanh",
        "",
        "torch.nn",
    ],
)
def test_only_classes_of_torch_nn_are_looked_up_as_activations(name: str) -> None:
    with pytest.raises(UnsupportedModelError, match=r"not a class of torch\.nn"):
        Dense.from_spec(DenseSpec(2, 2, activation=name))


def test_activations_that_a_checkpoint_would_not_restore_are_refused_when_they_are_given() -> None:
    with pytest.raises(InputError, match=r"would come back as GELU\(approximate='none'\)"):
        Dense(2, 2, activation_function=nn.GELU("tanh"))
    with pytest.raises(InputError, match="has arguments or weights"):
        Dense(2, 2, activation_function=nn.PReLU())
    with pytest.raises(InputError, match=r"must be an activation of torch\.nn"):
        Dense(2, 2, activation_function=torch.tanh)  # type: ignore[arg-type]
    with pytest.raises(UnsupportedModelError, match="needs arguments"):
        Dense.from_spec(DenseSpec(2, 2, activation="torch.nn.modules.activation.Threshold"))


@pytest.mark.parametrize(
    "module",
    [
        Pooling(8, ("max", "cls"), include_prompt=False),
        Dense(8, 3, use_residual=True, activation_function=None),
        Dense(8, 8, bias=False, module_input_name="token_embeddings", activation_function=nn.SiLU()),
        Normalize("token_embeddings"),
        LayerNorm(8),
        Dropout(0.4),
    ],
    ids=lambda module: type(module).__name__,
)
def test_a_module_comes_back_from_its_spec_and_from_disk(module: Any, tmp_path: Path) -> None:
    first = module.to_spec()
    for spec in (first, _through_disk(first, tmp_path)):
        again = type(module).from_spec(spec)
        assert again.to_spec() == first
        assert repr(again) == repr(module)
        for name, tensor in module.state_dict().items():
            assert torch.equal(again.state_dict()[name], tensor)


def _through_disk(spec: ModuleSpec, folder: Path) -> ModuleSpec:
    spec.write(folder)
    return type(spec).read(folder)


def test_weights_that_do_not_fit_are_named() -> None:
    with pytest.raises(CorruptCheckpointError, match=r"lack 'linear\.weight'"):
        Dense.from_spec(DenseSpec(2, 2))
    wrong = {"norm.weight": np.ones(3, np.float32), "norm.bias": np.ones(2, np.float32)}
    with pytest.raises(CorruptCheckpointError, match=r"norm\.weight of a LayerNorm .* shape \(3,\).*say \(2,\)"):
        LayerNorm.from_spec(LayerNormSpec(2, wrong))


def test_dropout_works_in_training_only() -> None:
    dropout = Dropout(0.5)
    vector = torch.ones(1, 1000)
    assert (dropout.train()({"sentence_embedding": vector})["sentence_embedding"] == 0).any()
    assert torch.equal(dropout.eval()({"sentence_embedding": vector})["sentence_embedding"], vector)


def test_normalize_of_tiny_half_precision_vectors() -> None:
    """The squares of these numbers are no numbers of float16."""
    vector = torch.tensor([[3e-5, 4e-5]], dtype=torch.float16)
    found = Normalize()({"sentence_embedding": vector})["sentence_embedding"]
    assert found.dtype == torch.float16
    assert found[0].tolist() == pytest.approx([0.6, 0.8], abs=0.01)


# --- Transformer ------------------------------------------------------------------------------------------------------


def test_transformer_returns_the_features_with_token_vectors_added(folder: Path) -> None:
    module = Transformer(folder).eval()
    assert next(iter(module.state_dict())).startswith("auto_model.embeddings.")
    assert module.get_word_embedding_dimension() == module.get_embedding_dimension() == 32
    features = {"input_ids": torch.tensor([[2, 40, 3]]), "attention_mask": torch.ones(1, 3, dtype=torch.int64)}
    found = module({**features, "prompt_length": 2, "something else": "stays"})
    assert found["token_embeddings"].shape == (1, 3, 32)
    assert set(found) == {*features, "prompt_length", "something else", "token_embeddings"}


def test_hidden_states_come_out_when_the_configuration_asks_for_them(folder: Path) -> None:
    module = Transformer(folder, config_kwargs={"output_hidden_states": True}).eval()
    found = module({"input_ids": torch.tensor([[2, 40, 3]]), "attention_mask": torch.ones(1, 3, dtype=torch.int64)})
    assert len(found["all_layer_embeddings"]) == 3  # the embeddings and two layers
    assert torch.equal(found["all_layer_embeddings"][-1], found["token_embeddings"])


@pytest.mark.parametrize("architecture", ["distilbert", "roberta", "modernbert"])
def test_token_types_go_only_to_networks_that_know_them(architecture: str, tmp_path: Path) -> None:
    """RoBERTa's forward takes them but has one type: a 1 would be out of range."""
    module = Transformer(make_tiny_model(tmp_path, architecture)).eval()
    ids = torch.tensor([[2, 40, 3]])
    plain = {"input_ids": ids, "attention_mask": torch.ones_like(ids)}
    typed = {**plain, "token_type_ids": torch.ones_like(ids)}
    assert torch.equal(module(plain)["token_embeddings"], module(typed)["token_embeddings"])


def test_the_length_is_the_folder_s_or_the_one_given_up_to_the_positions(folder: Path) -> None:
    assert Transformer(folder).max_seq_length == 128
    assert Transformer(folder, 50).max_seq_length == 50
    assert Transformer(folder, max_seq_length=1000).max_seq_length == 128
    assert Transformer(folder, do_lower_case=True).to_spec().do_lower_case
    with pytest.raises(InputError, match="max_seq_length must be at least 1; got 0"):
        Transformer(folder, 0)


def test_arguments_reach_transformers(folder: Path) -> None:
    module = Transformer(folder, model_kwargs={"attn_implementation": "eager", "torch_dtype": "bfloat16"})
    assert module.config._attn_implementation == "eager"
    assert module.auto_model.dtype == torch.bfloat16
    assert Transformer(folder).config._attn_implementation == "sdpa"
    assert len(Transformer(folder, config_kwargs={"num_hidden_layers": 1}).auto_model.encoder.layer) == 1
    with pytest.raises(InputError, match=r"cannot load .* with model_kwargs=.*attn_implementation"):
        Transformer(folder, model_kwargs={"attn_implementation": "no_such_attention"})
    with pytest.raises(InputError, match="dtype must be one of"):
        Transformer(folder, model_kwargs={"torch_dtype": "float12"})


def test_loading_and_saving_say_nothing_and_leave_transformers_talkative(
    folder: Path, tmp_path: Path, capfd: Any
) -> None:
    log = transformers.utils.logging
    before = (log.get_verbosity(), log.is_progress_bar_enabled())
    Transformer(folder).save_weights(tmp_path)
    assert capfd.readouterr() == ("", "")
    assert (log.get_verbosity(), log.is_progress_bar_enabled()) == before


def test_folders_that_cannot_be_loaded(tmp_path: Path) -> None:
    with pytest.raises(ModelNotFoundError):
        Transformer(tmp_path / "nowhere")
    folder = make_tiny_model(tmp_path / "a", "bert")
    path = folder / "model.safetensors"
    # Copies: where tensors are views of the file, it must not be written over while they are read.
    weights = {name: tensor.clone() for name, tensor in load_file(path).items()}
    save_file({name: weights[name] for name in weights if "layer.1.output" not in name}, path, {"format": "pt"})
    with pytest.raises(CorruptCheckpointError, match=r"lack 4 tensors .* such as 'encoder\.layer\.1\.output"):
        Transformer(folder)
    save_file({name: weights[name] for name in weights if "pooler" not in name}, path, {"format": "pt"})
    Transformer(folder)  # the pooler is not used
    save_file(weights | {"embeddings.LayerNorm.weight": torch.ones(7)}, path, {"format": "pt"})
    with pytest.raises(CorruptCheckpointError, match=r"do not fit its config\.json"):
        Transformer(folder)
    path.write_bytes(b"version https://git-lfs.github.com/spec/v1")
    with pytest.raises(CheckpointError, match="cannot be read"):
        Transformer(folder)
    path.unlink()
    with pytest.raises(CheckpointError, match="cannot be read"):
        Transformer(folder)
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"model_type": "newest-thing"}))
    with pytest.raises(UnsupportedModelError, match=r"transformers .* does not know how to run .*newest-thing"):
        Transformer(folder)


def test_code_that_comes_with_a_model_runs_only_when_the_user_says_so(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setenv("HF_MODULES_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr("transformers.dynamic_module_utils.HF_MODULES_CACHE", str(tmp_path / "cache"))
    folder = make_tiny_model(tmp_path / "model", "bert")
    (folder / "own_code.py").write_text(
        "from pathlib import Path\n"
        f"Path({str(tmp_path / 'it-ran')!r}).touch()\n"
        "from transformers import BertConfig, BertModel\n"
        "class OwnConfig(BertConfig):\n    model_type = 'own'\n"
        "class OwnModel(BertModel):\n    config_class = OwnConfig\n"
    )
    config = json.loads((folder / "config.json").read_text())
    own = {"model_type": "own", "auto_map": {"AutoConfig": "own_code.OwnConfig", "AutoModel": "own_code.OwnModel"}}
    (folder / "config.json").write_text(json.dumps(config | own))
    with pytest.raises(UnsupportedModelError, match="trust_remote_code"):
        TorchEngine(read(folder), device="cpu")
    assert not (tmp_path / "it-ran").exists()
    engine = TorchEngine(read(folder), device="cpu", trust_remote_code=True)
    assert type(engine.module[0].auto_model).__name__ == "OwnModel"
    assert engine.embed(BATCH).shape == (2, 32)


def test_of_t5_the_encoder_alone_is_loaded(tmp_path: Path) -> None:
    config = transformers.T5Config(
        vocab_size=60, d_model=16, d_kv=8, d_ff=24, num_layers=2, num_heads=2, decoder_start_token_id=0
    )
    network = transformers.T5EncoderModel(config).eval()
    network.save_pretrained(tmp_path)
    engine = TorchEngine(read(tmp_path), device="cpu")
    with torch.no_grad():
        expected = network(torch.tensor(BATCH.ids), torch.tensor(BATCH.mask))[0]
    assert np.abs(engine.embed_tokens(BATCH) - expected.numpy())[BATCH.mask.astype(bool)].max() < 1e-5
    assert engine.embed(BATCH).shape == (2, 16)


# --- the engine -------------------------------------------------------------------------------------------------------


def test_an_engine_has_torch_s_modules_in_evaluation_mode_under_checkpoint_names(engine: TorchEngine) -> None:
    assert [type(module) for module in engine.module] == [Transformer, Pooling, Dense, Normalize]
    assert not any(module.training for module in engine.module.modules())
    names = set(engine.module.state_dict())
    assert {"0.auto_model.embeddings.word_embeddings.weight", "2.linear.weight", "2.linear.bias"} <= names
    assert (engine.device, engine.dtype, engine.token_budget) == ("cpu", "float32", 4096)


def test_the_same_batch_gives_the_same_bits_in_every_thread(engine: TorchEngine) -> None:
    expected = engine.embed(BATCH)
    assert np.allclose(np.linalg.norm(expected, axis=1), 1, atol=1e-6)
    found: list[np.ndarray] = []

    def work() -> None:
        found.extend(engine.embed(BATCH) for _ in range(20))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 80
    assert all(np.array_equal(each, expected) for each in found)


@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
def test_half_precision_comes_out_as_float32(dtype: str, spec: ModelSpec, engine: TorchEngine) -> None:
    half = TorchEngine(spec, dtype, device="cpu")
    assert half.dtype == dtype
    assert {parameter.dtype for parameter in half.module.parameters()} == {getattr(torch, dtype)}
    for method in ("embed", "embed_tokens"):
        found = getattr(half, method)(BATCH)
        assert found.dtype == np.float32
        assert 0 < np.abs(found - getattr(engine, method)(BATCH))[0].max() < 0.2
    assert half.current_modules()[2].tensors["linear.weight"].dtype == np.float32


def test_auto_is_the_dtype_of_the_checkpoint_and_model_kwargs_win(tmp_path: Path) -> None:
    folder = make_tiny_model(tmp_path, "bert", dense=4)
    transformers.AutoModel.from_pretrained(folder, dtype=torch.float16).save_pretrained(folder)
    spec = read(folder)
    assert TorchEngine(spec, "auto", "cpu").dtype == "float16"
    assert TorchEngine(spec, device="cpu").dtype == "float32"  # the default is faithful, not small
    given = TorchEngine(spec, device="cpu", model_kwargs={"torch_dtype": torch.bfloat16})
    assert {parameter.dtype for parameter in given.module.parameters()} == {torch.bfloat16}
    with pytest.raises(InputError, match=r"dtype must be one of 'float32'.*got 'bfloat'\. Did you mean 'bfloat16'"):
        TorchEngine(spec, "bfloat")


def test_devices_that_are_not_there_are_refused_before_anything_is_loaded(spec: ModelSpec) -> None:
    with pytest.raises(InputError, match=r"device must be one that torch knows.*got 'gpu'"):
        TorchEngine(spec, device="gpu")
    if not torch.cuda.is_available():
        with pytest.raises(InputError, match="device 'cuda' cannot be used: torch sees none here"):
            TorchEngine(spec, device="cuda")


@pytest.mark.parametrize(
    ("devices", "rank", "expected"),
    [
        ({}, None, "cpu"),
        ({"cuda": 2}, None, "cuda"),
        ({"cuda": 2}, "1", "cuda:1"),
        ({"cuda": 2}, "5", "cuda"),  # more processes than devices: torch's default
        ({"mps": 1, "xpu": 1}, None, "mps"),
        ({"xpu": 1}, None, "xpu"),
    ],
)
def test_the_best_device_is_chosen(devices: dict[str, int], rank: str | None, expected: str, monkeypatch: Any) -> None:
    monkeypatch.setattr("sbert.engines.torch.devices._count", lambda kind: devices.get(kind, 0))
    monkeypatch.delenv("LOCAL_RANK", raising=False)
    if rank is not None:
        monkeypatch.setenv("LOCAL_RANK", rank)
    assert str(choose_device()) == expected
    if devices.get("cuda"):
        assert str(choose_device("cuda:1")) == "cuda:1"
        with pytest.raises(InputError, match="device 'cuda:2' cannot be used: this machine has 2 of that kind"):
            choose_device("cuda:2")


def test_moving_an_engine_is_seen_in_its_device(engine: TorchEngine) -> None:
    assert engine.to("meta") is engine
    assert (engine.device, engine.token_budget) == ("meta", 32_768)
    with pytest.raises(EngineError, match=r"a batch of shape \(2, 4\) failed on meta"):
        engine.embed(BATCH)


def test_a_failing_forward_pass_names_the_batch(engine: TorchEngine, monkeypatch: Any) -> None:
    beyond = Batch(np.array([[2, 99_999, 3]]), np.ones((1, 3), np.int64))
    with pytest.raises(EngineError, match=r"batch of shape \(1, 3\) failed on cpu: index out of range"):
        engine.embed(beyond)

    def run_out(*_: Any, **__: Any) -> None:
        raise torch.cuda.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB")

    monkeypatch.setattr(engine.module[0], "forward", run_out)
    with pytest.raises(
        EngineError, match=r"\(2, 4\) failed on cpu: CUDA out of memory.* Use smaller batches"
    ) as caught:
        engine.embed(BATCH)
    assert isinstance(caught.value.__cause__, torch.cuda.OutOfMemoryError)


def test_inference_after_training_has_no_dropout(engine: TorchEngine) -> None:
    expected = engine.embed(BATCH)
    engine.module.train()
    assert np.array_equal(engine.embed(BATCH), expected)


def test_arrays_that_come_out_are_the_caller_s(engine: TorchEngine) -> None:
    first = engine.embed_tokens(BATCH)
    kept = first.copy()
    engine.embed_tokens(Batch(BATCH.ids[::-1], BATCH.mask[::-1]))  # arrays need not be contiguous
    assert np.array_equal(first, kept)
    first[:] = 0
    assert np.array_equal(engine.embed_tokens(BATCH), kept)


def test_an_engine_of_modules_put_together_in_memory(folder: Path, engine: TorchEngine) -> None:
    network, dense = Transformer(folder), Dense(32, 20, init_weight=engine.module[2].linear.weight.detach())
    dense.linear.bias.data.copy_(engine.module[2].linear.bias)
    modules = [network, Pooling(network.get_word_embedding_dimension()), dense, Normalize()]
    made = TorchEngine.from_modules(iter(modules), device="cpu")
    assert made.module[2] is dense
    assert made.spec.dimension == 20
    assert made.spec.transformer.max_seq_length == 128
    assert np.array_equal(made.embed(BATCH), engine.embed(BATCH))


def test_modules_that_make_no_model(folder: Path) -> None:
    with pytest.raises(InputError, match="modules is empty"):
        TorchEngine.from_modules([])
    with pytest.raises(UnsupportedModelError, match="starts with Pooling"):
        TorchEngine.from_modules([Pooling(3)])
    with pytest.raises(UnsupportedModelError, match="type Linear cannot be part of a model"):
        TorchEngine.from_modules([Transformer(folder), nn.Linear(2, 2)])


def train_one_step(engine: TorchEngine) -> None:
    """One large step of gradient descent through all modules."""
    engine.module.train()
    optimiser = torch.optim.SGD(engine.module.parameters(), lr=0.5)
    features = {"input_ids": torch.tensor(BATCH.ids), "attention_mask": torch.tensor(BATCH.mask)}
    vectors = engine.module(features)["sentence_embedding"]
    (vectors[0] @ vectors[1]).backward()
    optimiser.step()
    engine.module.eval()


def test_gradients_reach_every_weight_that_is_used(engine: TorchEngine) -> None:
    train_one_step(engine)
    without = [name for name, p in engine.module.named_parameters() if p.grad is None and "pooler" not in name]
    assert without == []


def test_a_trained_model_is_saved_and_read_back(engine: TorchEngine, spec: ModelSpec, tmp_path: Path) -> None:
    before, digest = engine.embed(BATCH), engine.weights_digest()
    assert TorchEngine(spec, device="cpu").weights_digest() == digest
    train_one_step(engine)
    trained = engine.embed(BATCH)
    assert np.abs(trained - before).max() > 0.01
    assert engine.weights_digest() != digest

    current = replace(spec, modules=engine.current_modules())
    assert not np.array_equal(current.modules[2].tensors["linear.weight"], spec.modules[2].tensors["linear.weight"])
    write(current, tmp_path / "saved", engine.save_weights, weights=False)
    again = read(tmp_path / "saved")
    assert np.array_equal(TorchEngine(again, device="cpu").embed(BATCH), trained)
    assert again.modules[1:] == spec.modules[1:]

    # The other engine reads the same folder.
    from sbert.engines.openvino import OpenVINOEngine

    assert np.abs(OpenVINOEngine(again).embed(BATCH) - trained).max() < 1e-4


def test_a_model_is_saved_over_the_folder_it_was_loaded_from(tmp_path: Path) -> None:
    """Its tensors may be maps of the very file that is replaced; and shards of another time must not stay."""
    folder = make_tiny_model(tmp_path, "bert", dense=4)
    transformers.AutoModel.from_pretrained(folder).save_pretrained(folder, max_shard_size="20KB")
    (folder / "model.safetensors").unlink(missing_ok=True)
    assert len(list(folder.glob("model-0*.safetensors"))) > 1
    engine = TorchEngine(read(folder), device="cpu")
    train_one_step(engine)
    trained = engine.embed(BATCH)
    write(replace(engine.spec, modules=engine.current_modules()), folder, engine.save_weights, weights=False)
    assert np.array_equal(engine.embed(BATCH), trained)
    assert [path.name for path in folder.glob("model*")] == ["model.safetensors"]
    assert np.array_equal(TorchEngine(read(folder), device="cpu").embed(BATCH), trained)


def test_settings_are_taken_over_and_weights_are_not(engine: TorchEngine, spec: ModelSpec) -> None:
    before = engine.embed(BATCH)
    prompted = replace(BATCH, prompt_length=1)
    pooling = PoolingSpec(32, include_prompt=False)
    engine.set_spec(replace(spec, modules=(spec.modules[0], pooling, *spec.modules[2:])))
    assert engine.module[1].include_prompt is False
    assert np.array_equal(engine.embed(BATCH), before)
    assert not np.array_equal(engine.embed(prompted), before)
    assert engine.current_modules()[1] == pooling


def test_a_model_with_dropout_and_layer_norm(spec: ModelSpec) -> None:
    ones = {"norm.weight": np.ones(32, np.float32), "norm.bias": np.zeros(32, np.float32)}
    modules = (spec.modules[0], PoolingSpec(32), LayerNormSpec(32, ones), DropoutSpec(0.3), NormalizeSpec())
    engine = TorchEngine(replace(spec, modules=modules), device="cpu")
    assert engine.current_modules()[1:] == modules[1:]
    assert np.allclose(engine.embed(BATCH).mean(axis=1), 0, atol=1e-6)
