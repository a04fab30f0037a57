"""Cutting long documents on their tokens: nothing lost, nothing tokenised otherwise."""

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from sbert.checkpoints.modules import TransformerSpec
from sbert.errors import InputError
from sbert.text import load_tokenizer
from sbert.text.chunking import Framed, check_overlap, documents, new_tokens, plan_chunks
from sbert.text.fallback import TransformersTokenizer
from support.tiny import make_tiny_model

LENGTH = 12
PIECES = (
    "the",
    "cat",
    "unbelievable",
    "naïve",
    "日本語",
    "😀x",
    "a.b",
    "e\u0301te",
    " ",
    "\n\n",
    "\x00",
    "\t",
    "",
    "[SEP]",
)
TEXT = st.lists(st.sampled_from(PIECES) | st.text(max_size=4), max_size=60).map(" ".join)


@pytest.fixture(scope="module", params=["bert", "roberta", "xlm-roberta", "albert"])
def tokenizer(request, tmp_path_factory):
    folder = make_tiny_model(tmp_path_factory.mktemp("tiny"), request.param)
    return load_tokenizer(TransformerSpec.read(folder)).with_max_length(LENGTH)


@given(count=st.integers(0, 500), capacity=st.integers(1, 40), data=st.data())
def test_a_plan_covers_all_and_overlaps_as_asked(count, capacity, data):
    overlap = data.draw(st.integers(0, capacity - 1))
    ranges = plan_chunks(count, capacity, overlap)
    starts, ends = ranges.T
    assert (starts[0], ends[-1]) == (0, count)
    assert (ends - starts <= capacity).all()
    assert (ends[:-1] - starts[1:] == overlap).all()
    assert len(ranges) == 1 or (np.diff(ends) > 0).all()  # every chunk brings something new
    assert new_tokens(ranges).sum() == max(count, 1)


@pytest.mark.parametrize("prompt", ["", "query: ", "the "])
@given(text=TEXT)
@example(text="the cat sits " * 20)
@settings(deadline=None, max_examples=40)
def test_chunks_are_slices_of_the_whole(tokenizer, prompt, text):
    text = text.encode("utf-8", "ignore").decode()
    (document,) = documents(tokenizer, [text], prompt)
    whole = tokenizer.with_max_length(None).batch([prompt + text]).ids
    np.testing.assert_array_equal(document.framed(0, len(document.ids)), whole)
    frame = len(document.before) + len(document.after)
    for first, last in plan_chunks(len(document.ids), LENGTH - frame, 2).tolist():
        row = document.framed(first, last)
        assert len(row) <= LENGTH
        place = len(document.before) + first
        np.testing.assert_array_equal(row[len(document.before) :][: last - first], whole[place:][: last - first])
        np.testing.assert_array_equal(row[: len(document.before)], whole[: len(document.before)])
        np.testing.assert_array_equal(row[len(row) - len(document.after) :], whole[len(whole) - len(document.after) :])


@pytest.mark.parametrize("prompt", ["", "query: "])
@given(text=TEXT, overlap=st.integers(0, 3))
@settings(deadline=None, max_examples=40)
def test_spans_hold_every_character_but_white_space(tokenizer, prompt, text, overlap):
    text = text.encode("utf-8", "ignore").decode()
    (document,) = documents(tokenizer, [text], prompt)
    ranges = plan_chunks(len(document.ids), 5, overlap).tolist()
    spans = [document.span(first, last) for first, last in ranges]
    held = np.zeros(len(text), bool)
    for start, end in spans:
        assert 0 <= start <= end <= len(text)
        held[start:end] = True
        assert text[start:end] == text[start:end].strip()
    assert not [character for character, seen in zip(text, held, strict=True) if not seen and not character.isspace()]
    assert spans == sorted(spans)


def test_a_span_is_the_text_that_its_tokens_stand_for(tokenizer):
    (document,) = documents(tokenizer, ["the cat  sits on the mat"])
    starts = [document.span(first, len(document.ids))[0] for first in range(len(document.ids))]
    assert set(starts) >= {0, 4, 9, 14, 17, 21}  # every word begins somewhere
    assert document.span(0, len(document.ids)) == (0, 24)


def test_the_end_that_is_kept_changes_nothing(tmp_path):
    """A tokenizer that keeps the end of long texts hands the parts over in another order."""
    folder = make_tiny_model(tmp_path, "bert")
    right = load_tokenizer(TransformerSpec.read(folder)).with_max_length(7)
    left = load_tokenizer(TransformerSpec.read(folder))
    left.keep_end = True
    left = left.with_max_length(7)
    text = "the cat is unbelievable and the dog sits on a mat in the house"
    for one, other in zip(documents(left, [text]), documents(right, [text]), strict=True):
        np.testing.assert_array_equal(one.ids, other.ids)
        np.testing.assert_array_equal(one.offsets, other.offsets)


def test_overlaps_that_leave_no_room_are_refused():
    assert check_overlap(None, 80) == 10
    assert check_overlap(0, 1) == 0
    for wrong in (-1, 80, 2.0, True):
        with pytest.raises(InputError, match="from 0 to 79"):
            check_overlap(wrong, 80)


def test_rows_of_tokens_pass_as_texts():
    rows = [np.array([5, 6, 7]), np.array([], np.int64), np.array([8])]
    tokens = Framed(None, 0).batch([row.tobytes() for row in rows])
    assert tokens.ids.tolist() == [5, 6, 7, 8]
    assert tokens.lengths.tolist() == [3, 0, 1]
    assert len(Framed(None, 0).batch([])) == 0


def test_a_tokenizer_without_offsets_says_so():
    slow = TransformersTokenizer(None, 10, 0)
    with pytest.raises(InputError, match=r"TransformersTokenizer does not say .* on_long='truncate'"):
        documents(slow, ["x"])
