"""What every engine must compute: the same as transformers, then the same as formulas written out in NumPy.

The references are independent of sbert: the network is run by plain transformers in this file, and pooling, dense
layers and normalisation are loops and formulas.
"""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import transformers
from safetensors.torch import load_file, save_file

from sbert.checkpoints import ModelSpec, read
from sbert.checkpoints.modules import DenseSpec, DropoutSpec, LayerNormSpec, ModuleSpec, NormalizeSpec, PoolingSpec
from sbert.engines.base import Engine
from sbert.errors import UnsupportedModelError
from sbert.text import Batch, load_tokenizer, make_batch, padded_length, plan_batches
from support.tiny import ARCHITECTURES, WORDS, make_tiny_model

TOLERANCE = 1e-4
ENGINES = ("openvino", "torch")
MODES = ("cls", "max", "mean", "mean_sqrt_len_tokens", "weightedmean", "lasttoken")
WIDTH = 32

#: Short, long, cut at the limit, empty, other scripts, and the names of special tokens inside a text.
TEXTS = [
    "The man reads a book.",
    "hello",
    "",
    "Zebras quickly jumped over 42 lazy foxes; naïve café!",
    "日本語 привет",
    "a <pad> b [PAD] c </s> d [SEP] e",
    " ".join(WORDS[:40]),
    " ".join(WORDS[::-1]),
]

#: Settings beyond the defaults that checkpoints of these architectures have.
VARIANTS: dict[str, tuple[str, dict[str, Any]]] = {
    "bert, gelu_new": ("bert", {"hidden_act": "gelu_new"}),
    "bert, relu": ("bert", {"hidden_act": "relu"}),
    "bert, silu": ("bert", {"hidden_act": "silu"}),
    "bert, one type": ("bert", {"type_vocab_size": 1}),
    "bert, large epsilon": ("bert", {"layer_norm_eps": 0.1}),
    "electra, one width": ("electra", {"embedding_size": 32}),
    "distilbert, sinusoidal": ("distilbert", {"sinusoidal_pos_embds": True}),
    "albert, one group": ("albert", {"num_hidden_groups": 1}),
    "albert, inner layers": ("albert", {"inner_group_num": 2}),
    "albert, gelu": ("albert", {"hidden_act": "gelu"}),
    "modernbert, biases": ("modernbert", {"attention_bias": True, "mlp_bias": True, "norm_bias": True}),
    "modernbert, wide window": ("modernbert", {"local_attention": 64}),
    "modernbert, odd window": ("modernbert", {"local_attention": 7}),
    "modernbert, all global": ("modernbert", {"global_attn_every_n_layers": 1}),
    "modernbert, gelu_new": ("modernbert", {"hidden_activation": "gelu_new"}),
}


def make_engine(name: str, spec: ModelSpec, dtype: str = "float32") -> Engine:
    if name == "openvino":
        from sbert.engines.openvino import OpenVINOEngine

        return OpenVINOEngine(spec, dtype)
    from sbert.engines.torch import TorchEngine

    return TorchEngine(spec, dtype, device="cpu")


@pytest.fixture(scope="session")
def specs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, ModelSpec]:
    """A tiny model of each architecture, mean pooling and no normalisation, with its length as sbert reads it."""
    folder = tmp_path_factory.mktemp("tiny")
    return {name: read(make_tiny_model(folder / name, name, normalize=False)) for name in ARCHITECTURES}


@pytest.fixture(scope="module")
def bert(specs: dict[str, ModelSpec]) -> ModelSpec:
    return specs["bert"]


def batch_of(spec: ModelSpec, texts: list[Any], extra: int = 0) -> Batch:
    """All texts in one rectangle, ``extra`` columns wider than the longest."""
    tokenizer = load_tokenizer(spec.transformer)
    tokens = tokenizer.batch(texts)
    return make_batch(tokens, np.arange(len(texts)), int(tokens.lengths.max()) + extra, tokenizer.pad_id)


