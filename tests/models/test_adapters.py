"""A LoRA adapter is merged into its base model: vectors are those of the changed weights."""

import json
import math
import shutil

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from sbert import SentenceTransformer
from sbert.errors import CorruptCheckpointError, ModelNotFoundError, SbertError, UnsupportedModelError
from support.folders import write_json
from support.tiny import make_tiny_model

LAYER = "encoder.layer.0.attention.self.query"
TEXTS = ["the cat sat on the mat", "a dog"]


def make_adapter(folder, base, *, rank=2, **settings):
    """An adapter folder as peft and sentence-transformers save it, for one layer of the base model."""
    random = np.random.default_rng(0)
    width = json.loads((base / "config.json").read_text())["hidden_size"]
    shutil.copytree(base, folder, ignore=shutil.ignore_patterns("config.json", "model.safetensors"))
    shutil.copytree(base / "1_Pooling", folder / "1_Pooling", dirs_exist_ok=True)
    tensors = {
        f"base_model.model.{LAYER}.lora_A.weight": random.normal(size=(rank, width)).astype(np.float32),
        f"base_model.model.{LAYER}.lora_B.weight": random.normal(size=(width, rank)).astype(np.float32),
    }
    save_file(tensors, folder / "adapter_model.safetensors")
    config = {"peft_type": "LORA", "base_model_name_or_path": str(base), "r": rank, "lora_alpha": 6, "bias": "none"}
    write_json(folder / "adapter_config.json", config | settings)
    return tensors


@pytest.mark.parametrize("stabilised", [False, True])
@pytest.mark.parametrize("backend", ["openvino", "torch"])
def test_vectors_are_those_of_the_changed_weights(tmp_path, stabilised, backend):
    base = make_tiny_model(tmp_path / "base", "bert")
    tensors = make_adapter(tmp_path / "adapter", base, use_rslora=stabilised)
    by_hand = tmp_path / "by-hand"
    shutil.copytree(base, by_hand)
    weights = load_file(base / "model.safetensors")
    name = next(name for name in weights if name.endswith(f"{LAYER}.weight"))
    down, up = tensors.values()
    weights[name] = weights[name] + 6 / (math.sqrt(2) if stabilised else 2) * up @ down
    save_file(weights, by_hand / "model.safetensors", {"format": "pt"})

    model = SentenceTransformer(tmp_path / "adapter", backend=backend, device="cpu")
    expected = SentenceTransformer(by_hand, backend=backend, device="cpu").encode(TEXTS)
    np.testing.assert_allclose(model.encode(TEXTS), expected, atol=1e-6)
    plain = SentenceTransformer(base, backend=backend, device="cpu").encode(TEXTS)
    assert np.abs(plain - expected).max() > 1e-3
    model.save_pretrained(tmp_path / "merged")
    assert not (tmp_path / "merged" / "adapter_config.json").exists()
    again = SentenceTransformer(tmp_path / "merged", backend=backend, device="cpu")
    np.testing.assert_allclose(again.encode(TEXTS), expected, atol=1e-6)


def test_it_is_merged_once_and_anew_when_it_changes(tmp_path, monkeypatch):
    from sbert.checkpoints import resolve

    monkeypatch.setenv("SBERT_CACHE", str(tmp_path / "cache"))
    base = make_tiny_model(tmp_path / "base", "bert")
    make_adapter(tmp_path / "adapter", base)
    first = resolve(tmp_path / "adapter").folder
    assert resolve(tmp_path / "adapter").folder == first
    write_json(
        tmp_path / "adapter" / "adapter_config.json",
        json.loads((tmp_path / "adapter" / "adapter_config.json").read_text()) | {"lora_alpha": 7},
    )
    assert resolve(tmp_path / "adapter").folder != first


@pytest.mark.parametrize(
    ("settings", "error", "message"),
    [
        ({"peft_type": "IA3"}, UnsupportedModelError, "adapters of the kind 'IA3' are not merged here"),
        ({"use_dora": True}, UnsupportedModelError, "use_dora is True, which is not merged here"),
        ({"modules_to_save": ["pooler"]}, UnsupportedModelError, r"modules_to_save is \['pooler'\]"),
        ({"base_model_name_or_path": None}, CorruptCheckpointError, "does not name its base model"),
        ({"base_model_name_or_path": "acme/gone"}, ModelNotFoundError, "'acme/gone' is not on this machine"),
    ],
)
def test_what_cannot_be_merged_is_told(tmp_path, settings, error, message):
    base = make_tiny_model(tmp_path / "base", "bert")
    make_adapter(tmp_path / "adapter", base, **settings)
    with pytest.raises(error, match=message):
        SentenceTransformer(tmp_path / "adapter")


def test_an_adapter_of_another_base_is_told(tmp_path):
    base = make_tiny_model(tmp_path / "base", "bert")
    tensors = make_adapter(tmp_path / "adapter", base)
    wrong = {name: np.ones((2, 7) if "lora_A" in name else (7, 2), np.float32) for name in tensors}
    save_file(wrong, tmp_path / "adapter" / "adapter_model.safetensors")
    with pytest.raises(CorruptCheckpointError, match="It belongs to another base model"):
        SentenceTransformer(tmp_path / "adapter")
    save_file({"base_model.model.x.lora_embedding_A": np.ones(2)}, tmp_path / "adapter" / "adapter_model.safetensors")
    with pytest.raises(SbertError, match="is not one of plain LoRA"):
        SentenceTransformer(tmp_path / "adapter")
