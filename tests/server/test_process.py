"""``sbert serve`` as a process of its own, through real sockets: its stop, and clients that behave badly."""

import json
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx2
import numpy as np
import pytest

import sbert
from support.asgi import same
from support.processes import Process
from support.tiny import make_tiny_model

TEXTS = ["the cat sleeps", "a bird can sing", "the king is old", "fish eat in the cold sea"]


@pytest.fixture(scope="module")
def server(folder):
    process = Process(folder, "--timeout", "3", "--max-body", 1 << 20)
    yield process
    process.end()


def test_a_request_through_a_socket_is_answered_and_logged(server, dense):
    answer = httpx2.post(f"{server.url}/v1/embeddings", json={"input": TEXTS}, headers={"X-Request-Id": "socket"})
    assert same([row["embedding"] for row in answer.json()["data"]], dense.encode(TEXTS))
    server.logged(1)
    assert next(line for line in server.log() if line["id"] == "socket")["items"] == 4
    assert any("embedding: tiny-bert" in note for note in server.notes)


def test_sigterm_answers_what_was_taken_and_ends_with_0(tmp_path):
    """A slow model has requests in its queue; after SIGTERM all are answered, and the process ends by itself."""
    slow = make_tiny_model(tmp_path / "slow", "bert", hidden_size=256, intermediate_size=1024, num_hidden_layers=6)
    server = Process(slow, "--max-batch-tokens", "256", "--timeout", "60")
    try:
        texts = [f"{text} {number} " * 20 for number in range(8) for text in TEXTS]
        with ThreadPoolExecutor(8) as clients, httpx2.Client(timeout=60) as http:
            asked = [clients.submit(http.post, f"{server.url}/embed", json={"inputs": texts}) for _ in range(8)]
            for _ in range(400):
                metrics = http.get(f"{server.url}/metrics").text
                if "sbert_requests_in_flight 9.0" in metrics:
                    break
                time.sleep(0.01)
            assert "sbert_requests_in_flight 9.0" in metrics  # eight, and that which asks
            server.process.send_signal(signal.SIGTERM)
            time.sleep(0.1)
            seen = [http.get(f"{server.url}/ready"), http.post(f"{server.url}/embed", json={"inputs": "new"})]
            answers = [each.result() for each in asked]
        assert [answer.status_code for answer in answers] == [200] * 8
        assert all(np.array(answer.json()).shape == (32, 256) for answer in answers)
        assert [answer.status_code for answer in seen] == [503, 503]
        assert server.process.wait(20) == 0
        assert any("SIGTERM: finishing" in note for note in server.notes)
    finally:
        server.end()


#: A server of a model that never comes back from some texts, as a device that hangs does.
STUCK = """
import sys, threading
from sbert import SentenceTransformer
from sbert.server import Limits, create_app
from sbert.server.run import run

class Stuck(SentenceTransformer):
    def encode(self, inputs=None, *arguments, **options):
        if "hang" in inputs:
            threading.Event().wait()
        return super().encode(inputs, *arguments, **options)

app = create_app(Stuck(sys.argv[1]), limits=Limits(timeout=float(sys.argv[2])))
run(app, "127.0.0.1", 0, log=True, tell=lambda told: print(told, file=sys.stderr, flush=True))
"""


@pytest.mark.parametrize(("timeout", "signals"), [(60, 2), (1, 1)], ids=["second-signal", "time-is-up"])
def test_a_model_that_hangs_does_not_keep_the_process(folder, timeout, signals):
    """A second signal ends it at once, and the first when the time is up; who waited is told before, where there is
    time for it, and the status says that something was left undone.
    """
    server = Process(folder, timeout, script=STUCK)
    try:
        with ThreadPoolExecutor(1) as clients, httpx2.Client(timeout=60) as http:
            hangs = clients.submit(http.post, f"{server.url}/embed", json={"inputs": "hang"})
            for _ in range(400):
                if "sbert_requests_in_flight 2.0" in httpx2.get(f"{server.url}/metrics").text:
                    break
                time.sleep(0.01)
            started = time.monotonic()
            for _ in range(signals):
                server.process.send_signal(signal.SIGTERM)
                time.sleep(0.3)
            assert server.process.wait(15) == 1
            assert time.monotonic() - started < 8
            if timeout == 1:
                assert hangs.result().status_code == 504
            elif hangs.exception() is None:  # else the connection was closed in its hands
                assert hangs.result().status_code >= 500
        assert any("did not come to an end" in note for note in server.notes)
    finally:
        server.end()