def run_transformers(folder: Path, batch: Batch) -> np.ndarray:
    """Token vectors by plain transformers, eager attention: (B, T, H)."""
    network = transformers.AutoModel.from_pretrained(folder, dtype=torch.float32, attn_implementation="eager").eval()
    inputs = {"input_ids": torch.tensor(batch.ids), "attention_mask": torch.tensor(batch.mask)}
    if batch.type_ids is not None and getattr(network.config, "type_vocab_size", 0) > 1:
        inputs["token_type_ids"] = torch.tensor(batch.type_ids)
    with torch.no_grad():
        return network(**inputs).last_hidden_state.numpy()


def difference(found: np.ndarray, expected: np.ndarray, mask: np.ndarray) -> float:
    """The largest difference where there is no padding."""
    assert found.shape == expected.shape
    assert found.dtype == np.float32
    return float(np.abs(found - expected)[mask.astype(bool)].max())


# --- the networks -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("architecture", ARCHITECTURES)
@pytest.mark.parametrize("engine_name", ENGINES)
def test_token_vectors_are_those_of_transformers(
    engine_name: str, architecture: str, specs: dict[str, ModelSpec]
) -> None:
    """A batch of all lengths, each text alone, and each text alone with padding after it."""
    spec = specs[architecture]
    engine = make_engine(engine_name, spec)
    whole = batch_of(spec, TEXTS)
    assert whole.ids.shape[1] == spec.transformer.max_seq_length == 128  # the longest text is cut at the limit
    worst = difference(engine.embed_tokens(whole), run_transformers(spec.transformer.folder, whole), whole.mask)
    for text in TEXTS[:4]:
        for extra in (0, 5):
            batch = batch_of(spec, [text], extra)
            expected = run_transformers(spec.transformer.folder, batch)
            assert np.abs(expected).max() > 0.5  # the comparison is of numbers that could differ
            worst = max(worst, difference(engine.embed_tokens(batch), expected, batch.mask))
    assert worst <= TOLERANCE


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("engine_name", ENGINES)
def test_unusual_settings_of_a_network_are_honoured(engine_name: str, variant: str, tmp_path: Path) -> None:
    architecture, overrides = VARIANTS[variant]
    spec = read(make_tiny_model(tmp_path, architecture, normalize=False, **overrides))
    batch = batch_of(spec, TEXTS)
    found = make_engine(engine_name, spec).embed_tokens(batch)
    assert difference(found, run_transformers(tmp_path, batch), batch.mask) <= TOLERANCE


@pytest.mark.parametrize("architecture", ["bert", "electra", "albert", "roberta", "mpnet"])
@pytest.mark.parametrize("engine_name", ENGINES)
def test_pairs_of_texts_have_their_token_types(
    engine_name: str, architecture: str, specs: dict[str, ModelSpec]
) -> None:
    spec = specs[architecture]
    batch = batch_of(spec, [("the dog eats", "a fish"), ("i", "you walk to the sea")])
    assert batch.type_ids is not None
    found = make_engine(engine_name, spec).embed_tokens(batch)
    assert difference(found, run_transformers(spec.transformer.folder, batch), batch.mask) <= TOLERANCE


@pytest.mark.parametrize("architecture", ["bert", "roberta", "mpnet", "electra", "distilbert", "albert", "modernbert"])
@pytest.mark.parametrize("engine_name", ENGINES)
def test_a_network_saved_with_a_head_is_found_under_its_prefix(
    engine_name: str, architecture: str, specs: dict[str, ModelSpec], tmp_path: Path
) -> None:
    """Checkpoints of masked language models keep the network's tensors under ``bert.`` and the like."""
    folder = make_tiny_model(tmp_path / "plain", architecture, normalize=False)
    network = transformers.AutoModelForMaskedLM.from_pretrained(folder)
    network.save_pretrained(folder)
    batch = batch_of(specs[architecture], TEXTS[:4])
    expected = run_transformers(folder, batch)
    assert difference(make_engine(engine_name, read(folder)).embed_tokens(batch), expected, batch.mask) <= TOLERANCE


