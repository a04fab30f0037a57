"""CrossEncoder on language models: scores by what they would say next, beside transformers one pair at a time."""

import numpy as np
import pytest
import torch
import transformers
from tokenizers import Tokenizer

from sbert import CrossEncoder, models
from sbert.checkpoints.files import read_json, write_json
from sbert.errors import (
    CheckpointError,
    CorruptCheckpointError,
    InputError,
    TruncationError,
    UnsupportedModelError,
)
from sbert.text import ChatTokenizer
from support.language_models import FLAT, PAIRS, STRUCTURED, make_language_model
from support.tiny import make_tiny_cross_encoder

TOLERANCE = 1e-4


def asked(query, document, system="", template=STRUCTURED):
    """What the templates make of a pair, written out."""
    if template is STRUCTURED:
        front = f"{system}\n" if system else ""
        return f"{front}ask: {query}\ntext: {document}\nanswer:"
    front = f"system: {system} " if system else ""
    return f"{front}query: {query} document: {document} </s>answer"


def score(folder, text, tokens=("yes", "no"), special=False):
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    ids = tokenizer.encode(*(text if isinstance(text, tuple) else (text,)), add_special_tokens=special).ids
    network = transformers.AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
    with torch.no_grad():
        last = network(torch.tensor([ids])).logits[0, -1].double()
    return float(last[tokenizer.token_to_id(tokens[0])] - last[tokenizer.token_to_id(tokens[1])])


@pytest.mark.parametrize("architecture", ["qwen3", "llama", "opt"])
@pytest.mark.parametrize("template", [STRUCTURED, FLAT])
def test_scores_are_the_difference_of_yes_and_no(architecture, template, tmp_path):
    folder = make_language_model(tmp_path / "model", architecture, template=template)
    model = CrossEncoder(folder, device="cpu")
    assert model.backend == "torch"
    assert model.num_labels == 1
    expected = [score(folder, asked(*pair, template=template)) for pair in PAIRS]
    np.testing.assert_allclose(model.predict(PAIRS, activation_fn="identity"), expected, atol=TOLERANCE)
    np.testing.assert_allclose(model.predict(PAIRS), 1 / (1 + np.exp(-np.array(expected))), atol=TOLERANCE)


def test_without_a_template_pairs_are_read_as_they_are(tmp_path):
    folder = make_language_model(tmp_path / "model")
    model = CrossEncoder(folder, device="cpu")
    assert not isinstance(model.tokenizer, ChatTokenizer)
    expected = [score(folder, pair, special=True) for pair in PAIRS]
    np.testing.assert_allclose(model.predict(PAIRS, activation_fn="identity"), expected, atol=TOLERANCE)


def test_a_prompt_is_the_system_s_message(tmp_path):
    folder = make_language_model(tmp_path / "model", template=STRUCTURED)
    model = CrossEncoder(folder, device="cpu", prompts={"fair": "be fair"})
    expected = [score(folder, asked(*pair, system="be fair")) for pair in PAIRS]
    for options in ({"prompt": "be fair"}, {"prompt_name": "fair"}):
        found = model.predict(PAIRS, activation_fn="identity", **options)
        np.testing.assert_allclose(found, expected, atol=TOLERANCE)
    assert not np.allclose(model.predict(PAIRS, activation_fn="identity"), expected)


@pytest.mark.parametrize("template", [STRUCTURED, None])
def test_saved_models_are_the_same(template, tmp_path):
    folder = make_language_model(tmp_path / "model", template=template)
    model = CrossEncoder(folder, device="cpu")
    model.save_pretrained(tmp_path / "saved")
    again = CrossEncoder(tmp_path / "saved", device="cpu")
    np.testing.assert_array_equal(again.predict(PAIRS), model.predict(PAIRS))
    assert again.fingerprint == model.fingerprint
    assert isinstance(again.tokenizer, ChatTokenizer) == (template is not None)


def test_one_token_may_be_enough(tmp_path):
    folder = make_language_model(tmp_path / "model", template=STRUCTURED)
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    network = models.Transformer(folder, transformer_task="text-generation")
    number = tokenizer.token_to_id("yes")
    model = CrossEncoder(modules=[network, models.LogitScore(number)], device="cpu", activation_fn="identity")
    ids = torch.tensor([tokenizer.encode(asked(*PAIRS[0]), add_special_tokens=False).ids])
    with torch.no_grad():
        expected = network.auto_model(ids).logits[0, -1, number]
    assert model.predict(PAIRS[0]) == pytest.approx(float(expected), abs=TOLERANCE)


def test_rank_puts_documents_in_order(tmp_path):
    model = CrossEncoder(make_language_model(tmp_path / "model", template=FLAT), device="cpu")
    documents = [document for _, document in PAIRS]
    ranked = model.rank("who reads", documents)
    scores = model.predict([("who reads", document) for document in documents])
    assert [row["corpus_id"] for row in ranked] == np.argsort(-scores).tolist()


# --- long documents -----------------------------------------------------------------------------------------------


