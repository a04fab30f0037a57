"""One model in many threads, in forked processes, and on its way to another process."""

import multiprocessing
import os
import pickle
import subprocess
import sys
import threading
import time
import warnings

import numpy as np
import pytest

from sbert import SentenceTransformer
from sbert.process import WORK, Gate, forks
from support.tiny import make_tiny_model

TEXTS = ["the cat sat on the mat", "a dog", "", "some words " * 30]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return make_tiny_model(tmp_path_factory.mktemp("tiny"), "bert")


# --- threads --------------------------------------------------------------------------------------------------------


def in_threads(work, count=4):
    failures = []

    def guarded(number):
        try:
            work(number)
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=guarded, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]


def test_each_thread_reads_of_its_own_calls(folder):
    model = SentenceTransformer(folder, backend="openvino", on_truncation="ignore")
    barrier = threading.Barrier(4)

    def work(number):
        for _ in range(5):
            model.encode(["word " * 300] * number + ["short"])
            barrier.wait()  # all have encoded: the last call of any is another's for most
            assert (model.truncation.texts, model.truncation.truncated) == (number + 1, number)
            barrier.wait()

    in_threads(work)
    assert model.truncation.texts in (1, 2, 3, 4)  # this thread has made no call: the last of any


def test_warnings_count_the_call_that_they_are_of(folder):
    model = SentenceTransformer(folder, backend="openvino")

    def work(number):
        for _ in range(5):
            model.encode(["word " * 300] * (number + 1))

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        in_threads(work)
    counts = sorted(int(str(each.message).split()[0]) for each in caught)
    assert counts == sorted([1, 2, 3, 4] * 5)


@pytest.mark.parametrize("backend", ["openvino", "torch"])
def test_settings_change_while_others_encode(folder, backend):
    """Every result is that of one setting or the other, never a mixture; at the end the last setting holds."""
    model = SentenceTransformer(folder, backend=backend, device="cpu", on_truncation="ignore")
    texts = ["the cat sat on the mat " * 5]
    allowed = []
    for length in (8, 16):
        model.max_seq_length = length
        allowed.append(model.encode(texts))

    def work(number):
        for step in range(20):
            if number == 0:
                model.max_seq_length = (8, 16)[step % 2]
                model.set_pooling_include_prompt(True)
                model.to("cpu")
            else:
                found = model.encode(texts)
                assert any(np.abs(found - vectors).max() < 1e-6 for vectors in allowed)

    in_threads(work)
    assert model.max_seq_length == 16
    np.testing.assert_allclose(model.encode(texts), allowed[1], atol=1e-6)


def test_models_made_in_threads_at_once(folder):
    """The first use of the runtime, by several threads of a new process."""
    code = f"""
import threading
from sbert import SentenceTransformer
shapes = []
def work():
    shapes.append(SentenceTransformer({str(folder)!r}, backend="openvino").encode("the cat").shape)
threads = [threading.Thread(target=work) for _ in range(6)]
for thread in threads: thread.start()
for thread in threads: thread.join()
print(len(shapes))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=120)
    assert done.stdout.split() == ["6"], done.stderr


def test_a_gate_lets_many_in_or_one():
    gate = Gate()
    inside, seen = [], []

    def together(number):
        for _ in range(50):
            with gate.shared():
                inside.append(number)
                time.sleep(0)
                inside.remove(number)

    def apart(number):
        for _ in range(50):
            with gate.alone():
                seen.append(len(inside))

    in_threads(lambda number: (apart if number == 0 else together)(number))
    assert seen == [0] * 50
    copied = pickle.loads(pickle.dumps(gate))
    with gate.alone(), copied.alone():
        pass
    with gate.shared():
        started = time.perf_counter()
        gate.close(timeout=0.05)  # gives up waiting
        assert time.perf_counter() - started < 10
        gate.open()


# --- forks ----------------------------------------------------------------------------------------------------------

forking = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")

FORKS = """
import os, sys, threading, time, warnings
warnings.simplefilter("ignore")
import numpy as np
from sbert import SentenceTransformer
model = SentenceTransformer({folder!r}, backend={backend!r}, device="cpu")
texts = {texts!r} * 5
expected = model.encode(texts)
busy = True
def work():
    while busy:
        model.encode(texts)
threads = [threading.Thread(target=work) for _ in range({threads})]
for thread in threads:
    thread.start()
children = []
for number in range({children}):
    time.sleep(0.02)
    child = os.fork()
    if child == 0:
        same = np.allclose(model.encode(texts), expected, atol=1e-6)
        again = SentenceTransformer({folder!r}, backend={backend!r}, device="cpu").encode(texts[:3])
        # An ordinary end, with all that is cleared up in it.
        sys.exit(0 if same and np.allclose(again, expected[:3], atol=1e-6) else 1)
    children.append(child)
codes = [os.waitpid(child, 0)[1] for child in children]
busy = False
for thread in threads:
    thread.join()
assert np.array_equal(model.encode(texts), expected)
print(codes, os.environ.get("TOKENIZERS_PARALLELISM"))
"""


@forking
# The variable is one of the tokenizers library, which both engines have in front of them.
@pytest.mark.parametrize(("backend", "parallelism"), [("openvino", None), ("openvino", "true"), ("torch", None)])
@pytest.mark.parametrize("threads", [0, 2], ids=["idle", "busy"])
def test_a_model_works_in_forked_children(folder, backend, threads, parallelism):
    code = FORKS.format(folder=str(folder), backend=backend, texts=TEXTS, threads=threads, children=8 if threads else 3)
    environment = {name: value for name, value in os.environ.items() if name != "TOKENIZERS_PARALLELISM"}
    if parallelism is not None:
        environment["TOKENIZERS_PARALLELISM"] = parallelism
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=240, check=True, env=environment
    )
    assert done.stdout.strip() == f"{[0] * (8 if threads else 3)} {parallelism}"
    assert "forked" not in done.stderr  # no warning of the tokenizers library


@forking
def test_a_fork_waits_for_work_and_its_child_is_told():
    order = []
    entered = threading.Event()

    def work():
        with WORK.shared():
            entered.set()
            time.sleep(0.3)
            order.append("work")

    thread = threading.Thread(target=work)
    thread.start()
    entered.wait()
    before = forks()
    child = os.fork()
    if child == 0:
        os._exit(0 if forks() == before + 1 else 1)
    order.append("fork")
    assert os.waitpid(child, 0)[1] == 0
    thread.join()
    assert order == ["work", "fork"]
    assert forks() == before


# --- spawn ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("backend", ["openvino", "torch"])
def test_a_model_can_be_sent_to_a_spawned_process(folder, backend):
    model = SentenceTransformer(folder, backend=backend, device="cpu", prompts={"query": "a dog "})
    model.max_seq_length = 20
    expected = model.encode(TEXTS, on_truncation="ignore", prompt_name="query")
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        found = pool.apply(encoded, (model, TEXTS))
    np.testing.assert_allclose(found, expected, atol=1e-6)


def encoded(model, texts):
    return model.encode(texts, on_truncation="ignore", prompt_name="query")