@pytest.mark.parametrize("engine_name", ENGINES)
def test_the_oldest_names_of_normalisation_weights_are_known(engine_name: str, tmp_path: Path) -> None:
    """Checkpoints converted from TensorFlow say gamma and beta."""
    folder = make_tiny_model(tmp_path, "bert", normalize=False)
    batch = batch_of(read(folder), TEXTS[:4])
    expected = run_transformers(folder, batch)
    path = folder / "model.safetensors"
    old = {"LayerNorm.weight": "LayerNorm.gamma", "LayerNorm.bias": "LayerNorm.beta"}
    tensors = {}
    for name, tensor in load_file(path).items():
        for new_name, old_name in old.items():
            name = name.replace(new_name, old_name)
        tensors[name] = tensor.clone()
    assert any(name.endswith("gamma") for name in tensors)
    save_file(tensors, path, {"format": "pt"})
    assert difference(make_engine(engine_name, read(folder)).embed_tokens(batch), expected, batch.mask) <= TOLERANCE


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
@pytest.mark.parametrize("engine_name", ENGINES)
def test_weights_stored_in_half_precision_are_read_as_they_are(engine_name: str, dtype: str, tmp_path: Path) -> None:
    folder = make_tiny_model(tmp_path, "bert", normalize=False)
    transformers.AutoModel.from_pretrained(folder, dtype=getattr(torch, dtype)).save_pretrained(folder)
    spec = read(folder)
    batch = batch_of(spec, TEXTS[:4])
    found = make_engine(engine_name, spec).embed_tokens(batch)
    assert difference(found, run_transformers(folder, batch), batch.mask) <= TOLERANCE


# --- the modules after them ---------------------------------------------------------------------------------------


def naive_pooling(tokens: np.ndarray, mask: np.ndarray, mode: str, prompt: int = 0) -> np.ndarray:
    """Each text by itself, token after token, as the modes are described: (B, H)."""
    rows = []
    for vectors, shown in zip(tokens.astype(np.float64), mask, strict=True):
        first = int(np.flatnonzero(shown)[0])
        places = [place for place in np.flatnonzero(shown) if place >= first + prompt]
        if mode == "cls":
            row = vectors[places[0]]
        elif mode == "lasttoken":
            row = vectors[places[-1]]
        elif mode == "max":
            row = np.max([vectors[place] for place in places], axis=0)
        elif mode == "weightedmean":
            weights = [place - first + 1 for place in places]
            row = sum(w * vectors[place] for w, place in zip(weights, places, strict=True)) / sum(weights)
        else:
            total = sum(vectors[place] for place in places)
            row = total / (len(places) if mode == "mean" else math.sqrt(len(places)))
        rows.append(row)
    return np.array(rows)


def sentence_difference(
    engine_name: str, spec: ModelSpec, modules: tuple[ModuleSpec, ...], expected: np.ndarray, batch: Batch
) -> float:
    found = make_engine(engine_name, replace(spec, modules=(spec.transformer, *modules))).embed(batch)
    assert found.shape == expected.shape
    assert found.dtype == np.float32
    assert found.flags.writeable  # owned by the caller
    return float(np.abs(found - expected).max())


@pytest.fixture(scope="module")
def batch(bert: ModelSpec) -> Batch:
    return batch_of(bert, TEXTS[:7], extra=3)  # padding after every text


@pytest.fixture(scope="module")
def tokens(bert: ModelSpec, batch: Batch) -> np.ndarray:
    """Token vectors of the batch by transformers: (B, T, H)."""
    return run_transformers(bert.transformer.folder, batch)


@pytest.mark.parametrize("architecture", ARCHITECTURES)
@pytest.mark.parametrize("engine_name", ENGINES)
def test_sentence_vectors_of_every_architecture(
    engine_name: str, architecture: str, specs: dict[str, ModelSpec]
) -> None:
    spec = specs[architecture]
    batch = batch_of(spec, TEXTS)
    expected = naive_pooling(run_transformers(spec.transformer.folder, batch), batch.mask, "mean")
    assert sentence_difference(engine_name, spec, (PoolingSpec(WIDTH),), expected, batch) <= TOLERANCE


