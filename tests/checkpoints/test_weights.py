"""Weights are read as they are, mapped not copied, and damage is told."""

import json

import numpy as np
import pytest
import torch
from safetensors.numpy import save_file
from safetensors.torch import save_file as save_torch

from sbert.checkpoints.weights import open_weights, save_tensors, weight_files
from sbert.errors import CheckpointError, CorruptCheckpointError


def test_reads_every_dtype_exactly(tmp_path):
    generator = torch.Generator().manual_seed(0)
    tensors = {
        str(dtype): torch.randint(-9, 9, (3, 5), generator=generator).to(dtype)
        for dtype in (torch.float64, torch.float32, torch.float16, torch.bfloat16, torch.int64, torch.int8, torch.uint8)
    }
    save_torch(tensors, tmp_path / "model.safetensors")
    weights = open_weights(tmp_path)
    assert set(weights) == set(tensors)
    for name, tensor in tensors.items():
        np.testing.assert_array_equal(weights[name], tensor.to(torch.float64).numpy())
        assert weights.float32(name).dtype == np.float32
        assert weights.shape(name) == (3, 5)


def test_bfloat16_widens_without_loss(tmp_path):
    values = torch.randn(1000, generator=torch.Generator().manual_seed(1)).to(torch.bfloat16)
    save_torch({"x": values}, tmp_path / "model.safetensors")
    np.testing.assert_array_equal(open_weights(tmp_path)["x"], values.float().numpy())


def test_float32_is_a_view_of_the_file(tmp_path):
    save_file({"x": np.arange(12, dtype=np.float32).reshape(3, 4)}, tmp_path / "model.safetensors")
    array = open_weights(tmp_path).float32("x")
    base = array
    while base.base is not None and not isinstance(base, np.memmap):
        base = base.base
    assert not array.flags.owndata
    assert type(base).__name__ in ("memmap", "mmap")


def test_writing_to_an_array_leaves_the_file_alone(tmp_path):
    save_file({"x": np.zeros(4, np.float32)}, tmp_path / "model.safetensors")
    before = (tmp_path / "model.safetensors").read_bytes()
    open_weights(tmp_path)["x"][:] = 7
    assert (tmp_path / "model.safetensors").read_bytes() == before


def test_shards_are_joined(tmp_path):
    save_file({"a": np.ones(2, np.float32)}, tmp_path / "model-00001-of-00002.safetensors")
    save_file({"b": np.zeros(3, np.float32)}, tmp_path / "model-00002-of-00002.safetensors")
    index = {"weight_map": {"a": "model-00001-of-00002.safetensors", "b": "model-00002-of-00002.safetensors"}}
    (tmp_path / "model.safetensors.index.json").write_text(json.dumps(index))
    weights = open_weights(tmp_path)
    assert sorted(weights) == ["a", "b"]
    assert weights.parameters == 5
    assert weights.nbytes == 20


def test_a_missing_shard_is_named(tmp_path):
    (tmp_path / "model.safetensors.index.json").write_text(json.dumps({"weight_map": {"a": "gone.safetensors"}}))
    with pytest.raises(CorruptCheckpointError, match=r"names 'gone\.safetensors', which is not in the folder"):
        open_weights(tmp_path)


def test_an_index_cannot_lead_outside(tmp_path):
    (tmp_path / "model.safetensors.index.json").write_text(json.dumps({"weight_map": {"a": "../x.safetensors"}}))
    with pytest.raises(CorruptCheckpointError, match="leads outside the folder"):
        open_weights(tmp_path)


def test_tied_tensors_are_found_under_both_names(tmp_path):
    save_file(
        {"decoder.weight": np.ones(2, np.float32)}, tmp_path / "model.safetensors", {"encoder.weight": "decoder.weight"}
    )
    np.testing.assert_array_equal(open_weights(tmp_path)["encoder.weight"], np.ones(2))


def test_pickled_weights_are_read_as_tensors_only(tmp_path):
    torch.save({"x": torch.ones(2), "y": torch.ones(2, dtype=torch.bfloat16)}, tmp_path / "pytorch_model.bin")
    weights = open_weights(tmp_path)
    np.testing.assert_array_equal(weights["x"], np.ones(2))
    np.testing.assert_array_equal(weights["y"], np.ones(2))


def test_a_pickle_with_code_is_refused(tmp_path):
    marker = tmp_path / "ran"

    class Harmful:
        def __reduce__(self):
            return (marker.touch, ())

    torch.save({"x": Harmful()}, tmp_path / "pytorch_model.bin")
    with pytest.raises(CorruptCheckpointError, match="cannot be read as plain tensors"):
        open_weights(tmp_path)
    assert not marker.exists()


@pytest.mark.parametrize("content", [b"", b"\x00" * 40, b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n"])
def test_a_damaged_file_is_told(tmp_path, content):
    (tmp_path / "model.safetensors").write_bytes(content)
    with pytest.raises(CorruptCheckpointError, match="is not a readable safetensors file"):
        open_weights(tmp_path)


def test_a_file_cut_short_is_told(tmp_path):
    path = tmp_path / "model.safetensors"
    save_file({"x": np.ones(1000, np.float32)}, path)
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(CorruptCheckpointError, match="is not a readable safetensors file"):
        open_weights(tmp_path)


def test_a_folder_without_weights_is_told(tmp_path):
    assert weight_files(tmp_path) == []
    with pytest.raises(CheckpointError, match=r"holds no weights: looked for model\.safetensors"):
        open_weights(tmp_path)


def test_a_missing_tensor_offers_the_closest(tmp_path):
    save_file({"encoder.weight": np.ones(2, np.float32)}, tmp_path / "model.safetensors")
    with pytest.raises(CorruptCheckpointError, match=r"has no tensor 'encoder.weigth'.*Did you mean 'encoder.weight'"):
        open_weights(tmp_path).float32("encoder.weigth")


def test_a_written_file_may_be_read_by_whom_others_may(tmp_path):
    (tmp_path / "other").touch()
    save_tensors({"x": np.ones(3, np.float32)}, tmp_path / "model.safetensors")
    assert (tmp_path / "model.safetensors").stat().st_mode == (tmp_path / "other").stat().st_mode
    np.testing.assert_array_equal(open_weights(tmp_path)["x"], np.ones(3))
