"""Tokenizing without special tokens: the tokens are the library's, whether words were seen before or not."""

import copy
import json
import pickle
import threading

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import AddedToken, Tokenizer

from sbert.checkpoints import resolve
from sbert.text import PlainTokenizer, words
from support.tiny import ARCHITECTURES, tokenizer_of

TEXTS = [
    "Hello, world! It's 3.14 o'clock — isn't it?",
    "Ünïcödé naïve CAFÉ résumé ﬁnance ½ ①",
    "日本語のテキスト and 中文 mixed, плюс русский",
    "two  spaces\tand\ntabs\r\nand\u00a0others\u2003too\x0bhere\x85",
    "emoji 😀👩‍👩‍👧 zero\u200bwidth a\u0301 \u0301b",
    "[CLS] [MASK] [UNK] a[SEP]b [sep] words",
    "",
    " ",
    "supercalifragilisticexpialidocious" * 5,
    "x" * 500,
]
MANY = TEXTS * 5  # enough that words are kept


@pytest.fixture(scope="module")
def backend():
    return Tokenizer.from_file(str(resolve("all-MiniLM-L6-v2").folder / "tokenizer.json"))


def rows_of(tokens):
    return [tokens.ids[a:b].tolist() for a, b in zip(tokens.starts[:-1], tokens.starts[1:], strict=True)]


def library_rows(backend, texts, skip=None, length=None):
    plain = copy.deepcopy(backend)
    plain.no_truncation()
    plain.no_padding()
    rows = [plain.encode(text, add_special_tokens=False).ids for text in texts]
    return [[token for token in row if token != skip][:length] for row in rows]


@pytest.mark.parametrize("length", [None, 3])
@pytest.mark.parametrize("skip_unknown", [False, True])
def test_tokens_are_the_librarys(backend, skip_unknown, length):
    tokenizer = PlainTokenizer(copy.deepcopy(backend), length, skip_unknown=skip_unknown)
    unknown = backend.token_to_id("[UNK]")
    assert any(unknown in row for row in library_rows(backend, TEXTS))  # there is something to leave out
    expected = library_rows(backend, MANY, unknown if skip_unknown else None, length)
    for _ in range(2):  # learning, then knowing
        tokens = tokenizer.batch(MANY)
        assert rows_of(tokens) == expected
    full = library_rows(backend, MANY, unknown if skip_unknown else None)
    assert tokens.dropped.tolist() == [len(a) - len(b) for a, b in zip(full, expected, strict=True)]
    assert rows_of(tokenizer.batch(TEXTS)) == expected[: len(TEXTS)]  # few texts, which go to the library as they are


@given(st.lists(st.text(), min_size=32, max_size=40))
@settings(max_examples=60, deadline=None)
def test_kept_words_change_no_token(texts):
    tokenizer = test_kept_words_change_no_token.tokenizer
    assert rows_of(tokenizer.batch(texts)) == library_rows(tokenizer.backend, texts)


test_kept_words_change_no_token.tokenizer = PlainTokenizer(
    Tokenizer.from_file(str(resolve("all-MiniLM-L6-v2").folder / "tokenizer.json")), None
)


@given(
    st.lists(
        st.lists(st.sampled_from(["a", "CAFÉ", "中", " ", "\n", "\t", "\u0301", "\u200d", "[MASK]", "##", ",", "é"])),
        min_size=32,
        max_size=40,
    )
)
@settings(max_examples=100, deadline=None)
def test_kept_words_change_no_token_where_letters_meet(texts):
    tokenizer = test_kept_words_change_no_token.tokenizer
    joined = ["".join(parts) for parts in texts]
    assert rows_of(tokenizer.batch(joined)) == library_rows(tokenizer.backend, joined)


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_every_kind_of_tokenizer_gives_the_librarys_tokens(architecture):
    """Words are kept of those alone that split at spaces."""
    backend = tokenizer_of(architecture)
    tokenizer = PlainTokenizer(copy.deepcopy(backend), None)
    assert rows_of(tokenizer.batch(MANY)) == library_rows(backend, MANY)
    assert words.splits_at_spaces(backend) == (architecture in ("bert", "distilbert", "electra", "mpnet"))


def test_words_are_not_kept_where_an_added_token_has_a_space(backend):
    changed = copy.deepcopy(backend)
    changed.add_tokens([AddedToken("new york")])
    assert words.splits_at_spaces(backend)
    assert not words.splits_at_spaces(changed)
    texts = ["in new york now"] * 40
    assert rows_of(PlainTokenizer(copy.deepcopy(changed), None).batch(texts)) == library_rows(changed, texts)


def test_what_is_kept_is_bounded(backend, monkeypatch):
    monkeypatch.setattr(words, "_MAX_PARTS", 50)
    tokenizer = PlainTokenizer(copy.deepcopy(backend), None)
    for number in range(20):
        texts = [f"word{number * 40 + k} again" for k in range(40)]
        assert rows_of(tokenizer.batch(texts)) == library_rows(backend, texts)
        assert len(tokenizer._words._known.places) <= 50


def test_threads_may_share_it(backend, monkeypatch):
    monkeypatch.setattr(words, "_MAX_PARTS", 300)  # so that it is forgotten while others look up
    tokenizer = PlainTokenizer(copy.deepcopy(backend), None)
    batches = [[f"{'abcdefgh'[n]}{k} {k * n} the same words" for k in range(80)] for n in range(8)]
    wrong = []

    def work(texts):
        expected = library_rows(backend, texts)
        wrong.extend(texts[0] for _ in range(10) if rows_of(tokenizer.batch(texts)) != expected)

    threads = [threading.Thread(target=work, args=(texts,)) for texts in batches]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_it_can_be_copied_and_pickled(backend):
    tokenizer = PlainTokenizer(copy.deepcopy(backend), 7, skip_unknown=True)
    expected = rows_of(tokenizer.batch(MANY))
    for twin in (copy.deepcopy(tokenizer), pickle.loads(pickle.dumps(tokenizer))):
        assert rows_of(twin.batch(MANY)) == expected
    assert rows_of(tokenizer.with_max_length(None).batch(MANY)) == rows_of(
        PlainTokenizer(copy.deepcopy(backend), None, skip_unknown=True).batch(MANY)
    )


def test_its_settings_are_in_what_is_saved(backend):
    assert json.loads(PlainTokenizer(copy.deepcopy(backend), 7).serialized())["truncation"]["max_length"] == 7
    assert json.loads(PlainTokenizer(copy.deepcopy(backend), None).serialized())["truncation"] is None


def test_pairs_and_prompts(backend):
    tokenizer = PlainTokenizer(copy.deepcopy(backend), None)
    tokens = tokenizer.batch([("a cat", "a dog")] * 40)
    assert rows_of(tokens) == [library_rows(backend, ["a cat a dog"])[0]] * 40
    assert tokens.type_ids is None
    assert tokenizer.prompt_length("query: ") == 2
    np.testing.assert_array_equal(tokenizer.batch([]).starts, [0])
