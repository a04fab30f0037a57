"""What is written is read back the same, in the forms that older readers know."""

import json

import numpy as np
import pytest

from sbert.checkpoints import ModelSpec, read, write
from sbert.checkpoints.modules import (
    DenseSpec,
    DropoutSpec,
    LayerNormSpec,
    NormalizeSpec,
    PoolingSpec,
    TransformerSpec,
)
from support.folders import bert_folder

GENERATOR = np.random.default_rng(0)


def dense(**settings):
    tensors = {"linear.weight": GENERATOR.normal(size=(4, 8)).astype(np.float32), "linear.bias": np.ones(4, np.float32)}
    return DenseSpec(8, 4, tensors=tensors, **settings)


@pytest.mark.parametrize(
    "module",
    [
        dense(),
        dense(activation="torch.nn.modules.linear.Identity"),
        DenseSpec(8, 4, bias=False, tensors={"linear.weight": np.ones((4, 8), np.float32)}),
        dense(input_name="token_embeddings", output_name="token_embeddings"),
        NormalizeSpec(),
        NormalizeSpec("token_embeddings", "token_embeddings"),
        LayerNormSpec(8, {"norm.weight": np.ones(8, np.float32), "norm.bias": np.zeros(8, np.float32)}),
        DropoutSpec(0.3),
    ],
    ids=lambda module: module.kind,
)
def test_every_module_comes_back(tmp_path, module):
    transformer = TransformerSpec.read(bert_folder(tmp_path / "source"))
    spec = ModelSpec(
        (transformer, PoolingSpec(8), module), prompts={"query": "q: "}, similarity_fn_name="dot", truncate_dim=3
    )
    back = read(write(spec, tmp_path / "saved"))
    assert back.modules[1:] == spec.modules[1:]
    for name, tensor in getattr(module, "tensors", {}).items():
        np.testing.assert_array_equal(back.modules[2].tensors[name], tensor)
    assert (back.prompts, back.similarity_fn_name, back.truncate_dim) == ({"query": "q: "}, "dot", 3)


def test_weights_are_copied_bit_for_bit(tmp_path):
    source = bert_folder(tmp_path / "source")
    write(read(source), tmp_path / "saved")
    assert (tmp_path / "saved" / "model.safetensors").read_bytes() == (source / "model.safetensors").read_bytes()


def test_pickled_weights_become_safetensors(tmp_path):
    import torch

    source = bert_folder(tmp_path / "source")
    (source / "model.safetensors").unlink()
    torch.save({"embeddings.word_embeddings.weight": torch.full((6, 8), 2.0)}, source / "pytorch_model.bin")
    saved = write(read(source), tmp_path / "saved")
    assert not (saved / "pytorch_model.bin").exists()
    assert read(saved).transformer.weights()["embeddings.word_embeddings.weight"][0, 0] == 2.0


def test_the_form_is_one_that_older_readers_know(tmp_path):
    saved = write(read(bert_folder(tmp_path / "source")), tmp_path / "saved")
    modules = json.loads((saved / "modules.json").read_text())
    assert [entry["type"] for entry in modules] == [
        "sentence_transformers.models.Transformer",
        "sentence_transformers.models.Pooling",
    ]
    assert json.loads((saved / "1_Pooling" / "config.json").read_text())["pooling_mode_mean_tokens"] is True
    assert json.loads((saved / "sentence_bert_config.json").read_text())["max_seq_length"] == 64


def test_saving_over_itself_keeps_the_model(tmp_path):
    source = bert_folder(tmp_path / "source")
    before = (source / "model.safetensors").read_bytes()
    write(read(source), source)
    assert (source / "model.safetensors").read_bytes() == before
    assert [module.kind for module in read(source).modules] == ["Transformer", "Pooling"]