@pytest.mark.parametrize("architecture", ARCHITECTURES)
@pytest.mark.parametrize("engine_name", ENGINES)
def test_the_first_token_s_vector_of_every_architecture(
    engine_name: str, architecture: str, specs: dict[str, ModelSpec]
) -> None:
    """Where no other is read, the last layer computes no other."""
    spec = specs[architecture]
    batch = batch_of(spec, TEXTS)
    expected = run_transformers(spec.transformer.folder, batch)[:, 0]
    assert sentence_difference(engine_name, spec, (PoolingSpec(WIDTH, ("cls",)),), expected, batch) <= TOLERANCE


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("engine_name", ENGINES)
def test_pooling_modes(engine_name: str, mode: str, bert: ModelSpec, batch: Batch, tokens: np.ndarray) -> None:
    expected = naive_pooling(tokens, batch.mask, mode)
    assert sentence_difference(engine_name, bert, (PoolingSpec(WIDTH, (mode,)),), expected, batch) <= TOLERANCE


@pytest.mark.parametrize("modes", [("mean", "cls"), ("lasttoken", "max", "mean"), MODES])
@pytest.mark.parametrize("engine_name", ENGINES)
def test_several_modes_are_concatenated_in_the_order_given(
    engine_name: str, modes: tuple[str, ...], bert: ModelSpec, batch: Batch, tokens: np.ndarray
) -> None:
    expected = np.concatenate([naive_pooling(tokens, batch.mask, mode) for mode in modes], axis=1)
    assert sentence_difference(engine_name, bert, (PoolingSpec(WIDTH, modes),), expected, batch) <= TOLERANCE


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("include_prompt", [False, True])
@pytest.mark.parametrize("engine_name", ENGINES)
def test_a_prompt_takes_part_or_not(engine_name: str, include_prompt: bool, mode: str, bert: ModelSpec) -> None:
    """Left out of pooling, but not of attention; and the next batch, without a prompt, is not touched by it."""
    prompt = "read this book : "
    with_prompt = batch_of(bert, [prompt + text for text in ("the dog", "a cat and a bird walk home", "")])
    length = load_tokenizer(bert.transformer).prompt_length(prompt)
    assert length == 5  # [CLS] and four words
    with_prompt = replace(with_prompt, prompt_length=length)
    tokens = run_transformers(bert.transformer.folder, with_prompt)
    expected = naive_pooling(tokens, with_prompt.mask, mode, 0 if include_prompt else length)
    spec = replace(bert, modules=(bert.transformer, PoolingSpec(WIDTH, (mode,), include_prompt)))
    engine = make_engine(engine_name, spec)
    assert np.abs(engine.embed(with_prompt) - expected).max() <= TOLERANCE
    assert with_prompt.mask.sum() == with_prompt.lengths.sum()  # the batch's mask is as it was
    plain = replace(with_prompt, prompt_length=0)
    assert np.abs(engine.embed(plain) - naive_pooling(tokens, plain.mask, mode)).max() <= TOLERANCE


def dense_spec(**options: Any) -> DenseSpec:
    random = np.random.default_rng(3)
    out, into = options.get("out_features", 20), options.get("in_features", WIDTH)
    tensors = {"linear.weight": random.normal(size=(out, into)) / 4, "linear.bias": random.normal(size=out)}
    if not options.get("bias", True):
        del tensors["linear.bias"]
    if options.get("use_residual") and out != into:
        tensors["residual.weight"] = random.normal(size=(out, into))
    float32 = {name: tensor.astype(np.float32) for name, tensor in tensors.items()}
    return DenseSpec(**{"in_features": into, "out_features": out, **options}, tensors=float32)


_FORMULAS: dict[str, Any] = {
    "activation.Tanh": np.tanh,
    "linear.Identity": lambda x: x,
    "activation.ReLU": lambda x: np.maximum(x, 0),
    "activation.GELU": lambda x: x * np.vectorize(lambda v: 0.5 * (1 + math.erf(v / math.sqrt(2))))(x),
    "activation.SiLU": lambda x: x / (1 + np.exp(-x)),
    "activation.Sigmoid": lambda x: 1 / (1 + np.exp(-x)),
}


