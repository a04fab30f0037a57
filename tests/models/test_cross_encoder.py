"""CrossEncoder: scores beside transformers' own, in every form of folder; ranks, settings, and bad input."""

import json

import numpy as np
import pytest
import torch
from transformers import AutoModelForSequenceClassification, AutoTokenizer
from typer.testing import CliRunner

from sbert import CrossEncoder, SentenceTransformer, SparseEncoder
from sbert.checkpoints import read
from sbert.cli.app import app
from sbert.engines.openvino.runtime import computes_int8
from sbert.errors import (
    CorruptCheckpointError,
    InputError,
    NotTextError,
    SbertWarning,
    TruncationError,
    TruncationWarning,
    UnsupportedModelError,
)
from sbert.models import load
from sbert.models.activations import activation_of
from support.tiny import ARCHITECTURES, WORDS, make_tiny_cross_encoder, make_tiny_model, make_tiny_splade

ENGINES = ("openvino", "torch")
TOLERANCE = 1e-4
PAIRS = [
    ("The man reads a book.", "A girl sings a song."),
    ("hello", ""),
    ("", ""),
    ("what is light", " ".join(WORDS[:60])),
    (" ".join(WORDS[20:90]), " ".join(WORDS[::-1])),
    ("The man reads a book.", "The man reads a book."),
    ("Zebras quickly jumped!", "日本語 привет"),
]


def logits_by_transformers(folder, pairs, max_length=128):
    """Scores before any activation, one pair at a time.

    With the numbers of a pair's parts, which ALBERT was trained with and its tokenizer in transformers 5 leaves out.
    """
    tokenizer = AutoTokenizer.from_pretrained(folder)
    network = AutoModelForSequenceClassification.from_pretrained(folder, dtype=torch.float32).eval()
    found = []
    for first, second in pairs:
        parts = getattr(network.config, "type_vocab_size", 1) > 1
        features = tokenizer(
            [first], [second], truncation=True, max_length=max_length, return_tensors="pt", return_token_type_ids=parts
        )
        with torch.no_grad():
            found.append(network(**features).logits[0].numpy())
    return np.array(found)


def sigmoid(x):
    return 1 / (1 + np.exp(-x.astype(np.float64)))


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    root = tmp_path_factory.mktemp("cross")
    return {name: make_tiny_cross_encoder(root / name, name) for name in ARCHITECTURES}


@pytest.fixture(scope="module")
def bert(folders):
    return CrossEncoder(folders["bert"], backend="openvino", on_truncation="ignore")


# --- scores -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("architecture", ARCHITECTURES)
@pytest.mark.parametrize("backend", ENGINES)
def test_scores_are_those_of_transformers(folders, architecture, backend):
    folder = folders[architecture]
    model = CrossEncoder(folder, backend=backend, device="cpu", on_truncation="ignore")
    expected = logits_by_transformers(folder, PAIRS)
    assert expected.std() > 0.05  # a head that says the same of all pairs would prove nothing
    found = model.predict(PAIRS, activation_fn="identity")
    assert found.shape == (len(PAIRS),)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected[:, 0], atol=TOLERANCE)
    np.testing.assert_allclose(model.predict(PAIRS), sigmoid(expected[:, 0]), atol=TOLERANCE)


@pytest.mark.parametrize("backend", ENGINES)
@pytest.mark.parametrize(
    ("architecture", "overrides"),
    [
        ("bert", {}),
        ("roberta", {}),
        ("modernbert", {"classifier_pooling": "mean", "classifier_bias": True, "norm_bias": True}),
    ],
)
def test_several_labels(tmp_path, backend, architecture, overrides):
    folder = make_tiny_cross_encoder(tmp_path / "three", architecture, labels=3, **overrides)
    model = CrossEncoder(folder, backend=backend, device="cpu", on_truncation="ignore")
    expected = logits_by_transformers(folder, PAIRS)
    assert model.num_labels == 3
    np.testing.assert_allclose(model.predict(PAIRS), expected, atol=TOLERANCE)
    whole = model.predict(PAIRS, apply_softmax=True)
    powers = np.exp(expected.astype(np.float64))
    np.testing.assert_allclose(whole, powers / powers.sum(axis=1, keepdims=True), atol=TOLERANCE)
    assert model.predict(PAIRS[0]).shape == (3,)
    assert model.predict([]).shape == (0, 3)
    with pytest.raises(InputError, match="has 3"):
        model.rank("a", ["b"])


