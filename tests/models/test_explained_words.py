"""Explanations by words: every form of tokenizer, and nothing of the similarity lost."""

import itertools

import numpy as np
import pytest

from sbert import MultiVectorEncoder, SentenceTransformer
from sbert.models.explained_words import by_word
from sbert.models.explanation import Explanation
from support.tiny import make_tiny_late, make_tiny_model

A, B = "Unbelievable: the cat's 3.5 meters!", "東京の猫 — naïve cafés, don't they?"


@pytest.mark.parametrize("architecture", ["bert", "roberta", "xlm-roberta"])
def test_words_are_those_of_the_text(tmp_path, architecture):
    model = SentenceTransformer(make_tiny_model(tmp_path, architecture))
    found = model.explain(A, B)
    words = by_word(found, A, B, model.tokenizer)
    assert words.shares.sum() == pytest.approx(found.score)
    assert words.shares.shape == (len(words.left), len(words.right))
    assert words.measure == "cosine"
    shown = [word.text for word in words.left if word.span]
    for word in ("Unbelievable", "cat", "meters"):
        assert word in shown
    for text, side in ((A, words.left), (B, words.right)):
        spans = [word.span for word in side if word.span]
        assert all(one[1] <= other[0] for one, other in itertools.pairwise(spans))
        assert all(text[slice(*word.span)] == word.text for word in side if word.span)
        covered = {place for span in spans for place in range(*span)}
        assert not [text[place] for place in range(len(text)) if text[place].isalpha() and place not in covered]


def test_a_prompt_is_no_part_of_the_text(tmp_path):
    model = SentenceTransformer(make_tiny_model(tmp_path, "bert"), prompts={"query": "the cat the cat: "})
    found = model.explain("the cat sleeps", "a bird", prompt_name="query")
    words = by_word(found, "the cat sleeps", "a bird", model.tokenizer)
    assert [word.span for word in words.left if word.span] == [(0, 3), (4, 7), (8, 14)]
    assert [word.text for word in words.left][-4:] == ["the", "cat", "sleeps", "[SEP]"]


@pytest.mark.parametrize("architecture", ["bert", "roberta", "xlm-roberta"])
def test_prompts_of_a_search_are_no_part_of_the_texts(tmp_path, architecture):
    """Also where a word is other tokens behind a prompt than at the beginning of a text."""
    model = SentenceTransformer(
        make_tiny_model(tmp_path, architecture), prompts={"query": "query: ", "passage": "the cat sleeps "}
    )
    found = model.explain_search("cats sleep", "the cat sleeps")
    words = by_word(found, "cats sleep", "the cat sleeps", model.tokenizer)
    assert [(word.text, word.span) for word in words.left if word.span] == [("cats", (0, 4)), ("sleep", (5, 10))]
    assert [word.span for word in words.right if word.span] == [(0, 3), (4, 7), (8, 14)]
    assert words.shares.sum() == pytest.approx(found.score)


def test_shares_of_the_tokens_of_a_word_are_added(minilm):
    left = ("[CLS]", *minilm.tokenizer.tokenize("unbelievability wins"), "[SEP]")
    assert len(left) > 4
    shares = np.arange(len(left), dtype=float)[:, None]
    words = by_word(Explanation(left, ("cat",), shares), "unbelievability wins", "cat", minilm.tokenizer)
    parts = len(left) - 3
    assert [word.text for word in words.left] == ["[CLS]", "unbelievability", "wins", "[SEP]"]
    assert words.shares[:, 0].tolist() == [0, sum(range(1, parts + 1)), parts + 1, parts + 2]


def test_late_interaction_with_its_added_tokens(tmp_path):
    model = MultiVectorEncoder(make_tiny_late(tmp_path, "bert"))
    found = model.explain("the cat", "a bird can sing")
    words = by_word(found, "the cat", "a bird can sing", model.tokenizer)
    assert words.measure == found.measure
    assert words.shares.sum() == pytest.approx(found.score)
    assert [word.text for word in words.right if word.span] == ["a", "bird", "can", "sing"]
