"""Batches hold every text once, and padding depends on the text alone."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from sbert.text import Tokens, make_batch, padded_length, plan_batches

LENGTHS = st.lists(st.integers(min_value=0, max_value=600), max_size=200).map(lambda x: np.array(x, np.int64))


@given(LENGTHS, st.integers(min_value=1, max_value=5000), st.one_of(st.none(), st.integers(min_value=1, max_value=40)))
def test_every_text_is_in_exactly_one_batch_of_its_own_length(lengths, budget, max_rows):
    seen = []
    for length, rows in plan_batches(lengths, budget, max_rows):
        np.testing.assert_array_equal(padded_length(lengths[rows]), length)
        assert len(rows) == 1 or len(rows) * length <= budget
        assert max_rows is None or len(rows) <= max_rows
        seen += rows.tolist()
    assert sorted(seen) == list(range(len(lengths)))


@given(st.integers(min_value=1, max_value=500), st.integers(min_value=1, max_value=200))
def test_a_length_has_few_different_shapes(count, full):
    """Full batches and powers of two: a network compiles kernels for each shape that it sees."""
    sizes = [len(rows) for _, rows in plan_batches(np.full(count, 8), 8 * full)]
    assert sum(sizes) == count
    assert all(size == full or size.bit_count() == 1 for size in sizes)
    assert sizes == sorted(sizes, reverse=True)
    assert len(sizes) <= count // full + full.bit_length()


@given(LENGTHS)
def test_the_longest_come_first(lengths):
    widths = [length for length, _ in plan_batches(lengths, 1000)]
    assert widths == sorted(widths, reverse=True)


@given(LENGTHS, st.integers(min_value=600, max_value=700))
def test_padding_stops_where_the_network_ends(lengths, longest):
    for length, rows in plan_batches(lengths, 1000, longest=longest):
        assert lengths[rows].max() <= length <= longest


@given(st.integers(min_value=0, max_value=10_000))
def test_padding_is_small(length):
    padded = int(padded_length(np.array(length)))
    assert length <= padded < max(length, 1) + (4 if length <= 64 else 16)


@given(st.lists(st.lists(st.integers(min_value=5, max_value=99), min_size=1, max_size=30), min_size=1, max_size=20))
def test_a_batch_holds_its_texts_and_padding(rows):
    starts = np.cumsum([0, *(len(row) for row in rows)])
    tokens = Tokens(
        np.array([token for row in rows for token in row], np.int64), None, starts, np.zeros(len(rows), np.int64)
    )
    chosen = np.arange(len(rows))[::-1]
    batch = make_batch(tokens, chosen, 32, pad_id=1)
    assert batch.ids.shape == (len(rows), 32)
    for place, index in enumerate(chosen):
        row = rows[index]
        assert batch.ids[place].tolist() == row + [1] * (32 - len(row))
        assert batch.mask[place].tolist() == [1] * len(row) + [0] * (32 - len(row))
    assert batch.lengths.tolist() == [len(rows[index]) for index in chosen]