def test_of_a_long_document_the_end_is_cut_and_the_question_stays(tmp_path):
    folder = make_language_model(tmp_path / "model", template=STRUCTURED)
    model = CrossEncoder(folder, device="cpu", max_length=40, on_truncation="ignore")
    words = ["the", "man", "reads", "a", "book", "in", "the", "garden", "and"]
    long = " ".join(words * 20)
    tokens = model.tokenizer.batch([("who reads", long)])
    text = model.tokenizer.backend.decode(tokens.ids.tolist(), skip_special_tokens=False)
    assert text.startswith("ask: who reads\ntext: the man reads")
    assert text.endswith("\nanswer:")
    assert 36 <= len(tokens.ids) <= 40
    whole = len(model.tokenizer.backend.encode(asked("who reads", long), add_special_tokens=False).ids)
    assert tokens.dropped.tolist() == [whole - len(tokens.ids)]
    assert model.predict([("who reads", long)], activation_fn="identity")[0] == pytest.approx(
        score(folder, text), abs=TOLERANCE
    )
    assert model.truncation.truncated == 1
    with pytest.raises(TruncationError):
        model.predict([("who reads", long)], on_truncation="error")


def test_of_a_long_query_the_end_is_cut_when_no_document_is_left(tmp_path):
    model = CrossEncoder(make_language_model(tmp_path / "model", template=STRUCTURED), device="cpu", max_length=30)
    query = " ".join(["the man reads"] * 30)
    for document in ("", "a book"):
        tokens = model.tokenizer.batch([(query, document)])
        assert len(tokens.ids) <= 30
        assert model.tokenizer.backend.decode(tokens.ids.tolist()).endswith("answer:")
    with pytest.raises(InputError, match="leaves no room for the template's own words"):
        model.tokenizer.with_max_length(3).batch([("a", "b")])


# --- what cannot be -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("template", "message"),
    [
        ("{{ messages[0].content }}", "leaves out the document"),
        ("{{ messages | selectattr('role', 'eq', 'document') | map(attribute='content') | first }}", "out the query"),
        ("{{ raise_exception('no such roles') }}", "cannot ask about a query and a document: no such roles"),
        ("{{ ''.__class__.__mro__ }}", "cannot ask|leaves out"),
        ("{% for", "cannot ask"),
    ],
)
def test_templates_that_leave_something_out_are_refused(template, message, tmp_path):
    folder = make_language_model(tmp_path / "model", template=template)
    with pytest.raises(InputError, match=message):
        CrossEncoder(folder, device="cpu")


def test_a_model_without_the_words_is_refused(tmp_path):
    folder = make_language_model(tmp_path / "model")
    path = folder / "tokenizer.json"
    settings = read_json(path)
    settings["added_tokens"] = [token for token in settings["added_tokens"] if token["content"] not in ("yes", "no")]
    write_json(path, settings)
    with pytest.raises(CheckpointError, match="no tokens 'yes' and 'no'"):
        CrossEncoder(folder, device="cpu")


def test_arguments_that_cannot_be_are_refused(tmp_path):
    folder = make_language_model(tmp_path / "model")
    with pytest.raises(InputError, match="one score for a pair; got num_labels=3"):
        CrossEncoder(folder, num_labels=3, device="cpu")
    with pytest.raises(UnsupportedModelError, match="says next"):
        CrossEncoder(folder, backend="openvino")


def test_settings_that_cannot_be_are_refused(tmp_path):
    model = CrossEncoder(make_language_model(tmp_path / "model", template=FLAT), device="cpu")
    model.save_pretrained(tmp_path / "saved")
    path = tmp_path / "saved" / "1_LogitScore" / "config.json"
    good = read_json(path)
    write_json(path, good | {"module_input_name": "scores"})
    with pytest.raises(UnsupportedModelError, match="a score of 'scores' is not supported"):
        CrossEncoder(tmp_path / "saved", device="cpu")
    write_json(path, {"false_token_id": 3})
    with pytest.raises(CorruptCheckpointError, match="lacks 'true_token_id'"):
        CrossEncoder(tmp_path / "saved", device="cpu")
    write_json(path, good)
    settings = tmp_path / "saved" / "sentence_bert_config.json"
    write_json(settings, read_json(settings) | {"processing_kwargs": {"chat_template": {"x": 1}, "text": {"y": 2}}})
    with pytest.raises(UnsupportedModelError, match="'processing_kwargs' changes 'text'"):
        CrossEncoder(tmp_path / "saved", device="cpu")


def test_values_for_the_template_are_read_from_the_settings(tmp_path):
    template = "{{ style }} {% for m in messages %}{{ m.content }} {% endfor %}"
    CrossEncoder(make_language_model(tmp_path / "model", template=template), device="cpu").save_pretrained(
        tmp_path / "saved"
    )
    settings = tmp_path / "saved" / "sentence_bert_config.json"
    write_json(settings, read_json(settings) | {"processing_kwargs": {"chat_template": {"style": "kindly"}}})
    model = CrossEncoder(tmp_path / "saved", device="cpu", activation_fn="identity")
    expected = score(tmp_path / "saved", "kindly who reads the man ")
    assert model.predict(("who reads", "the man")) == pytest.approx(expected, abs=TOLERANCE)


def test_other_cross_encoders_are_not_touched(tmp_path):
    model = CrossEncoder(make_tiny_cross_encoder(tmp_path / "bert", "bert"), backend="openvino")
    assert model.predict([("a", "b")]).shape == (1,)