def test_the_company_of_a_pair_changes_no_bit(bert):
    alone = np.array([bert.predict(pair) for pair in PAIRS])
    generator = np.random.default_rng(0)
    many = [PAIRS[row] for row in generator.integers(0, len(PAIRS), 200)]
    scores = dict(zip(PAIRS, alone, strict=True))
    np.testing.assert_array_equal(bert.predict(many), [scores[pair] for pair in many])
    np.testing.assert_array_equal(bert.predict(PAIRS, batch_size=1), alone)


def test_lower_precision_is_near(folders, bert):
    exact = bert.predict(PAIRS, activation_fn="identity")
    for dtype, tolerance in (("bfloat16", 0.05), ("int8", 0.15)):
        import warnings

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # where the processor has no such dtype
            model = CrossEncoder(folders["bert"], dtype=dtype, on_truncation="ignore")
        assert np.abs(model.predict(PAIRS, activation_fn="identity") - exact).max() < tolerance * np.abs(exact).max()


# --- what goes in and out -----------------------------------------------------------------------------------------


def test_one_pair_and_many(bert):
    expected = bert.predict(PAIRS)
    for single in (PAIRS[0], list(PAIRS[0])):
        assert bert.predict(single) == expected[0]
    for many in (list(map(list, PAIRS)), tuple(PAIRS), iter(PAIRS), np.array(PAIRS), np.array(PAIRS, object)):
        np.testing.assert_array_equal(bert.predict(many), expected)
    np.testing.assert_array_equal(bert.predict(sentences=PAIRS), expected)
    empty = bert.predict([])
    assert empty.shape == (0,)
    assert empty.dtype == np.float32
    tensor = bert.predict(PAIRS, convert_to_tensor=True)
    assert isinstance(tensor, torch.Tensor)
    assert np.array_equal(tensor.numpy(), expected)
    assert [float(row) for row in bert.predict(PAIRS, convert_to_numpy=False)] == expected.tolist()


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        ("one text", r"inputs\[0\] must be a pair"),
        (["a", "b", "c"], r"inputs\[0\] must be a pair"),
        ([("a", "b"), ("a", "b", "c")], r"inputs\[1\] must be a pair"),
        ([("a", "b"), ("a", None)], r"inputs\[1\] must be a pair"),
        ([("a", "b"), 7], r"inputs\[1\] must be a pair.*int 7"),
        ({"a": "b"}, "got dict"),
        (None, "got NoneType"),
    ],
)
def test_what_is_no_pair_is_named(bert, inputs, message):
    with pytest.raises(NotTextError, match=message):
        bert.predict(inputs)


def test_a_prompt_goes_in_front_of_the_first_text(folders, bert):
    model = CrossEncoder(folders["bert"], backend="openvino", prompts={"question": "what is "}, on_truncation="ignore")
    expected = bert.predict([("what is " + first, second) for first, second in PAIRS])
    np.testing.assert_array_equal(model.predict(PAIRS, prompt_name="question"), expected)
    np.testing.assert_array_equal(model.predict(PAIRS, prompt="what is "), expected)
    with pytest.raises(InputError, match="question"):
        model.predict(PAIRS, prompt_name="questoin")


def test_cut_pairs_are_counted(folders):
    model = CrossEncoder(folders["bert"], backend="openvino")
    with pytest.warns(TruncationWarning, match="1 of 7 texts were longer than 128 tokens"):
        model.predict(PAIRS)
    tokenizer = AutoTokenizer.from_pretrained(folders["bert"])
    assert model.truncation.dropped_tokens == len(tokenizer(*PAIRS[4])["input_ids"]) - 128
    with pytest.raises(TruncationError, match=r"inputs\[4\]"):
        model.predict(PAIRS, on_truncation="error")


