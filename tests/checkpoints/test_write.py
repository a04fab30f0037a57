"""What is written is read back the same, in the forms that older readers know."""

import json
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from sbert.checkpoints import ModelSpec, read, write
from sbert.checkpoints.modules import (
    DenseSpec,
    DropoutSpec,
    LayerNormSpec,
    NormalizeSpec,
    PoolingSpec,
    TransformerSpec,
)
from sbert.errors import CheckpointError, CorruptCheckpointError
from support.folders import bert_folder, write_json

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
    torch = pytest.importorskip("torch", reason="writes what old models have")

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


def test_a_model_that_maps_the_old_files_is_not_disturbed(tmp_path):
    source = bert_folder(tmp_path / "source")
    mapped = read(source).transformer.weights()["embeddings.word_embeddings.weight"]
    other = bert_folder(tmp_path / "other")
    save_file({"embeddings.word_embeddings.weight": np.zeros((2, 8), np.float32)}, other / "model.safetensors")
    write(read(other), source)
    np.testing.assert_array_equal(mapped, np.ones((6, 8)))


def test_nothing_of_an_older_model_is_left_that_a_reader_would_take(tmp_path):
    target = bert_folder(tmp_path / "target")
    for stale in ("tokenizer.json", "sentence_roberta_config.json", "pytorch_model.bin", "adapter_config.json"):
        (target / stale).write_text("{}")
    write_json(target / "2_Normalize" / "config.json", {"module_input_name": "token_embeddings"})
    (target / "notes.txt").write_text("mine")
    source = bert_folder(tmp_path / "source")
    save_file({"a": np.ones(2, np.float32)}, source / "model-00001-of-00001.safetensors")
    (source / "model.safetensors").unlink()
    write_json(source / "model.safetensors.index.json", {"weight_map": {"a": "model-00001-of-00001.safetensors"}})
    spec = read(source)
    saved = write(ModelSpec((*spec.modules, NormalizeSpec())), target)
    assert list(read(saved).transformer.weights()) == ["a"]
    assert read(saved).modules[2] == NormalizeSpec()
    left = {path.name for path in saved.iterdir()}
    assert not left & {"tokenizer.json", "sentence_roberta_config.json", "pytorch_model.bin", "adapter_config.json"}
    assert (saved / "notes.txt").read_text() == "mine"
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def test_a_save_that_fails_leaves_the_old_model(tmp_path):
    target = write(read(bert_folder(tmp_path / "source")), tmp_path / "target")
    before = {path: path.read_bytes() for path in target.rglob("*") if path.is_file()}

    def fail(_folder, _paths):
        raise OSError("disk full")

    with pytest.raises(CheckpointError, match=r"target cannot be written: disk full"):
        write(read(bert_folder(tmp_path / "other", hidden_size=4)), target, fail)
    assert {path: path.read_bytes() for path in target.rglob("*") if path.is_file()} == before


def test_a_folder_that_was_half_replaced_says_so(tmp_path, monkeypatch):
    """As after a crash: the new weights are there, the new list of modules is not."""
    source, target = bert_folder(tmp_path / "source"), write(read(bert_folder(tmp_path / "x")), tmp_path / "target")
    replace = Path.replace

    def crash(self, to):
        if self.name == "config.json":
            raise KeyboardInterrupt
        return replace(self, to)

    monkeypatch.setattr(Path, "replace", crash)
    with pytest.raises(KeyboardInterrupt):
        write(read(source), target)
    with pytest.raises(CorruptCheckpointError, match="lists no module"):
        read(target)