def test_half_a_body_holds_nobody_up_and_is_408(server):
    with server.connect() as half, server.connect() as gone:
        for client in (half, gone):
            client.sendall(b'POST /v1/embeddings HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n{"input": "')
        gone.close()
        started = time.perf_counter()
        assert httpx2.post(f"{server.url}/embed", json={"inputs": "a"}).status_code == 200
        assert time.perf_counter() - started < 2.5
        assert half.recv(4096).startswith(b"HTTP/1.1 408 ")
    for _ in range(200):
        if 499 in [line["status"] for line in server.log()]:
            break
        time.sleep(0.025)
    assert 499 in [line["status"] for line in server.log()]
    metrics = httpx2.get(f"{server.url}/metrics").text
    assert "sbert_requests_in_flight 1.0" in metrics


def test_a_client_that_vanishes_leaves_nothing_behind(server):
    body = json.dumps({"inputs": ["the cat sleeps in the house " * 20] * 500}).encode()
    head = b"POST /embed HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\nX-Request-Id: vanished\r\n\r\n" % len(body)
    for _ in range(5):
        with server.connect() as client:
            client.sendall(head + body)
    for _ in range(200):
        if len([line for line in server.log() if line["id"] == "vanished"]) == 5:
            break
        time.sleep(0.025)
    assert len([line for line in server.log() if line["id"] == "vanished"]) == 5
    metrics = httpx2.get(f"{server.url}/metrics").text
    assert "sbert_requests_in_flight 1.0" in metrics
    assert 'sbert_queue_tokens{model="tiny-bert"} 0.0' in metrics


@pytest.mark.parametrize("chunked", [False, True], ids=["with-length", "in-chunks"])
def test_a_body_of_100_mb_is_413_and_is_not_held(server, chunked):
    psutil = pytest.importorskip("psutil", reason="memory is measured with psutil")
    memory = psutil.Process(server.process.pid).memory_info
    before = memory().rss
    part = b"a" * (1 << 20)

    def parts():
        for _ in range(100):
            yield part

    headers = {} if chunked else {"Content-Length": str(100 << 20)}
    answer = httpx2.post(f"{server.url}/embed", content=parts(), headers=headers, timeout=30)
    assert answer.status_code == 413
    assert memory().rss - before < 30 << 20
    assert httpx2.get(f"{server.url}/health").status_code == 200


def test_an_address_that_is_taken_is_told(server, folder):
    done = subprocess.run(
        [sys.executable, "-m", "sbert", "serve", str(folder), "--port", str(server.port)],
        capture_output=True, text=True, timeout=60, check=False,
        env=os.environ | {"PYTHONPATH": str(Path(sbert.__file__).parents[1])},
    )  # fmt: skip
    assert done.returncode == 2
    assert f"cannot listen on 127.0.0.1:{server.port}" in done.stderr
    assert "Traceback" not in done.stderr


def test_names_keys_rerankers_and_an_index(folder, scorer, tmp_path):
    pytest.importorskip("lancedb", reason="the index needs lancedb: pip install 'sbert[index]'")
    from sbert import Index

    Index.create(tmp_path / "docs.lance", str(folder)).add(["the cat sleeps", "a bird can sing"])
    server = Process(
        f"mine={folder}", "--index", tmp_path / "docs.lance", "--reranker", scorer.spec.folder, "--no-log", "--no-page",
        SBERT_API_KEY="one two",
    )  # fmt: skip
    try:
        with httpx2.Client(base_url=server.url, headers={"Authorization": "Bearer two"}) as http:
            assert http.get("/info", headers={"Authorization": "Bearer three"}).status_code == 401
            assert [each["id"] for each in http.get("/v1/models").json()["data"]] == ["mine", "tiny-cross"]
            assert len(http.post("/search", json={"query": "a cat", "rerank": True}).json()["hits"]) == 2
            assert http.get("/info").json()["index"]["passages"] == 2
            assert http.get("/").status_code == 405
        assert not server.lines
        server.process.send_signal(signal.SIGINT)
        assert server.process.wait(20) == 0
    finally:
        server.end()
