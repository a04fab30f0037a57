"""Every form of folder that is about is read as what it means."""

import pytest

from sbert.checkpoints import read
from sbert.checkpoints.aliases import module_class
from sbert.checkpoints.modules import DenseSpec, NormalizeSpec, PoolingSpec
from sbert.errors import CheckpointError, CorruptCheckpointError, UnsupportedModelError
from support.folders import bert_folder, sentence_folder, write_json

OLD, NEW = "sentence_transformers.models", "sentence_transformers.sentence_transformer.modules"


def test_a_plain_folder_gets_mean_pooling(tmp_path):
    spec = read(bert_folder(tmp_path / "model"))
    assert [module.kind for module in spec.modules] == ["Transformer", "Pooling"]
    assert spec.modules[1] == PoolingSpec(8, ("mean",))
    assert spec.dimension == 8
    assert spec.similarity_fn_name is None


def test_a_causal_language_model_gets_last_token_pooling(tmp_path):
    spec = read(bert_folder(tmp_path / "model", architectures=["LlamaForCausalLM"]))
    assert spec.modules[1] == PoolingSpec(8, ("lasttoken",))
    spec = read(bert_folder(tmp_path / "two-way", architectures=["LlamaForCausalLM"], is_causal=False))
    assert spec.modules[1] == PoolingSpec(8, ("mean",))


@pytest.mark.parametrize(
    ("package", "pooling"),
    [
        (OLD, {"word_embedding_dimension": 8, "pooling_mode_mean_tokens": True, "pooling_mode_cls_token": True}),
        (NEW, {"embedding_dimension": 8, "pooling_mode": ["cls", "mean"]}),
    ],
)
def test_old_and_new_forms_mean_the_same(tmp_path, package, pooling):
    new = package == NEW
    names = [
        ("sentence_transformers.base.modules.transformer.Transformer" if new else f"{OLD}.Transformer", "", None),
        (f"{NEW}.pooling.Pooling" if new else f"{OLD}.Pooling", "1_Pooling", pooling),
        ("sentence_transformers.base.modules.normalize.Normalize" if new else f"{OLD}.Normalize", "2_Normalize", None),
    ]
    spec = read(sentence_folder(tmp_path / "model", names, similarity_fn_name="dot", prompts={"query": "q: "}))
    assert spec.modules[1] == PoolingSpec(8, ("cls", "mean"))
    assert spec.modules[2] == NormalizeSpec()
    assert spec.dimension == 16
    assert spec.prompts == {"query": "q: "}
    assert spec.similarity_fn_name == "dot"


@pytest.mark.parametrize("mode", ["cls", "max", "mean", "mean_sqrt_len_tokens", "weightedmean", "lasttoken"])
def test_every_pooling_mode_comes_back(tmp_path, mode):
    spec = PoolingSpec(8, (mode,), include_prompt=False)
    spec.write(tmp_path)
    assert PoolingSpec.read(tmp_path) == spec


def test_pooling_modes_in_an_unusual_order_come_back(tmp_path):
    spec = PoolingSpec(8, ("mean", "cls"))
    spec.write(tmp_path)
    assert PoolingSpec.read(tmp_path) == spec


def test_pooling_flags_without_any_mean_mean(tmp_path):
    write_json(tmp_path / "config.json", {"word_embedding_dimension": 8})
    assert PoolingSpec.read(tmp_path).modes == ("mean",)


def test_a_transformer_in_a_sub_folder(tmp_path):
    bert_folder(tmp_path / "model" / "0_Transformer")
    write_json(tmp_path / "model" / "0_Transformer" / "sentence_roberta_config.json", {"max_seq_length": 32})
    entries = [
        {"idx": 0, "name": "0", "path": "0_Transformer", "type": f"{OLD}.Transformer"},
        {"idx": 1, "name": "1", "path": "1_Pooling", "type": f"{OLD}.Pooling"},
    ]
    write_json(tmp_path / "model" / "modules.json", entries)
    write_json(tmp_path / "model" / "1_Pooling" / "config.json", {"word_embedding_dimension": 8})
    assert read(tmp_path / "model").transformer.max_seq_length == 32


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"sentence_bert_config.json": {"max_seq_length": 40}}, 40),
        (
            {"sentence_bert_config.json": {"max_seq_length": None}, "tokenizer_config.json": {"model_max_length": 50}},
            50,
        ),
        ({"tokenizer_config.json": {"model_max_length": 1000000000000000019884624838656}}, 64),
        ({"tokenizer_config.json": {"model_max_length": 512}}, 64),
        ({"sentence_bert_config.json": {"max_seq_length": 512}}, 64),
        ({}, 64),
    ],
)
def test_max_seq_length(tmp_path, files, expected):
    folder = bert_folder(tmp_path / "model")
    for name, value in files.items():
        write_json(folder / name, value)
    assert read(folder).transformer.max_seq_length == expected


def test_positions_of_roberta_start_after_the_padding_token(tmp_path):
    folder = bert_folder(tmp_path / "model", model_type="roberta", max_position_embeddings=514, pad_token_id=1)
    assert read(folder).transformer.max_seq_length == 512


def test_unknown_modules_are_named():
    with pytest.raises(UnsupportedModelError, match=r"'sentence_transformers.models.Poolling'.*Did you mean 'Pooling'"):
        module_class("sentence_transformers.models.Poolling")
    with pytest.raises(UnsupportedModelError, match=r"'evil.code.Pooling' is code of its own, which is not run"):
        module_class("evil.code.Pooling")


def test_a_module_path_cannot_lead_outside(tmp_path):
    folder = sentence_folder(
        tmp_path / "model", [(f"{OLD}.Transformer", "", None), (f"{OLD}.Pooling", "../../x", None)]
    )
    with pytest.raises(CorruptCheckpointError, match="leads outside the folder"):
        read(folder)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("modules.json", "{", "is not readable JSON"),
        ("modules.json", "{}", "must hold a JSON list"),
        ("modules.json", "[]", "lists no module"),
        ("modules.json", '[{"path": ""}]', "an entry has no 'type'"),
        ("config.json", "[]", "an object was expected"),
        ("config_sentence_transformers.json", '{"prompts": []}', None),
        ("config_sentence_transformers.json", '{"prompts": ["x"]}', "'prompts' must be an object"),
    ],
)
def test_damaged_settings_are_named(tmp_path, name, content, message):
    folder = bert_folder(tmp_path / "model")
    (folder / name).write_text(content)
    if message is None:
        assert read(folder).prompts == {}
        return
    with pytest.raises(CorruptCheckpointError, match=message):
        read(folder)


def test_what_is_no_model_is_told(tmp_path):
    with pytest.raises(CheckpointError, match=r"has no config.json, so it is not a model folder"):
        read(tmp_path)
    with pytest.raises(CheckpointError, match="is not a folder"):
        read(tmp_path / "nowhere")


def test_an_adapter_says_what_to_do(tmp_path):
    write_json(tmp_path / "adapter_config.json", {})
    with pytest.raises(UnsupportedModelError, match="Load it by its name or folder, which merges it"):
        read(tmp_path)


def test_dense_settings_must_fit_their_weights(tmp_path):
    import numpy as np
    from safetensors.numpy import save_file

    write_json(tmp_path / "config.json", {"in_features": 4, "out_features": 2, "bias": False})
    save_file({"linear.weight": np.ones((3, 4), np.float32)}, tmp_path / "model.safetensors")
    with pytest.raises(CorruptCheckpointError, match=r"linear.weight has shape \(3, 4\); the settings say \(2, 4\)"):
        DenseSpec.read(tmp_path)
