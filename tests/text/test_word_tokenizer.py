from importlib.util import find_spec

import numpy as np
import pytest

from sbert.errors import InputError
from sbert.text import PhraseTokenizer, WhitespaceTokenizer
from sbert.text.stop_words import ENGLISH_STOP_WORDS

#: Words of phrases are told apart as NLTK does.
needs_nltk = pytest.mark.skipif(find_spec("nltk") is None, reason="needs nltk: pip install 'sbert[words]'")
VOCABULARY = ["<pad>", "the", "cat", "New_York", "new_york_city", "U.S.", "york", "it's", "Cat"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("the cat sat", ["the", "cat"]),
        ("The CAT!", ["the", "cat"]),
        ("Cat", ["Cat"]),
        ("(cat), U.S. it's", ["cat", "U.S.", "it's"]),
        ("... -- !", []),
        ("", []),
        (" \t\ncat\u00a0cat ", ["cat", "cat"]),
    ],
)
def test_words_are_found_as_they_stand_then_without_marks_then_in_lower_case(text, words):
    assert WhitespaceTokenizer(VOCABULARY, ()).tokenize(text) == words


def test_stop_words_are_left_out_in_every_form():
    tokenizer = WhitespaceTokenizer(VOCABULARY, ["the"])
    assert tokenizer.tokenize("The the, cat THE") == ["cat"]
    assert WhitespaceTokenizer(VOCABULARY).tokenize("the cat it's") == ["cat", "it's"]
    assert {"the", "and", "n't", "?"} <= ENGLISH_STOP_WORDS


def test_texts_can_be_lower_cased_first():
    assert WhitespaceTokenizer(VOCABULARY, (), do_lower_case=True).tokenize("Cat") == ["cat"]


def test_a_batch_counts_what_is_cut():
    tokens = WhitespaceTokenizer(VOCABULARY, (), max_length=2).batch(["the cat the", "", "cat"])
    assert tokens.ids.tolist() == [1, 2, 2]
    assert tokens.starts.tolist() == [0, 2, 2, 3]
    assert tokens.dropped.tolist() == [1, 0, 0]


def test_whole_texts_say_which_characters_a_word_stands_for():
    text = "Oh, the CAT!"
    (whole,) = WhitespaceTokenizer(VOCABULARY, ()).whole([text])
    assert [text[a:b] for a, b in whole.offsets.tolist()] == ["the", "CAT!"]


@needs_nltk
@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("the New York cat", ["the", "New_York", "cat"]),
        ("New York City", ["new_york_city"]),  # longer phrases first
        ("new york new", ["york"]),  # only phrases of the vocabulary, in lower case or as they stand
        ("New New York York", ["New_York", "york"]),
    ],
)
def test_phrases_are_one_word(text, words):
    assert PhraseTokenizer(VOCABULARY, ()).tokenize(text) == words


@needs_nltk
def test_phrases_longer_than_asked_and_malformed_ones_are_none():
    vocabulary = ["a_b_c", "x__y", "a", "b", "c"]
    assert PhraseTokenizer(vocabulary, (), max_ngram_length=2).tokenize("a b c") == ["a", "b", "c"]
    assert PhraseTokenizer(vocabulary, ()).tokenize("a b c") == ["a_b_c"]


@needs_nltk
def test_places_of_phrases_are_not_known():
    with pytest.raises(InputError, match="PhraseTokenizer does not say which characters"):
        PhraseTokenizer(VOCABULARY, ()).whole(["the cat"])


def test_pairs_and_lengths_of_nothing_are_refused():
    with pytest.raises(InputError, match="reads single texts"):
        WhitespaceTokenizer(VOCABULARY).batch([("the", "cat")])
    with pytest.raises(InputError, match="max_length must be at least 1; got 0"):
        WhitespaceTokenizer(VOCABULARY, max_length=0)


def test_what_it_remembers_of_words_changes_nothing():
    tokenizer = WhitespaceTokenizer(VOCABULARY, ())
    first = tokenizer.batch(["The cat", "other cat"]).ids
    np.testing.assert_array_equal(tokenizer.batch(["The cat", "other cat"]).ids, first)
    assert tokenizer.with_words(["other"]).batch(["other cat"]).ids.tolist() == [0]
