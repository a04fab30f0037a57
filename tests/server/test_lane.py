"""Dynamic batching: what waits is read together; what is too much is refused; what nobody waits for is not read."""

import asyncio
import threading
import time

import numpy as np
import pytest

from sbert import SentenceTransformer
from sbert.server import Limits, create_app
from support.asgi import Gated, ask, same, until

TEXTS = ["the cat sleeps", "a bird can sing", "the king is old", "fish eat in the cold sea"]


@pytest.fixture
def gated(folder):
    model = Gated(folder)
    yield model
    model.gate.set()


def lane(app):
    return next(iter(app.state.server.models)).lane


def embed(app, texts, **options):
    return asyncio.create_task(ask(app, "/embed", {"inputs": texts}, **options))


async def held(app, model):
    """A request that holds the model, so that others wait."""
    first = embed(app, "hold")
    await until(lambda: model.calls)
    return first


def test_what_waits_goes_through_the_model_in_one_call(gated, dense):
    app = create_app(gated)

    async def run():
        first = await held(app, gated)
        others = [embed(app, text) for text in TEXTS * 8]
        await until(lambda: len(lane(app)._tickets) == 32)
        gated.gate.set()
        return await asyncio.gather(first, *others)

    answers = asyncio.run(run())[1:]
    assert [len(call) for call in gated.calls] == [1, 32]
    for text, answer in zip(TEXTS * 8, answers, strict=True):
        assert np.array_equal(np.array(answer.json(), np.float32), dense.encode([text]))


def test_requests_that_are_read_differently_share_a_batch_and_not_a_call(gated, dense):
    app = create_app(gated)

    async def run():
        first = await held(app, gated)
        kinds = ["query", "document", None] * 2
        bodies = [{"input": TEXTS[0], "input_type": kind} for kind in kinds]
        others = [asyncio.create_task(ask(app, "/v1/embeddings", body)) for body in bodies]
        await until(lambda: len(lane(app)._tickets) == 6)
        gated.gate.set()
        await first
        return await asyncio.gather(*others)

    assert all(answer.status == 200 for answer in asyncio.run(run()))
    assert sorted(len(call) for call in gated.calls) == [1, 2, 2, 2]


def test_a_batch_has_so_many_tokens_and_a_single_text_does_not_wait_behind_thousands(gated, dense):
    app = create_app(gated, limits=Limits(batch_tokens=64))
    many = [f"{text} {number}" for number in range(25) for text in TEXTS]

    async def run():
        first = await held(app, gated)
        bulk = embed(app, many)
        await until(lambda: lane(app)._tickets)
        single = embed(app, "the queen")
        await until(lambda: len(lane(app)._tickets) == 2)
        gated.gate.set()
        answer = await single
        position = len(gated.calls)
        return answer, position, await bulk, await first

    single, position, bulk, _ = asyncio.run(run())
    assert position <= 3
    assert same(single.json(), dense.encode(["the queen"]))
    assert np.array_equal(np.array(bulk.json(), np.float32), dense.encode(many))
    for call in gated.calls:
        assert sum(len(dense.tokenizer.encode(text)) for text in call) <= 64


def test_a_text_larger_than_a_batch_goes_alone(dense):
    app = create_app(dense, limits=Limits(batch_tokens=4))
    answer = asyncio.run(ask(app, "/embed", {"inputs": ["dog " * 50, *TEXTS]}))
    assert same(answer.json(), dense.encode(["dog " * 50, *TEXTS]))


def test_a_full_queue_is_429_with_the_time_to_come_again(gated):
    app = create_app(gated, limits=Limits(queue_tokens=40))

    async def run():
        first = await held(app, gated)
        waiting = [embed(app, TEXTS), embed(app, "the queen")]
        await until(lambda: len(lane(app)._tickets) == 2)
        refused = await embed(app, TEXTS)
        healthy = await ask(app, "/health")
        gated.gate.set()
        return refused, healthy, await asyncio.gather(first, *waiting), await embed(app, TEXTS)

    refused, healthy, taken, later = asyncio.run(run())
    assert (refused.status, refused.json()["error_type"]) == (429, "Overloaded")
    assert int(refused.headers["retry-after"]) >= 1
    assert healthy.status == 200
    assert [answer.status for answer in taken] == [200, 200, 200]
    assert later.status == 200


def test_so_many_requests_at_once_and_no_more(gated):
    app = create_app(gated, limits=Limits(requests=2))

    async def run():
        first = await held(app, gated)
        second = embed(app, "b")
        await until(lambda: lane(app)._tickets)
        refused = await embed(app, "c")
        healthy = await ask(app, "/health")
        gated.gate.set()
        await asyncio.gather(first, second)
        return refused, healthy

    refused, healthy = asyncio.run(run())
    assert (refused.status, healthy.status) == (429, 200)


