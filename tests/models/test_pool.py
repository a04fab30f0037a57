"""Several devices for one model: processes, what they answer, and what happens when they cannot."""

import signal
import subprocess
import sys
import threading
import time

import numpy as np
import pytest
import torch

from sbert import SentenceTransformer
from sbert.errors import EngineError, InputError, TruncationError, TruncationWarning
from sbert.models.worker import UP, Reply, Worker
from support.tiny import make_tiny_model

TEXTS = [f"{'the cat and ' * (number % 17)}dog {number}" for number in range(60)]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return make_tiny_model(tmp_path_factory.mktemp("tiny"), "bert", dense=12)


@pytest.fixture(scope="module")
def model(folder):
    """Weights in memory that are no longer those of the folder."""
    model = SentenceTransformer(folder, backend="torch", device="cpu", prompts={"query": "a dog "})
    with torch.no_grad():
        model[0].auto_model.embeddings.word_embeddings.weight += 0.1
    return model


@pytest.fixture(scope="module")
def pool(model):
    with model.start_multi_process_pool(["cpu", "cpu"]) as pool:
        yield pool


def test_the_same_bits_as_without(model, pool, folder):
    expected = model.encode(TEXTS)
    np.testing.assert_array_equal(model.encode(TEXTS, pool=pool), expected)
    np.testing.assert_array_equal(model.encode_multi_process(TEXTS, pool, chunk_size=7), expected)
    np.testing.assert_array_equal(model.encode(TEXTS[3], pool=pool), model.encode(TEXTS[3]))
    assert model.encode([], pool=pool).shape == (0, 12)
    assert np.abs(expected - SentenceTransformer(folder, backend="torch", device="cpu").encode(TEXTS)).max() > 0.01


@pytest.mark.parametrize(
    "options",
    [
        {"prompt_name": "query"},
        {"batch_size": 3},
        {"precision": "int8"},
        {"truncate_dim": 5, "normalize_embeddings": True},
        {"on_long": "chunk"},
        {"convert_to_tensor": True},
    ],
    ids=str,
)
def test_every_option(model, pool, options):
    texts = [*TEXTS, "the cat and " * 100]
    policy = {} if "on_long" in options else {"on_truncation": "ignore"}
    with_pool, without = (model.encode(texts, pool=each, **options, **policy) for each in (pool, None))
    np.testing.assert_array_equal(np.asarray(with_pool), np.asarray(without))


def test_token_vectors_and_chunks(model, pool):
    for with_pool, without in zip(
        model.encode(TEXTS[:9], output_value="token_embeddings", pool=pool),
        model.encode(TEXTS[:9], output_value="token_embeddings"),
        strict=True,
    ):
        np.testing.assert_array_equal(with_pool, without)
    long = "the cat and " * 200
    np.testing.assert_array_equal(model.encode_chunks(long, pool=pool).vectors, model.encode_chunks(long).vectors)


def test_truncation_is_told_as_always(model, pool):
    with pytest.warns(TruncationWarning, match="1 of 2 texts"):
        model.encode(["the cat", "the cat " * 200], pool=pool)
    with pytest.raises(TruncationError):
        model.encode(["the cat " * 200], pool=pool, on_truncation="error")


