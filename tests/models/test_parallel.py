"""The threads of the encode loop."""

import threading
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sbert.models.distinct import Distinct
from sbert.models.parallel import ahead, share


def test_ahead_keeps_the_order_and_works_one_ahead(threads):
    """While the first result is used, the second is made; items are drawn in the thread that asks, one ahead."""
    drawn, made = [], []

    def items():
        for number in range(4):
            drawn.append((number, threading.current_thread()))
            yield number

    def work(number):
        made.append(number)
        return number * 10

    results = ahead(work, items())
    assert next(results) == 0
    deadline = time.monotonic() + 5
    while made != [0, 1] and time.monotonic() < deadline:
        time.sleep(0.001)
    assert made == [0, 1]
    assert [number for number, _ in drawn] == [0, 1]
    assert list(results) == [10, 20, 30]
    assert {thread for _, thread in drawn} == {threading.current_thread()}
    assert not threads()


def test_ahead_of_one_item_or_none_starts_no_thread():
    seen = []
    assert list(ahead(lambda item: seen.append(threading.current_thread()) or item, ["x"])) == ["x"]
    assert seen == [threading.current_thread()]
    assert list(ahead(str, [])) == []


def test_closing_ahead_early_ends_its_thread(threads):
    results = ahead(str, range(100))
    next(results)
    assert threads()
    results.close()
    assert not threads()


def test_ahead_gives_all_results_before_an_error_of_drawing(threads):
    def items():
        yield 1
        yield 2
        raise OSError("gone")

    results = ahead(str, items())
    assert (next(results), next(results)) == ("1", "2")
    with pytest.raises(OSError, match="gone"):
        next(results)
    assert not threads()


def test_ahead_raises_what_the_function_raises(threads):
    results = ahead(lambda item: 1 // item, [1, 0, 1])
    assert next(results) == 1
    with pytest.raises(ZeroDivisionError):
        next(results)
    assert not threads()


@pytest.mark.parametrize("workers", [1, 3])
def test_share_does_each_item_once(workers):
    done = []
    share(done.append, iter(range(500)), workers)
    assert sorted(done) == list(range(500))


def test_share_runs_items_at_the_same_time():
    meeting = threading.Barrier(3, timeout=10)
    share(lambda _: meeting.wait() and None, iter(range(3)), 3)


@pytest.mark.parametrize("workers", [1, 3])
def test_share_stops_at_the_first_error(workers, threads):
    done = []

    def work(item):
        if item == 5:
            raise ValueError("five")
        done.append(item)

    with pytest.raises(ValueError, match="five"):
        share(work, iter(range(10**6)), workers)
    assert len(done) < 10**6
    assert not threads()

    def items():
        yield 1
        raise OSError("gone")

    with pytest.raises(OSError, match="gone"):
        share(lambda _: None, items(), workers)


@given(st.lists(st.sampled_from("abcdef"), max_size=30))
def test_distinct_texts_and_their_places(texts):
    found = Distinct.among(texts)
    assert list(found.texts) == list(dict.fromkeys(texts))
    assert found.firsts.tolist() == [texts.index(text) for text in found.texts]
    assert found.times.tolist() == [texts.count(text) for text in found.texts]
    rebuilt = dict(zip(found.firsts.tolist(), found.texts, strict=True))
    for place, original in zip(found.repeats.tolist(), found.originals.tolist(), strict=True):
        rebuilt[place] = rebuilt[original]
    assert [rebuilt[place] for place in range(len(texts))] == texts