def naive_dense(x: np.ndarray, spec: DenseSpec) -> np.ndarray:
    weights = spec.tensors
    y = x @ weights["linear.weight"].T + weights.get("linear.bias", 0)
    y = _FORMULAS[spec.activation.removeprefix("torch.nn.modules.")](y)
    if spec.use_residual:
        y = y + (x @ weights["residual.weight"].T if "residual.weight" in weights else x)
    return y


@pytest.mark.parametrize("residual", [False, True], ids=["plain", "residual"])
@pytest.mark.parametrize("activation", _FORMULAS)
@pytest.mark.parametrize("engine_name", ENGINES)
def test_dense_activations(
    engine_name: str, activation: str, residual: bool, bert: ModelSpec, batch: Batch, tokens: np.ndarray
) -> None:
    dense = dense_spec(activation=f"torch.nn.modules.{activation}", use_residual=residual)
    expected = naive_dense(naive_pooling(tokens, batch.mask, "mean"), dense)
    assert sentence_difference(engine_name, bert, (PoolingSpec(WIDTH), dense), expected, batch) <= TOLERANCE


@pytest.mark.parametrize(
    "options", [{"bias": False}, {"out_features": WIDTH, "use_residual": True}, {"out_features": 1}]
)
@pytest.mark.parametrize("engine_name", ENGINES)
def test_dense_without_bias_and_of_the_same_width(
    engine_name: str, options: dict[str, Any], bert: ModelSpec, batch: Batch, tokens: np.ndarray
) -> None:
    dense = dense_spec(**options)
    expected = naive_dense(naive_pooling(tokens, batch.mask, "mean"), dense)
    assert sentence_difference(engine_name, bert, (PoolingSpec(WIDTH), dense), expected, batch) <= TOLERANCE


@pytest.mark.parametrize("engine_name", ENGINES)
def test_an_activation_that_is_not_torch_s_is_refused(engine_name: str, bert: ModelSpec) -> None:
    dense = dense_spec(activation="os.system")
    spec = replace(bert, modules=(bert.transformer, PoolingSpec(WIDTH), dense))
    with pytest.raises(UnsupportedModelError, match=r"os\.system"):
        make_engine(engine_name, spec)


@pytest.mark.parametrize("engine_name", ENGINES)
def test_layer_norm_dropout_and_normalize_in_a_row(
    engine_name: str, bert: ModelSpec, batch: Batch, tokens: np.ndarray
) -> None:
    random = np.random.default_rng(4)
    weight, bias = (random.normal(size=WIDTH).astype(np.float32) for _ in range(2))
    norm = LayerNormSpec(WIDTH, {"norm.weight": weight, "norm.bias": bias})
    x = naive_pooling(tokens, batch.mask, "cls")
    x = (x - x.mean(1, keepdims=True)) / np.sqrt(x.var(1, keepdims=True) + 1e-5) * weight + bias
    modules = (PoolingSpec(WIDTH, ("cls",)), norm, DropoutSpec(0.5))
    assert sentence_difference(engine_name, bert, modules, x, batch) <= TOLERANCE
    x = x / np.linalg.norm(x, axis=1, keepdims=True)
    assert sentence_difference(engine_name, bert, (*modules, NormalizeSpec()), x, batch) <= TOLERANCE


@pytest.mark.parametrize("engine_name", ENGINES)
def test_normalize_leaves_a_vector_of_zeros(engine_name: str, bert: ModelSpec, batch: Batch) -> None:
    dense = dense_spec(activation="torch.nn.modules.linear.Identity")
    zero = replace(dense, tensors={name: tensor * 0 for name, tensor in dense.tensors.items()})
    spec = replace(bert, modules=(bert.transformer, PoolingSpec(WIDTH), zero, NormalizeSpec()))
    assert (make_engine(engine_name, spec).embed(batch) == 0).all()