@pytest.mark.parametrize("backend", ENGINES)
def test_max_length(folders, backend):
    model = CrossEncoder(folders["bert"], max_length=20, backend=backend, device="cpu", on_truncation="ignore")
    assert model.max_length == model.max_seq_length == 20
    expected = logits_by_transformers(folders["bert"], PAIRS, 20)[:, 0]
    np.testing.assert_allclose(model.predict(PAIRS, activation_fn="identity"), expected, atol=TOLERANCE)
    model.max_length = 128
    expected = logits_by_transformers(folders["bert"], PAIRS)[:, 0]
    np.testing.assert_allclose(model.predict(PAIRS, activation_fn="identity"), expected, atol=TOLERANCE)
    with pytest.raises(InputError, match="max_length"):
        CrossEncoder(folders["bert"], max_length=0)


# --- ranking ------------------------------------------------------------------------------------------------------


def test_rank(bert):
    documents = [second for _, second in PAIRS]
    scores = bert.predict([("what is light", document) for document in documents])
    ranked = bert.rank("what is light", documents, return_documents=True)
    assert [row["corpus_id"] for row in ranked] == np.argsort(-scores, kind="stable").tolist()
    assert [row["score"] for row in ranked] == np.sort(scores)[::-1].tolist()
    assert all(row["text"] == documents[row["corpus_id"]] for row in ranked)
    assert all(type(row["corpus_id"]) is int and type(row["score"]) is float for row in ranked)
    assert bert.rank("what is light", documents, top_k=2) == [
        {"corpus_id": row["corpus_id"], "score": row["score"]} for row in ranked[:2]
    ]
    np.testing.assert_array_equal(bert.score("what is light", documents), scores)
    assert bert.rank("what is light", []) == []
    same = bert.rank("a", ["b", "c", "b"])
    assert [row["corpus_id"] for row in same].index(0) < [row["corpus_id"] for row in same].index(2)


def test_rank_refuses_what_is_not_text(bert):
    with pytest.raises(NotTextError, match="query must be a string; got list"):
        bert.rank(["a"], ["b"])
    with pytest.raises(NotTextError, match="documents must be texts in a list"):
        bert.rank("a", "b")
    with pytest.raises(NotTextError, match=r"inputs\[1\]"):
        bert.rank("a", ["b", None])
    with pytest.raises(NotTextError, match=r"documents\[1\] must be a string; got a pair"):
        bert.rank("a", ["b", ("c", "d")])
    with pytest.raises(InputError, match="top_k"):
        bert.rank("a", ["b"], top_k=0)


# --- activations --------------------------------------------------------------------------------------------------


def test_activations(folders, bert):
    plain = bert.predict(PAIRS, activation_fn="identity")
    expected = {
        "tanh": np.tanh(plain),
        "relu": np.maximum(plain, 0),
        "torch.nn.modules.activation.Sigmoid": sigmoid(plain),
        "torch.nn.modules.activation.Softplus": np.log1p(np.exp(plain)),
    }
    for name, values in expected.items():
        np.testing.assert_allclose(bert.predict(PAIRS, activation_fn=name), values, atol=1e-6)
    np.testing.assert_allclose(bert.predict(PAIRS, activation_fn=torch.nn.Tanh()), np.tanh(plain), atol=1e-6)
    np.testing.assert_allclose(
        bert.predict(PAIRS, activation_fn=torch.nn.LeakyReLU(0.3)), np.where(plain > 0, plain, 0.3 * plain), atol=1e-6
    )
    np.testing.assert_allclose(bert.predict(PAIRS, activation_fn=lambda x: 2 * x), 2 * plain, atol=1e-6)
    model = CrossEncoder(folders["bert"], activation_fn="identity", backend="openvino", on_truncation="ignore")
    np.testing.assert_array_equal(model.predict(PAIRS), plain)
    model.activation_fn = "tanh"
    np.testing.assert_allclose(model.predict(PAIRS), np.tanh(plain), atol=1e-6)
    with np.errstate(over="raise", invalid="raise"):
        assert activation_of("sigmoid")(np.array([[-1e4], [1e4]], np.float32)).tolist() == [[0.0], [1.0]]