def test_what_nobody_waits_for_is_never_read(gated):
    """A client that leaves takes its texts out of the queue, and their tokens off the account."""
    app = create_app(gated)

    async def run():
        first = await held(app, gated)
        leave = asyncio.Event()
        gone, stays = embed(app, TEXTS, leave=leave), embed(app, "the queen")
        await until(lambda: len(lane(app)._tickets) == 2)
        before = lane(app).waiting_tokens()
        leave.set()
        answer = await gone
        after = lane(app).waiting_tokens()
        gated.gate.set()
        await asyncio.gather(first, stays)
        return answer, before, after

    answer, before, after = asyncio.run(run())
    assert answer.status == 0
    assert before > after > 0
    assert gated.calls == [["hold"], ["the queen"]]
    assert app.state.server.in_flight == 0


def test_long_texts_are_counted_one_request_at_a_time_and_only_as_many_as_may_wait(dense, monkeypatch):
    """Those whose clients leave before it are not counted at all, and what is counted holds room in the queue."""
    app = create_app(dense, limits=Limits(queue_tokens=3000))
    served = next(iter(app.state.server.models))
    gate, counted, count = threading.Event(), [], served.reader.count

    def slow(reading, items):
        counted.append(items[0])
        assert gate.wait(30)
        return count(reading, items)

    monkeypatch.setattr(served.reader, "count", slow)

    async def run():
        leave = asyncio.Event()
        first = embed(app, ["first " * 300] * 10)
        await until(lambda: counted)
        gone, waits = embed(app, ["gone " * 900], leave=leave), embed(app, ["waits " * 900])
        await until(lambda: app.state.server.in_flight == 3)
        await asyncio.sleep(0.05)
        refused = await embed(app, ["refused " * 300] * 20)
        healthy = await ask(app, "/health")
        leave.set()
        left = await gone
        gate.set()
        return refused, healthy, [left, await first, await waits]

    refused, healthy, answers = asyncio.run(run())
    assert (refused.status, healthy.status) == (429, 200)
    assert [answer.status for answer in answers] == [0, 200, 200]
    assert [text.split()[0] for text in counted] == ["first", "waits"]
    assert served.lane._expected == 0


def test_what_takes_too_long_is_504_and_is_not_read_later(gated):
    app = create_app(gated, limits=Limits(timeout=0.3))

    async def run():
        first = await held(app, gated)
        late = await ask(app, "/v1/embeddings", {"input": TEXTS})
        assert (await first).status == 504
        gated.gate.set()
        return late, await embed(app, "the queen")

    late, after = asyncio.run(run())
    assert late.status == 504
    assert late.json()["error"]["code"] == "timeout"
    assert after.status == 200
    assert gated.calls == [["hold"], ["the queen"]]


def test_a_model_that_is_stuck_is_not_ready(gated):
    app = create_app(gated, limits=Limits(timeout=0.05))

    async def run():
        await (await held(app, gated))
        await asyncio.sleep(0.1)
        ready, healthy = await ask(app, "/ready"), await ask(app, "/health")
        gated.gate.set()
        await until(lambda: not lane(app).busy_for)
        return ready, healthy, await ask(app, "/ready")

    ready, healthy, later = asyncio.run(run())
    assert (ready.status, ready.json()) == (503, {"status": "stuck"})
    assert (healthy.status, later.status) == (200, 200)


def test_only_the_request_that_makes_a_call_fail_gets_the_error(gated, dense, caplog):
    app = create_app(gated)

    async def run():
        first = await held(app, gated)
        others = [embed(app, TEXTS[:2]), embed(app, ["poison"]), embed(app, TEXTS[2:])]
        await until(lambda: len(lane(app)._tickets) == 3)
        gated.gate.set()
        await first
        return await asyncio.gather(*others)

    before, poisoned, after = asyncio.run(run())
    assert same(before.json(), dense.encode(TEXTS[:2]))
    assert same(after.json(), dense.encode(TEXTS[2:]))
    assert (poisoned.status, poisoned.json()["error_type"]) == (500, "Backend")
    assert "the network broke" not in poisoned.body.decode()
    assert "the network broke" in caplog.text


class Panic(BaseException):
    """What libraries written in Rust raise when they panic: no Exception."""


def test_a_panic_is_the_error_of_the_request_that_caused_it_and_others_go_on(gated, dense, caplog):
    app, encode = create_app(gated), gated.encode

    def panics(inputs, *arguments, **options):
        if "panic" in inputs:
            gated.gate.wait(30)
            raise Panic("index out of bounds")
        return encode(inputs, *arguments, **options)

    gated.encode = panics

    async def run():
        first = await held(app, gated)
        others = [embed(app, ["panic"]), embed(app, TEXTS), embed(app, ["panic", "a"])]
        await until(lambda: len(lane(app)._tickets) == 3)
        gated.gate.set()
        return await asyncio.gather(first, *others, embed(app, "the queen"))

    first, alone, fine, second, later = asyncio.run(run())
    assert [answer.status for answer in (first, alone, fine, second, later)] == [200, 500, 200, 500, 200]
    assert same(fine.json(), dense.encode(TEXTS))
    assert "index out of bounds" in caplog.text