@pytest.mark.parametrize("engine_name", ENGINES)
def test_modules_on_token_vectors(engine_name: str, bert: ModelSpec, batch: Batch, tokens: np.ndarray) -> None:
    """As in multi-vector models, with no pooling; and in front of pooling."""
    names = {"input_name": "token_embeddings", "output_name": "token_embeddings"}
    dense = dense_spec(activation="torch.nn.modules.linear.Identity", bias=False, **names)
    projected = naive_dense(tokens.astype(np.float64), dense)
    unit = projected / np.linalg.norm(projected, axis=2, keepdims=True)
    modules = (bert.transformer, dense, NormalizeSpec("token_embeddings", "token_embeddings"))
    engine = make_engine(engine_name, replace(bert, modules=modules))
    assert difference(engine.embed_tokens(batch), unit.astype(np.float32), batch.mask) <= TOLERANCE

    pooled = make_engine(engine_name, replace(bert, modules=(*modules, PoolingSpec(20))))
    assert np.abs(pooled.embed(batch) - naive_pooling(unit, batch.mask, "mean")).max() <= TOLERANCE
    assert difference(pooled.embed_tokens(batch), unit.astype(np.float32), batch.mask) <= TOLERANCE


@pytest.mark.parametrize("engine_name", ENGINES)
def test_changed_settings_are_taken_over(engine_name: str, bert: ModelSpec, batch: Batch, tokens: np.ndarray) -> None:
    engine = make_engine(engine_name, bert)
    prompted = replace(batch_of(bert, ["read this book"]), prompt_length=3)
    before = engine.embed(prompted)
    engine.set_spec(replace(bert, modules=(bert.transformer, PoolingSpec(WIDTH, include_prompt=False))))
    after = engine.embed(prompted)
    vectors = run_transformers(bert.transformer.folder, prompted)
    assert np.abs(before - naive_pooling(vectors, prompted.mask, "mean")).max() <= TOLERANCE
    assert np.abs(after - naive_pooling(vectors, prompted.mask, "mean", 3)).max() <= TOLERANCE


# --- the same bits --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("engine_name", ENGINES)
def test_in_bulk_vectors_are_the_same(engine_name: str, bert: ModelSpec, batch: Batch) -> None:
    engine = make_engine(engine_name, bert)
    at_once, forward = engine.for_bulk(1 << 40)
    assert at_once >= 1
    np.testing.assert_array_equal(forward(batch), engine.embed(batch))


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
@pytest.mark.parametrize("mode", ["mean", "cls"])
@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_openvino_gives_the_same_bits_alone_and_in_any_batch(
    architecture: str, mode: str, dtype: str, tmp_path: Path
) -> None:
    from sbert.engines.openvino.runtime import cpu_capabilities

    if dtype == "bfloat16" and "BF16" not in cpu_capabilities():
        pytest.skip("this processor has no bfloat16 arithmetic")
    # Wider than the other tests' networks: a processor with AMX rounds rows 32 wide as their number has it.
    wide = {"dim": 64} if architecture == "distilbert" else {"hidden_size": 64}
    spec = read(make_tiny_model(tmp_path, architecture, pooling=(mode,), **wide))
    engine = make_engine("openvino", spec, dtype)
    tokenizer = load_tokenizer(spec.transformer)
    random = np.random.default_rng(5)
    sizes = [0, 1, 2, 3, 3, 3, 5, 7, 7, 12, 12, 13, 20, 20, 21, 30, 59, 60, 61, 90, 90, 91, 150]
    texts = [" ".join(random.choice(WORDS, size)) for size in sizes]
    tokens = tokenizer.batch(texts)
    alone = np.empty((len(texts), spec.dimension), np.float32)
    for row in range(len(texts)):
        width = int(padded_length(tokens.lengths[row : row + 1])[0])
        alone[row] = engine.embed(make_batch(tokens, np.array([row]), width, tokenizer.pad_id))[0]
    assert np.isfinite(alone).all()
    for budget in (100, 4096):
        together = np.empty_like(alone)
        for width, rows in plan_batches(tokens.lengths, budget):
            together[rows] = engine.embed(make_batch(tokens, rows, width, tokenizer.pad_id))
        different = np.flatnonzero((together.view(np.uint32) != alone.view(np.uint32)).any(axis=1))
        assert not len(different), (
            f"texts of {tokens.lengths[different]} tokens differ, by {np.abs(together - alone).max()}"
        )