def test_bad_activations(bert):
    with pytest.raises(InputError, match=r"Did you mean 'sigmoid'"):
        bert.predict(PAIRS, activation_fn="sigmiod")
    with pytest.raises(UnsupportedModelError, match="no other code is run"):
        bert.predict(PAIRS, activation_fn="os.system")
    with pytest.raises(InputError, match="got int"):
        bert.predict(PAIRS, activation_fn=3)
    with pytest.raises(InputError, match="of shape"):
        bert.predict(PAIRS, activation_fn=lambda x: x.sum())


@pytest.mark.parametrize(
    "change",
    [
        {"sbert_ce_default_activation_function": "torch.nn.modules.linear.Identity"},
        {"sentence_transformers": {"activation_fn": "torch.nn.modules.linear.Identity", "version": "4.1.0"}},
    ],
    ids=["until 3", "4 and 5"],
)
def test_old_folders_name_their_activation_elsewhere(tmp_path, change):
    folder = make_tiny_cross_encoder(tmp_path / "old", "bert")
    path = folder / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    model = CrossEncoder(folder, backend="openvino", on_truncation="ignore")
    expected = logits_by_transformers(folder, PAIRS)[:, 0]
    np.testing.assert_allclose(model.predict(PAIRS), expected, atol=TOLERANCE)


# --- saving, and other families -----------------------------------------------------------------------------------


@pytest.mark.parametrize("backend", ENGINES)
def test_saved_and_loaded(tmp_path, folders, backend):
    model = CrossEncoder(
        folders["electra"], backend=backend, device="cpu", activation_fn="tanh", max_length=64, on_truncation="ignore"
    )
    model.prompts["question"] = "who "
    model.save_pretrained(tmp_path / "saved")
    again = CrossEncoder(tmp_path / "saved", backend="openvino", on_truncation="ignore")
    np.testing.assert_allclose(again.predict(PAIRS), model.predict(PAIRS), atol=1e-5)
    assert again.max_length == 64
    assert again.prompts["question"] == "who "
    assert repr(again.activation_fn) == "torch.nn.modules.activation.Tanh"
    assert read(tmp_path / "saved").model_type == "CrossEncoder"
    card = (tmp_path / "saved" / "README.md").read_text()
    assert "text-ranking" in card
    assert "from sbert import CrossEncoder" in card
    assert "Similarity" not in card
    model.activation_fn = lambda x: x
    with pytest.raises(InputError, match="no name that a checkpoint can keep"):
        model.save_pretrained(tmp_path / "other")


def test_int8_saved_and_loaded(tmp_path, folders):
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = CrossEncoder(folders["bert"], dtype="int8", on_truncation="ignore")
    if model.dtype != "int8":
        pytest.skip("this processor has no int8 arithmetic")
    model.save_int8(tmp_path / "saved")
    again = CrossEncoder(tmp_path / "saved", on_truncation="ignore")
    assert again.dtype == "int8"
    np.testing.assert_array_equal(again.predict(PAIRS), model.predict(PAIRS))


def test_a_network_without_a_head(tmp_path):
    folder = make_tiny_model(tmp_path / "plain", "bert")
    (folder / "modules.json").unlink()
    with pytest.warns(SbertWarning, match="a new one was made with random weights"):
        model = CrossEncoder(folder, device="cpu", on_truncation="ignore")
    assert model.backend == "torch"
    assert model.num_labels == 1
    assert model.predict(PAIRS).shape == (len(PAIRS),)
    model.save_pretrained(tmp_path / "saved")
    again = CrossEncoder(tmp_path / "saved", backend="openvino", on_truncation="ignore")
    np.testing.assert_allclose(again.predict(PAIRS), model.predict(PAIRS), atol=TOLERANCE)
    with pytest.raises(InputError, match="no head that gives scores"):
        CrossEncoder(folder, backend="openvino")


def test_a_cross_encoder_of_a_sentence_transformer(tmp_path):
    folder = make_tiny_model(tmp_path / "dense", "bert")
    with pytest.warns(SbertWarning) as told:
        model = CrossEncoder(folder, device="cpu", on_truncation="ignore")
    assert [str(each.message).partition(" was ")[2].partition(";")[0] for each in told] == [
        "saved as a SentenceTransformer",
        "made with random weights: its scores mean nothing before it is trained.",
    ]
    assert model.num_labels == 1
    assert model.backend == "torch"


