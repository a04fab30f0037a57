"""Folders of static models: both forms are read, and what is written can be read again by others."""

import json

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from sbert.checkpoints import read, write
from sbert.checkpoints.modules import NormalizeSpec, StaticEmbeddingSpec
from sbert.errors import CheckpointError, CorruptCheckpointError, TokenizerNotFoundError
from sbert.text import load_tokenizer
from support.folders import bert_folder, write_json
from support.static import WIDTH, static_folder


@pytest.mark.parametrize("listed", [True, False])
@pytest.mark.parametrize("form", ["sentence-transformers", "model2vec"])
def test_both_forms_are_read(tmp_path, form, listed):
    spec = read(static_folder(tmp_path, form, listed=listed))
    first = spec.input
    assert isinstance(first, StaticEmbeddingSpec)
    assert (first.dimension, spec.dimension, first.max_seq_length) == (WIDTH, WIDTH, None)
    assert first.skip_unknown == (form == "model2vec")
    # Without a list of modules nothing says of the plain form that vectors get length one; model2vec's settings do.
    assert len(spec.modules) == (2 if listed or form == "model2vec" else 1)


def test_a_folder_of_model2vec_that_does_not_normalize(tmp_path):
    assert len(read(static_folder(tmp_path, "model2vec", listed=False, normalize=False)).modules) == 1


def test_a_network_is_not_taken_for_a_static_model(tmp_path):
    assert not StaticEmbeddingSpec.is_plain(bert_folder(tmp_path))
    assert not StaticEmbeddingSpec.is_plain(tmp_path / "nothing")


@pytest.mark.parametrize("form", ["sentence-transformers", "model2vec"])
def test_it_is_written_as_it_was_read(tmp_path, form):
    spec = read(static_folder(tmp_path / "a", form))
    back = read(write(spec, tmp_path / "b"))
    assert back.modules[1:] == spec.modules[1:] == (NormalizeSpec(),)
    assert back.input.skip_unknown == spec.input.skip_unknown
    np.testing.assert_array_equal(back.input.table(), spec.input.table())
    assert (tmp_path / "b" / "tokenizer.json").read_bytes() == (tmp_path / "a" / "tokenizer.json").read_bytes()
    entry = json.loads((tmp_path / "b" / "modules.json").read_text())[0]
    assert (entry["path"], entry["type"]) == ("", "sentence_transformers.models.StaticEmbedding")


def test_a_mapping_is_multiplied_out_when_written(tmp_path):
    spec = read(static_folder(tmp_path / "a", "model2vec", mapped=True))
    write(spec, tmp_path / "b")
    assert list(load_file(tmp_path / "b" / "model.safetensors")) == ["embeddings"]
    np.testing.assert_array_equal(read(tmp_path / "b").input.table(), spec.input.table())


@pytest.mark.parametrize(("stored", "written"), [("int8", "float32"), ("float16", "float16")])
def test_whole_numbers_are_widened_for_other_readers(tmp_path, stored, written):
    write(read(static_folder(tmp_path / "a", dtype=stored)), tmp_path / "b")
    assert load_file(tmp_path / "b" / "model.safetensors")["embedding.weight"].dtype == written


def test_where_the_length_is_kept(tmp_path):
    """In the tokenizer, where sentence-transformers looks; model2vec's own setting wins."""
    folder = static_folder(tmp_path / "a")
    tokenizer = json.loads((folder / "tokenizer.json").read_text())
    limit = {"direction": "Right", "max_length": 9, "strategy": "LongestFirst", "stride": 0}
    write_json(folder / "tokenizer.json", tokenizer | {"truncation": limit})
    assert read(folder).input.max_seq_length == 9
    assert read(write(read(folder), tmp_path / "b")).input.max_seq_length == 9
    write_json(folder / "config.json", {"model_type": "model2vec", "max_length": 5})
    assert read(folder).input.max_seq_length == 5
    write_json(folder / "config.json", {"model_type": "model2vec", "max_length": None})
    assert read(folder).input.max_seq_length is None
    write_json(folder / "config.json", {"model_type": "model2vec", "max_length": 0})
    with pytest.raises(CorruptCheckpointError, match="must be at least 1; got 0"):
        read(folder)


def test_damaged_folders_are_told(tmp_path):
    folder = static_folder(tmp_path, "model2vec", mapped=True)
    tensors = load_file(folder / "model.safetensors")
    save_file(tensors | {"mapping": tensors["mapping"] + 10**6}, folder / "model.safetensors")
    with pytest.raises(CorruptCheckpointError, match="mapping names rows that the table does not have"):
        read(folder).input.table()
    save_file(tensors | {"weights": tensors["weights"][1:]}, folder / "model.safetensors")
    with pytest.raises(CorruptCheckpointError, match=r"weights has the shape \(\d+,\); there are \d+ tokens"):
        read(folder).input.table()
    save_file({"embeddings": np.ones(4, np.float32)}, folder / "model.safetensors")
    with pytest.raises(CorruptCheckpointError, match="must have two dimensions"):
        read(folder)
    save_file({"other": np.ones((4, 4), np.float32)}, folder / "model.safetensors")
    with pytest.raises(CorruptCheckpointError, match="no table of token vectors"):
        read(folder)
    (folder / "model.safetensors").unlink()
    with pytest.raises(CheckpointError, match="holds no weights"):
        read(folder)


def test_a_missing_or_damaged_tokenizer_is_told(tmp_path):
    folder = static_folder(tmp_path)
    spec = read(folder)
    (folder / "tokenizer.json").write_text("{}")
    with pytest.raises(CorruptCheckpointError, match="cannot be read"):
        load_tokenizer(spec.input)
    (folder / "tokenizer.json").unlink()
    with pytest.raises(TokenizerNotFoundError, match="is missing"):
        load_tokenizer(spec.input)
