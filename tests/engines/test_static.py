"""The static engine against loops and formulas in float64."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from sbert import SentenceTransformer
from sbert.checkpoints import read
from sbert.checkpoints.modules import (
    DenseSpec,
    DropoutSpec,
    LayerNormSpec,
    NormalizeSpec,
    PoolingSpec,
    StaticEmbeddingSpec,
)
from sbert.engines.select import make_engine
from sbert.engines.static import StaticEngine
from sbert.engines.static.pooling import mean_rows, sum_rows
from sbert.errors import EngineError, InputError, UnsupportedModelError
from sbert.text import Tokens, load_tokenizer, make_batch
from support.static import WIDTH, loop_vectors, static_folder
from support.tiny import WORDS, make_tiny_model

TEXTS = [
    "The man reads a book.",
    "hello",
    "",
    "   ",
    "Zebras quickly jumped over 42 lazy foxes; naïve café!",
    "日本語 привет ☃",
    " ".join(WORDS),
    " ".join(WORDS * 5),
]


def engine_and_tokens(folder, texts=TEXTS):
    spec = read(folder)
    return StaticEngine(spec), load_tokenizer(spec.input).batch(texts)


@pytest.mark.parametrize("normalize", [True, False])
@pytest.mark.parametrize("dtype", ["float32", "float16", "int8"])
@pytest.mark.parametrize("form", ["sentence-transformers", "model2vec"])
def test_vectors_are_those_of_a_loop(tmp_path, form, dtype, normalize):
    folder = static_folder(tmp_path, form, dtype=dtype, normalize=normalize)
    engine, tokens = engine_and_tokens(folder)
    table = read(folder).modules[0].table()
    assert table.dtype == dtype  # it stays as small as it is stored
    skip = "[UNK]" if form == "model2vec" else None
    expected = loop_vectors(folder, TEXTS, table, skip=skip, normalize=normalize)
    found = engine.embed_flat(tokens)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected, rtol=2e-5, atol=2e-5)
    assert not found[2:4].any()  # no token, no direction


def test_a_mapping_and_weights_are_multiplied_out(tmp_path):
    folder = static_folder(tmp_path, "model2vec", mapped=True)
    engine, tokens = engine_and_tokens(folder)
    weights = read(folder).modules[0].weights()
    table = weights["embeddings"][weights["mapping"]] * weights["weights"][:, None]
    expected = loop_vectors(folder, TEXTS, table, skip="[UNK]")
    np.testing.assert_allclose(engine.embed_flat(tokens), expected, atol=2e-6)


def test_a_padded_batch_gives_the_same_bits(tmp_path):
    engine, tokens = engine_and_tokens(static_folder(tmp_path))
    batch = make_batch(tokens, np.arange(len(TEXTS)), int(tokens.lengths.max()) + 3, pad_id=10**6)
    flat = engine.embed_flat(tokens)
    np.testing.assert_array_equal(engine.embed(batch), flat)
    token_vectors = engine.embed_tokens(batch)
    assert token_vectors.shape == (*batch.ids.shape, WIDTH)
    table = read(tmp_path).modules[0].table()
    np.testing.assert_array_equal(token_vectors[batch.mask.astype(bool)], table[tokens.ids])


@given(st.lists(st.integers(0, 700), min_size=1, max_size=30), st.randoms(use_true_random=False))
@settings(max_examples=30, deadline=None)
def test_a_texts_sum_does_not_depend_on_its_company(lengths, random):
    generator = np.random.default_rng(0)
    table = generator.standard_normal((50, 7)).astype(np.float32)
    starts = np.concatenate([[0], np.cumsum(lengths)])
    ids = generator.integers(0, 50, starts[-1])
    together = sum_rows(table, ids, starts)
    for number, length in enumerate(lengths):
        own = ids[starts[number] : starts[number] + length]
        np.testing.assert_array_equal(sum_rows(table, own, np.array([0, length]))[0], together[number])
        np.testing.assert_allclose(together[number], table[own].astype(np.float64).sum(axis=0), atol=1e-4)
    order = list(range(len(lengths)))
    random.shuffle(order)
    mixed = np.concatenate([ids[starts[n] : starts[n + 1]] for n in order])
    mixed_starts = np.concatenate([[0], np.cumsum([lengths[n] for n in order])])
    np.testing.assert_array_equal(sum_rows(table, mixed, mixed_starts), together[order])


def test_more_texts_than_are_summed_together():
    table = np.random.default_rng(0).standard_normal((9, 4)).astype(np.float32)
    lengths = np.arange(2000) % 11
    starts = np.concatenate([[0], np.cumsum(lengths)])
    ids = np.arange(starts[-1]) % 9
    expected = [table[ids[a:b]].mean(axis=0) if b > a else np.zeros(4) for a, b in pairwise(starts)]
    np.testing.assert_allclose(mean_rows(table, ids, starts), expected, atol=1e-6)


def test_a_text_has_the_same_bits_in_any_call(tmp_path):
    """Through the model: alone, among many, in another order, and with modules that multiply."""
    generator = np.random.default_rng(1)
    folder = static_folder(tmp_path, normalize=False)
    tensors = {"linear.weight": generator.standard_normal((40, WIDTH)).astype(np.float32)}
    dense = DenseSpec(WIDTH, 40, bias=False, tensors=tensors)
    model = SentenceTransformer(folder)
    model.engine.set_spec(replace(model.spec, modules=(model.spec.modules[0], dense, NormalizeSpec())))
    texts = [" ".join(generator.choice(WORDS, length)) for length in generator.integers(1, 40, 300)]
    together = model.encode(texts)
    order = generator.permutation(len(texts))
    np.testing.assert_array_equal(model.encode([texts[n] for n in order]), together[order])
    for number in range(0, 300, 17):
        np.testing.assert_array_equal(model.encode(texts[number]), together[number])


ACTIVATIONS = {
    "torch.nn.modules.activation.Tanh": np.tanh,
    "torch.nn.modules.activation.ReLU": lambda x: np.maximum(x, 0),
    "torch.nn.modules.activation.Sigmoid": lambda x: 1 / (1 + np.exp(-x)),
    "torch.nn.modules.activation.SiLU": lambda x: x / (1 + np.exp(-x)),
    "torch.nn.modules.linear.Identity": lambda x: x,
}


@pytest.mark.parametrize("residual", [False, True])
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_dense(tmp_path, activation, residual):
    generator = np.random.default_rng(2)
    shapes = {"linear.weight": (10, WIDTH), "linear.bias": (10,), "residual.weight": (10, WIDTH)}
    tensors = {name: generator.standard_normal(shape).astype(np.float32) for name, shape in shapes.items()}
    spec = read(static_folder(tmp_path, normalize=False))
    dense = DenseSpec(WIDTH, 10, True, activation, use_residual=residual, tensors=tensors)
    tokens = load_tokenizer(spec.input).batch(TEXTS)
    x = loop_vectors(tmp_path, TEXTS, spec.modules[0].table(), normalize=False)
    expected = ACTIVATIONS[activation](x @ tensors["linear.weight"].T + tensors["linear.bias"])
    if residual:
        expected = expected + x @ tensors["residual.weight"].T
    found = StaticEngine(replace(spec, modules=(*spec.modules, dense))).embed_flat(tokens)
    np.testing.assert_allclose(found, expected, atol=2e-5)


def test_layer_norm_and_dropout(tmp_path):
    generator = np.random.default_rng(3)
    tensors = {name: generator.standard_normal(WIDTH).astype(np.float32) for name in ("norm.weight", "norm.bias")}
    spec = read(static_folder(tmp_path, normalize=False))
    modules = (spec.modules[0], DropoutSpec(0.5), LayerNormSpec(WIDTH, tensors))
    tokens = load_tokenizer(spec.input).batch(TEXTS)
    x = loop_vectors(tmp_path, TEXTS, spec.modules[0].table(), normalize=False)
    centred = x - x.mean(axis=1, keepdims=True)
    expected = centred / np.sqrt((centred**2).mean(axis=1, keepdims=True) + 1e-5)
    expected = expected * tensors["norm.weight"] + tensors["norm.bias"]
    found = StaticEngine(replace(spec, modules=modules)).embed_flat(tokens)
    np.testing.assert_allclose(found, expected, atol=5e-5)


def test_a_token_without_a_row_is_an_error(tmp_path):
    engine, _ = engine_and_tokens(static_folder(tmp_path))
    tokens = Tokens(np.array([3, 10**6]), None, np.array([0, 2]), np.zeros(1, np.int64))
    with pytest.raises(EngineError, match=r"token number 1000000; the table has \d+ rows"):
        engine.embed_flat(tokens)


@pytest.mark.parametrize(
    ("module", "reason"),
    [
        (PoolingSpec(WIDTH), "module Pooling is not known to it"),
        (NormalizeSpec("token_embeddings", "token_embeddings"), "works on token vectors"),
        (DenseSpec(WIDTH, 4, activation="torch.nn.modules.activation.GELU"), "activation .*GELU"),
    ],
    ids=["pooling", "token vectors", "activation"],
)
def test_what_cannot_follow_is_named(tmp_path, module, reason):
    spec = read(static_folder(tmp_path))
    with pytest.raises(UnsupportedModelError, match=reason):
        StaticEngine(replace(spec, modules=(spec.modules[0], module)))


def test_which_engine(tmp_path):
    static, network = read(static_folder(tmp_path / "a")), read(make_tiny_model(tmp_path / "b", "bert"))
    assert make_engine(static).name == make_engine(static, backend="static").name == "static"
    assert isinstance(static.input, StaticEmbeddingSpec)
    with pytest.raises(UnsupportedModelError, match="does not start with a StaticEmbedding"):
        make_engine(network, backend="static")
    with pytest.raises(UnsupportedModelError, match="does not start with a Transformer"):
        make_engine(static, backend="openvino")
    assert make_engine(static, backend="torch", device="cpu").name == "torch"
    with pytest.raises(InputError, match=r"got device='cuda'\. Leave device out"):
        make_engine(static, backend="static", device="cuda")
    if not torch.cuda.is_available():
        with pytest.raises(InputError, match="cuda"):
            make_engine(static, device="cuda")  # another device is torch's
    with pytest.raises(InputError, match="dtype of a static model must be one of 'float32'; got 'bfloat16'"):
        make_engine(static, dtype="bfloat16")
