"""Explanations: shares that sum to the cosine, in every form that they are drawn in."""

import io
import re

import numpy as np
import pytest
from rich.console import Console

from sbert import SentenceTransformer
from sbert.errors import InputError, NotTextError
from support.tiny import make_tiny_model

A, B = "A man is eating <food> & more.", "Someone has lunch, happily eating."


@pytest.fixture(scope="module", params=["openvino", "torch"])
def model(request, tmp_path_factory):
    folder = make_tiny_model(tmp_path_factory.mktemp("mean"), "bert", normalize=request.param == "torch")
    return SentenceTransformer(folder, backend=request.param, device="cpu", prompts={"query": "what is "})


def cosine(model, a, b, **options):
    one, other = model.encode([a, b], normalize_embeddings=True, **options).astype(np.float64)
    return one @ other


@pytest.mark.parametrize(("a", "b"), [(A, B), (A, A), ("", "hello"), ("the cat", "water " * 60)])
def test_the_shares_sum_to_the_cosine(model, a, b):
    found = model.explain(a, b)
    assert found.score == pytest.approx(cosine(model, a, b), abs=1e-5)
    assert found.shares.shape == (len(found.left), len(found.right))
    assert list(found.left) == ["[CLS]", *model.tokenizer.tokenize(a), "[SEP]"]


def test_the_real_model(minilm):
    found = minilm.explain("A man is eating food.", "Someone has lunch.")
    assert found.score == pytest.approx(cosine(minilm, "A man is eating food.", "Someone has lunch."), abs=1e-5)
    assert [pair[:2] for pair in found.pairs(1)] == [("food", "lunch")]


def test_prompts(model):
    with_prompt = model.explain(A, B, prompt_name="query")
    assert with_prompt.score == pytest.approx(cosine(model, A, B, prompt_name="query"), abs=1e-5)
    assert "what" in with_prompt.left
    model.set_pooling_include_prompt(False)
    try:
        without = model.explain(A, B, prompt_name="query")
        assert without.score == pytest.approx(cosine(model, A, B, prompt_name="query"), abs=1e-5)
        assert list(without.left) == [*model.tokenizer.tokenize(A), "[SEP]"]
    finally:
        model.set_pooling_include_prompt(True)


@pytest.mark.parametrize("include_prompt", [True, False])
@pytest.mark.parametrize("prompts", [{"query": "what is ", "passage": "the word "}, {"query": "what is "}, {}])
def test_of_a_search_each_side_has_its_prompt(model, prompts, include_prompt):
    before, model.prompts = model.prompts, {"query": "", "document": ""} | prompts
    model.set_pooling_include_prompt(include_prompt)
    try:
        found = model.explain_search(A, B)
        vectors = model.encode_query(A, normalize_embeddings=True), model.encode_document(B, normalize_embeddings=True)
        tokens = [model.tokenizer.tokenize(text) for text in (A, B)]
    finally:
        model.prompts = before
        model.set_pooling_include_prompt(True)
    assert found.score == pytest.approx(float(vectors[0].astype(np.float64) @ vectors[1]), abs=1e-5)
    assert found.prompts == (prompts.get("query", ""), prompts.get("passage", ""))
    assert list(found.left)[-len(tokens[0]) - 1 :] == [*tokens[0], "[SEP]"]
    assert list(found.right)[-len(tokens[1]) - 1 :] == [*tokens[1], "[SEP]"]
    assert ("what" in found.left) == (include_prompt and "query" in prompts)


def test_of_a_search_what_was_cut_is_counted_of_both(model):
    before, model.on_truncation = model.on_truncation, "ignore"
    try:
        model.explain_search("water " * 500, "the cat")
        assert (model.truncation.texts, model.truncation.truncated) == (2, 1)
    finally:
        model.on_truncation = before


def test_pairs_and_plain_values(model):
    found = model.explain(A, B)
    pairs = found.pairs(5)
    assert [share for _, _, share in pairs] == sorted(found.shares.ravel().tolist(), reverse=True)[:5]
    assert all(one in found.left and other in found.right for one, other, _ in pairs)
    values = found.to_dict()
    assert np.sum(values["shares"]) == pytest.approx(values["cosine"])
    assert f"{found.score:.4f}" in repr(found)
    with pytest.raises(InputError, match="top_k"):
        found.pairs(0)


def test_drawn_as_a_page(model, tmp_path):
    found = model.explain(A, B)
    text = found.draw(tmp_path / "why.html").read_text(encoding="utf-8")
    assert len(re.findall("<td style", text)) == found.shares.size
    assert "&lt;" in text
    assert "<food" not in text
    assert "default-src 'none'" in text


def test_drawn_as_a_picture(model, tmp_path):
    image = pytest.importorskip("PIL.Image", reason="needs Pillow: pip install 'sbert[image]'")
    found = model.explain("the cat", "the dog sleeps")
    opened = image.open(found.draw(tmp_path / "why.png"))
    colours = {colour for _, colour in opened.convert("RGB").getcolors(10**6)}
    best = max(found.shares.max(), -found.shares.min())
    assert ((33, 102, 172) if best == found.shares.max() else (178, 24, 43)) in colours


def test_drawn_in_a_terminal(model):
    found = model.explain("the cat", "the dog")
    console = Console(width=200, record=True, file=io.StringIO())
    console.print(found)
    text = console.export_text()
    assert all(token in text for token in (*found.left, *found.right))
    assert f"{100 * found.shares[1, 1]:.1f}" in text


def test_what_cannot_be_explained(model, tmp_path):
    for options in ({"pooling": ("cls",)}, {"pooling": ("mean", "max")}, {"dense": 8}):
        other = SentenceTransformer(make_tiny_model(tmp_path / str(options), "bert", **options), backend="openvino")
        with pytest.raises(InputError, match="pools by the mean"):
            other.explain(A, B)
    with pytest.raises(NotTextError, match="b must be a string; got list"):
        model.explain(A, [B])
    with pytest.raises(NotTextError, match="document must be a string; got list"):
        model.explain_search(A, [B])
    with pytest.raises(InputError, match=r"must end in \.html or \.png; got 'why\.jpg'"):
        model.explain(A, B).draw(tmp_path / "why.jpg")
