"""Samplers: what is in a batch, that nothing is lost, and that a seed and an epoch decide all."""

from itertools import chain

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sbert.errors import InputError
from sbert.training import (
    DefaultBatchSampler,
    GroupByLabelBatchSampler,
    NoDuplicatesBatchSampler,
    ProportionalBatchSampler,
    RoundRobinBatchSampler,
    TokenBudgetBatchSampler,
)
from sbert.training.mixing import Mixed
from sbert.training.tables import Table


def table(texts):
    return Table({"a": [f"{text}" for text in texts], "b": [f"{text} {place}" for place, text in enumerate(texts)]})


@settings(deadline=None)
@given(
    texts=st.lists(st.integers(0, 12), min_size=1, max_size=60),
    size=st.integers(1, 9),
    drop=st.booleans(),
    seed=st.integers(0, 3),
)
def test_no_text_stands_twice_in_a_batch(texts, size, drop, seed):
    rows = table(texts)
    sampler = NoDuplicatesBatchSampler(rows, size, drop, columns=("a", "b"), seed=seed)
    batches = list(sampler)
    assert len(sampler) == len(batches)
    for batch in batches:
        assert len({texts[row] for row in batch}) == len(batch) <= size
        assert not drop or len(batch) == size
    found = [row for batch in batches for row in batch]
    assert len(found) == len(set(found))
    assert drop or sorted(found) == list(range(len(texts)))
    assert batches == list(NoDuplicatesBatchSampler(rows, size, drop, columns=("a", "b"), seed=seed))


def test_a_text_in_another_column_is_a_duplicate_too():
    rows = Table({"a": ["x", "y"], "b": ["y", "z"]})
    assert sorted(NoDuplicatesBatchSampler(rows, 2, columns=("a", "b"))) == [[0], [1]]


def test_many_duplicates_take_no_longer_than_few():
    """Each row is placed once: 20,000 rows of one text make as many batches, and every step is counted."""
    rows = Table({"a": ["same"] * 20_000})
    sampler = NoDuplicatesBatchSampler(rows, 4, columns=("a",))
    assert len(sampler) == 20_000
    assert not list(NoDuplicatesBatchSampler(rows, 4, True, columns=("a",)))


@settings(deadline=None)
@given(labels=st.lists(st.integers(0, 4), min_size=8, max_size=60), size=st.sampled_from([4, 6, 8]))
def test_batches_of_groups(labels, size):
    rows = Table({"a": [str(place) for place in range(len(labels))], "label": labels})
    counts = np.bincount(labels)
    if (counts > 1).sum() < 2:
        with pytest.raises(InputError, match="two labels"):
            GroupByLabelBatchSampler(rows, size, label="label")
        return
    for batch in GroupByLabelBatchSampler(rows, size, label="label"):
        of_batch = np.array(labels)[batch]
        values, found = np.unique(of_batch, return_counts=True)
        assert len(values) > 1
        assert (found > 1).all()
        assert len(batch) == len(set(batch)) <= size


def test_groups_need_labels_and_an_even_size():
    rows = table(range(8))
    with pytest.raises(InputError, match="even"):
        GroupByLabelBatchSampler(rows, 5, label="a")
    with pytest.raises(InputError, match="column of labels"):
        GroupByLabelBatchSampler(rows, 4)


@settings(deadline=None)
@given(
    lengths=st.lists(st.integers(1, 50), min_size=1, max_size=300),
    tokens=st.integers(20, 200),
    most=st.integers(1, 16),
)
def test_a_budget_of_tokens_is_kept(lengths, tokens, most):
    rows = table(range(len(lengths)))
    sampler = TokenBudgetBatchSampler(rows, tokens, np.array(lengths), most)
    batches = list(sampler)
    assert sorted(row for batch in batches for row in batch) == list(range(len(lengths)))
    assert len(sampler) == len(batches)
    for batch in batches:
        longest = max(lengths[row] for row in batch)
        assert len(batch) <= most
        assert len(batch) == 1 or longest * len(batch) <= tokens


def test_epochs_differ_and_come_again():
    sampler = DefaultBatchSampler(table(range(20)), 6, seed=3)
    first = list(sampler)
    sampler.set_epoch(1)
    second = list(sampler)
    assert first != second
    assert sorted(chain(*first)) == sorted(chain(*second)) == list(range(20))
    sampler.set_epoch(0)
    assert list(sampler) == first
    assert len(first) == len(sampler) == 4
    assert len(DefaultBatchSampler(table(range(20)), 6, True)) == 3


@pytest.mark.parametrize("kind", [ProportionalBatchSampler, RoundRobinBatchSampler])
def test_each_batch_is_of_one_dataset(kind):
    mixed = Mixed({"few": table(range(10)), "many": table(range(100, 140))})
    samplers = [DefaultBatchSampler(rows, 4) for rows in mixed.datasets]
    sampler = kind(samplers, mixed.starts)
    batches = [mixed.__getitems__(batch) for batch in sampler]
    names = [{row["dataset_name"] for row in batch} for batch in batches]
    assert all(len(name) == 1 for name in names)
    assert len(sampler) == len(batches)
    order = [name.pop() for name in names]
    if kind is RoundRobinBatchSampler:
        assert order == ["few", "many"] * 3
    else:
        assert order.count("few") == 3
        assert order.count("many") == 10
        assert sorted(row["a"] for batch in batches for row in batch) == sorted(
            map(str, [*range(10), *range(100, 140)])
        )
    sampler.set_epoch(1)
    assert [mixed.__getitems__(batch) for batch in sampler] != batches