def test_another_number_of_labels(folders):
    with pytest.warns(SbertWarning, match="no head with 4 labels"):
        model = CrossEncoder(folders["roberta"], num_labels=4, device="cpu", on_truncation="ignore")
    assert model.predict(PAIRS).shape == (len(PAIRS), 4)
    with pytest.raises(InputError, match="a head with 1 labels; num_labels=4"):
        CrossEncoder(folders["roberta"], num_labels=4, backend="openvino")


def test_a_sentence_transformer_of_a_cross_encoder(tmp_path, folders):
    CrossEncoder(folders["bert"], backend="openvino").save_pretrained(tmp_path / "saved")
    with pytest.warns(SbertWarning, match="saved as a CrossEncoder; only its network is used, with mean pooling"):
        model = SentenceTransformer(tmp_path / "saved", backend="openvino")
    assert model.encode("hello").shape == (32,)
    model.save_pretrained(tmp_path / "dense")
    again = SentenceTransformer(tmp_path / "dense", backend="openvino")
    np.testing.assert_array_equal(again.encode("hello"), model.encode("hello"))


def test_weights_without_the_head_that_the_configuration_names(tmp_path):
    folder = make_tiny_model(tmp_path / "plain", "bert")
    (folder / "modules.json").unlink()
    path = folder / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"architectures": ["BertForSequenceClassification"]}))
    with pytest.raises(CorruptCheckpointError, match=r"classifier\.weight"):
        CrossEncoder(folder, backend="openvino")


def test_torch_modules(folders, bert):
    from sbert.models import Transformer

    network = Transformer(folders["bert"], transformer_task="sequence-classification")
    model = CrossEncoder(modules=[network], device="cpu", on_truncation="ignore")
    np.testing.assert_allclose(model.predict(PAIRS), bert.predict(PAIRS), atol=TOLERANCE)
    assert model.model is network.auto_model
    features = model.tokenize(PAIRS[:2])
    assert model(features)["scores"].shape == (2, 1)
    with pytest.raises(InputError, match="sequence-classification"):
        CrossEncoder(modules=[Transformer(folders["bert"])], device="cpu")


def test_a_pool_scores_the_same(folders):
    model = CrossEncoder(folders["bert"], backend="torch", device="cpu", on_truncation="ignore")
    with model.start_multi_process_pool(["cpu", "cpu"]) as pool:
        np.testing.assert_array_equal(model.predict(PAIRS, pool=pool), model.predict(PAIRS))


# --- whatever it was saved as -------------------------------------------------------------------------------------


def test_load_makes_what_was_saved(tmp_path, folders):
    CrossEncoder(folders["bert"], backend="openvino").save_pretrained(tmp_path / "cross")
    assert type(load(tmp_path / "cross")) is CrossEncoder
    assert type(load(folders["bert"], backend="openvino")) is CrossEncoder  # a plain folder of a network with a head
    assert type(load(make_tiny_model(tmp_path / "dense", "bert"))) is SentenceTransformer
    SparseEncoder(make_tiny_splade(tmp_path / "mlm", "bert")).save_pretrained(tmp_path / "sparse")
    assert type(load(tmp_path / "sparse")) is SparseEncoder
    path = tmp_path / "cross" / "config_sentence_transformers.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"model_type": "CrossEncodr"}))
    with pytest.raises(UnsupportedModelError, match="Did you mean 'CrossEncoder'"):
        load(tmp_path / "cross")


def test_info_and_quantize(tmp_path, folders):
    def run(*arguments):
        result = CliRunner().invoke(app, [*map(str, arguments), "--json"])
        assert result.exit_code == 0, result.output
        return json.loads(result.stdout)

    facts = run("info", folders["bert"])
    assert (facts["family"], facts["labels"], facts["similarity"], facts["fast_engine"]) == (
        "CrossEncoder", 1, None, True,
    )  # fmt: skip
    if not computes_int8():
        pytest.skip("this processor has no int8 arithmetic")
    assert run("quantize", folders["bert"], tmp_path / "int8")["fidelity"]["mean"] > 0.98
    assert CrossEncoder(tmp_path / "int8").predict(PAIRS[:2]).shape == (2,)