def test_a_panic_beside_the_lanes_is_a_500(folder, monkeypatch, caplog):
    model = SentenceTransformer(folder)
    app = create_app(model)

    def panics(*texts):
        raise Panic("index out of bounds")

    monkeypatch.setattr(model, "explain", panics)
    answer = asyncio.run(ask(app, "/explain", {"a": "a", "b": "b"}))
    assert (answer.status, answer.json()["error_type"]) == (500, "Backend")
    assert "index out of bounds" in caplog.text
    monkeypatch.undo()
    assert asyncio.run(ask(app, "/explain", {"a": "a", "b": "b"})).status == 200


def test_a_model_that_loses_rows_is_an_error_and_not_a_silence(dense, monkeypatch, caplog):
    app = create_app(dense, limits=Limits(timeout=5))
    run = lane(app)._run
    monkeypatch.setattr(lane(app), "_run", lambda reading, items: run(reading, items)[: 1 if len(items) == 4 else None])

    async def ask_twice():
        return await embed(app, TEXTS), await embed(app, TEXTS[:2])

    wrong, right = asyncio.run(ask_twice())
    assert (wrong.status, right.status) == (500, 200)
    assert "1 rows for 4 items" in caplog.text


def test_requests_that_gave_up_are_not_kept_while_the_model_is_stuck(gated):
    app = create_app(gated, limits=Limits(timeout=0.1))

    async def run():
        first = await held(app, gated)
        await asyncio.gather(*(embed(app, TEXTS) for _ in range(20)))
        last = embed(app, "the queen")
        await until(lambda: any(ticket.items == ["the queen"] for ticket in lane(app)._tickets))
        kept = len(lane(app)._tickets)
        gated.gate.set()
        await asyncio.gather(first, last)
        return kept

    assert asyncio.run(run()) == 1


def test_what_is_closed_answers_those_who_wait_and_takes_no_more(gated):
    app = create_app(gated)

    async def run():
        first = await held(app, gated)
        waiting = embed(app, TEXTS)
        await until(lambda: lane(app)._tickets)
        started = time.monotonic()
        await app.state.server.close()
        answers = await asyncio.gather(first, waiting, embed(app, "new"), ask(app, "/explain", {"a": "a", "b": "b"}))
        return answers, time.monotonic() - started

    answers, seconds = asyncio.run(run())
    assert [answer.status for answer in answers] == [503] * 4
    assert seconds < 10


def test_what_waits_beside_the_lanes_is_answered_when_it_is_closed(folder, monkeypatch):
    model = SentenceTransformer(folder)
    app, gate, begun = create_app(model), threading.Event(), threading.Event()
    explain = model.explain

    def slow(*texts):
        begun.set()
        assert gate.wait(30)
        return explain(*texts)

    monkeypatch.setattr(model, "explain", slow)

    async def run():
        first = asyncio.create_task(ask(app, "/explain", {"a": "a", "b": "b"}))
        await until(begun.is_set)
        waits = asyncio.create_task(ask(app, "/explain", {"a": "a", "b": "b"}))
        await until(lambda: app.state.server.in_flight == 2)
        await asyncio.sleep(0.05)
        await app.state.server.close()
        refused = await waits
        gate.set()
        return refused, await first

    refused, taken = asyncio.run(run())
    assert (refused.status, refused.json()["error_type"]) == (503, "Unhealthy")
    assert taken.status == 200


def test_while_it_stops_nothing_new_is_taken_and_what_was_is_answered(gated):
    app = create_app(gated)

    async def run():
        first = await held(app, gated)
        waiting = embed(app, TEXTS)
        await until(lambda: lane(app)._tickets)
        app.state.server.stopping = True
        new, ready, healthy = await embed(app, "new"), await ask(app, "/ready"), await ask(app, "/health")
        gated.gate.set()
        return new, ready, healthy, await first, await waiting

    new, ready, healthy, *taken = asyncio.run(run())
    assert (new.status, new.json()["error_type"], new.headers["connection"]) == (503, "Unhealthy", "close")
    assert (ready.status, ready.json()) == (503, {"status": "stopping"})
    assert healthy.status == 200
    assert [answer.status for answer in taken] == [200, 200]


def test_many_clients_get_their_own_vectors(dense):
    """Each of 300 requests of several texts gets those of its own texts, whatever they were batched with."""
    app = create_app(dense, limits=Limits(batch_tokens=128))
    rng = np.random.default_rng(0)
    asked = [[f"{TEXTS[place]} {number}" for place in rng.integers(0, 4, rng.integers(1, 6))] for number in range(300)]

    async def run():
        return await asyncio.gather(*(embed(app, texts) for texts in asked))

    for texts, answer in zip(asked, asyncio.run(run()), strict=True):
        assert np.array_equal(np.array(answer.json(), np.float32), dense.encode(texts))