def test_threads_get_their_own_results(model, pool):
    expected = model.encode(TEXTS)
    wrong = []

    def work(first):
        found = [model.encode(TEXTS[first : first + 40], pool=pool, batch_size=9) for _ in range(3)]
        wrong.extend(each for each in found if np.abs(each - expected[first : first + 40]).max() > 1e-6)

    threads = [threading.Thread(target=work, args=(first,)) for first in (0, 5, 10, 20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_what_a_worker_meets_is_raised_here(model, pool):
    """A token number that the network has no vector for; the pool goes on after it."""
    engine = pool.engine_for(model.engine)
    from sbert.text import Batch

    with pytest.raises(EngineError, match=r"forward pass of a batch of shape \(1, 2\) failed .*\(worker \d on cpu\)"):
        engine.embed(Batch(np.array([[1, 10**6]]), np.ones((1, 2), np.int64)))
    np.testing.assert_array_equal(model.encode(TEXTS, pool=pool), model.encode(TEXTS))


def test_what_a_pool_is(model, pool, folder):
    assert repr(pool) == "ProcessPool(cpu, cpu)"
    assert [process.poll() for process in pool["processes"]] == [None, None]
    with pytest.raises(KeyError):
        pool["input"]
    assert model.device == "cpu"
    other = SentenceTransformer(folder, backend="torch", device="cpu")
    with pytest.raises(InputError, match="another model's"):
        other.encode(TEXTS, pool=pool)
    with pytest.raises(InputError, match="device or pool, not both"):
        model.encode(TEXTS, pool=pool, device="cpu")
    with pytest.raises(InputError, match="must come from start_multi_process_pool"):
        model.encode(TEXTS, pool={"input": 1})
    with pytest.raises(InputError, match="chunk_size must be"):
        model.encode(TEXTS, pool=pool, chunk_size=0)


def test_a_changed_model_needs_another_pool(model, pool):
    model.set_pooling_include_prompt(False)
    try:
        with pytest.raises(InputError, match="changed since the pool was started"):
            model.encode(TEXTS, pool=pool)
    finally:
        model.set_pooling_include_prompt(True)
    model.max_seq_length = 9  # what cuts texts is in this process
    try:
        np.testing.assert_array_equal(
            model.encode(TEXTS, pool=pool, on_truncation="ignore"), model.encode(TEXTS, on_truncation="ignore")
        )
    finally:
        model.max_seq_length = 128


def test_a_list_of_devices_makes_and_stops_a_pool(model):
    before = threading.active_count()
    np.testing.assert_array_equal(model.encode(TEXTS[:20], device=["cpu", "cpu"]), model.encode(TEXTS[:20]))
    for _ in range(100):
        if threading.active_count() <= before:
            break
        time.sleep(0.05)
    assert threading.active_count() <= before


def test_a_dead_worker_is_an_error_and_no_hang(model):
    pool = model.start_multi_process_pool(["cpu", "cpu"])
    victim = pool["processes"][0]
    victim.send_signal(signal.SIGSTOP)  # so that it dies at work
    failures = []

    def work():
        try:
            model.encode(TEXTS, pool=pool)
        except EngineError as error:
            failures.append(str(error))

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    time.sleep(0.2)
    victim.kill()
    for thread in threads:
        thread.join(60)
    assert len(failures) == 2
    assert "The worker 0 on cpu has died (signal 9)" in failures[0]
    with pytest.raises(EngineError, match="has died"):
        model.encode(TEXTS, pool=pool)
    processes = pool["processes"]
    model.stop_multi_process_pool(pool)
    model.stop_multi_process_pool(pool)
    assert None not in [process.poll() for process in processes]
    with pytest.raises(InputError, match="has been stopped"):
        model.encode(TEXTS, pool=pool)


def test_a_worker_that_cannot_start_says_why(model, monkeypatch):
    monkeypatch.setattr("sbert.models.pool.Setup", lambda *_: "no setup")
    started = []
    own = Worker.__init__

    def noted(self, *arguments):
        own(self, *arguments)
        started.append(self)

    monkeypatch.setattr(Worker, "__init__", noted)
    with pytest.raises(EngineError, match=r"'str' object has no attribute .* \(worker 0 on cpu\)"):
        model.start_multi_process_pool(["cpu", "cpu"])
    assert None not in [worker.process.poll() for worker in started]


def test_replies():
    assert Reply(UP, 4096).value("w") == 4096
    with pytest.raises(InputError, match=r"^wrong \(w\)$"):
        Reply(1, None, ("InputError", "wrong")).value("w")
    for kind in ("KeyError", "annotations", "SbertWarning"):
        with pytest.raises(EngineError, match=rf"{kind}: text \(w\)"):
            Reply(1, None, (kind, "text")).value("w")


def test_devices_that_are_not_there(model, folder):
    with pytest.raises(InputError, match="'cuda:77'"):
        model.start_multi_process_pool(["cpu", "cuda:77"])
    with pytest.raises(InputError, match="target_devices is empty"):
        model.start_multi_process_pool([])
    fast = SentenceTransformer(folder, backend="openvino")
    with pytest.raises(InputError, match="openvino engine computes on the cpu"):
        fast.encode(TEXTS, device=["cuda:0", "cuda:1"])


@pytest.mark.parametrize("backend", ["openvino", "torch"])
def test_one_processor_needs_no_process(folder, backend):
    model = SentenceTransformer(folder, backend=backend, device="cpu")
    devices = ["cpu"] * 4 if backend == "openvino" else "cpu"
    with model.start_multi_process_pool(devices) as pool:
        assert pool["processes"] == []
        np.testing.assert_array_equal(model.encode(TEXTS, pool=pool, chunk_size=10), model.encode(TEXTS))
    with pytest.raises(InputError, match="has been stopped"):
        model.encode(TEXTS, pool=pool)


SCRIPT = """
from sbert import SentenceTransformer
model = SentenceTransformer({folder!r}, backend={backend!r}, device="cpu")
pool = model.start_multi_process_pool(["cpu", "cpu"])
print(model.encode(["the cat", "a dog"], pool=pool).shape)
{stop}
"""


@pytest.mark.parametrize("backend", ["openvino", "torch"])
@pytest.mark.parametrize("way", ["script", "typed in", "without stop"])
def test_no_main_guard_is_needed(tmp_path, folder, backend, way):
    """As a script, and line by line as a notebook runs it; a process that forgets to stop its pool ends too."""
    stop = "" if way == "without stop" else "SentenceTransformer.stop_multi_process_pool(pool)"
    code = SCRIPT.format(folder=str(folder), backend=backend, stop=stop)
    (tmp_path / "script.py").write_text(code)
    command = [sys.executable, "-i", "-q"] if way == "typed in" else [sys.executable, str(tmp_path / "script.py")]
    done = subprocess.run(command, input=code, capture_output=True, text=True, timeout=240, check=True)
    assert "(2, 12)" in done.stdout
    assert "Error" not in done.stderr
