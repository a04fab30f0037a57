"""A tokenizer that only transformers has, one that runs in Python, behind the same interface."""

import numpy as np
import pytest
from transformers import ByT5Tokenizer

from sbert.text.fallback import TransformersTokenizer

TEXTS = ["hello", "", "a longer text than ten bytes", "Ünï"]


@pytest.fixture(scope="module")
def backend():
    return ByT5Tokenizer()


def test_tokens_are_the_librarys_and_what_is_cut_is_counted(backend):
    tokens = TransformersTokenizer(backend, 10, backend.pad_token_id).batch(TEXTS)
    whole = [backend(text)["input_ids"] for text in TEXTS]
    for index, text in enumerate(TEXTS):
        expected = backend(text, truncation=True, max_length=10)["input_ids"]
        assert tokens.ids[tokens.starts[index] : tokens.starts[index + 1]].tolist() == expected
    np.testing.assert_array_equal(tokens.dropped, [max(0, len(ids) - 10) for ids in whole])


def test_lengths_lower_case_and_mixed_pairs(backend):
    tokenizer = TransformersTokenizer(backend, 10, 0)
    assert tokenizer.with_max_length(None).batch(TEXTS[2:3]).lengths.tolist() == [len(backend(TEXTS[2])["input_ids"])]
    lowered = TransformersTokenizer(backend, 10, 0, lower_case=True)
    assert lowered.encode("HeLLo") == tokenizer.encode("hello") != tokenizer.encode("HeLLo")
    assert lowered.serialized() != tokenizer.serialized()
    mixed = tokenizer.batch(["ab", ("x", "y")])
    assert mixed.ids[: mixed.starts[1]].tolist() == tokenizer.encode("ab")
    assert mixed.ids[mixed.starts[1] :].tolist() == backend("x", "y")["input_ids"]
    assert tokenizer.prompt_length("ab: ") == 4  # one number a byte, the closing token left out
