"""Several processes write at once, and some are killed: nothing is lost, doubled or half there."""

import os
import random
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

pytest.importorskip("lancedb", reason="the index needs lancedb: pip install 'sbert[index]'")

import sbert
from sbert.errors import StoredIndexError
from sbert.index import Document, Index
from sbert.index.lance import committed
from sbert.index.store import Store

SCRIPT = Path(__file__).with_name("writing.py")


def writer(index, model_folder, name, count, shared):
    source = str(Path(sbert.__file__).parents[1])
    env = os.environ | {"PYTHONPATH": os.pathsep.join([source, *filter(None, [os.environ.get("PYTHONPATH")])])}
    command = [sys.executable, str(SCRIPT), str(index.path), str(model_folder), name, str(count), str(shared)]
    process = subprocess.Popen(
        command, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout.readline() == "ready\n", process.stderr.read()
    return process


def go(process):
    process.stdin.write("\n")
    process.stdin.flush()


def whole_documents(index):
    """The passages of each document, after a check that none is doubled or missing."""
    rows = index._store.table.search().select(["id", "document", "part", "passage", "writer"]).to_arrow().to_pylist()
    assert len({row["id"] for row in rows}) == len(rows)
    found = {}
    for row in sorted(rows, key=lambda row: row["part"]):
        found.setdefault(row["document"], []).append(row)
    for parts in found.values():
        assert [row["part"] for row in parts] == list(range(len(parts)))
        assert len({row["writer"] for row in parts}) == 1, "passages of two versions of a document are mixed"
    return found


def test_two_writers(index, model_folder):
    """Each adds its own documents and both the same ones; all are there, and each is one writer's as a whole."""
    index.add([Document("first", "a cat", {"writer": "none"})])
    processes = [writer(index, model_folder, name, 15, 10) for name in ("one", "two")]
    for process in processes:
        go(process)
    for process in processes:
        out, err = process.communicate(timeout=120)
        assert (process.returncode, out) == (0, "done\n"), err
    found = whole_documents(index)
    expected = {"first", *(f"{name}-{n}" for name in ("one", "two") for n in range(15))}
    assert set(found) == expected | {f"shared-{n}" for n in range(10)}
    lengths = {"one": 10, "two": 20}
    for n in range(10):
        parts = found[f"shared-{n}"]
        words = max(row["passage"].count(parts[0]["writer"]) for row in parts)
        assert 0 < words <= lengths[parts[0]["writer"]]
    assert len(index.search("dog", 1000, mode="dense")) == len(index)
    assert index.info().documents == 41


def test_columns_that_come_at_the_same_time(index):
    """Threads with handles of their own bring columns that the others do not know yet."""

    def write(name):
        handle = Index.open(index.path, index.model)
        for n in range(4):
            handle.add([Document(f"{name}-{n}", "a cat", {f"shared{n}": n, f"only{name}": True})])

    with ThreadPoolExecutor(3) as threads:
        list(threads.map(write, "abc"))
    assert set(index.info().metadata) == {f"shared{n}" for n in range(4)} | {"onlya", "onlyb", "onlyc"}
    assert index.info().documents == 12
    for hit in index.search("cat", 12, mode="dense"):
        name, n = hit.document.split("-")
        assert hit.metadata == {f"shared{n}": int(n), f"only{name}": True}


def test_a_column_that_comes_between(index, monkeypatch):
    """Another writer adds a column after the rows were made and before they are written."""
    other = Index.open(index.path, index.model)
    real = Store._table_of
    written = []

    def late(self, batch, metadata):
        table = real(self, batch, metadata)
        if self is index._store and not written:
            written.append(other.add([Document("other", "a dog", {"b": 2})]))
        return table

    monkeypatch.setattr(Store, "_table_of", late)
    index.add([Document("one", "a cat", {"a": 1})])
    assert {hit.document: hit.metadata for hit in index.search("cat", mode="dense")} == {
        "one": {"a": 1},
        "other": {"b": 2},
    }


def test_giving_up_says_that_nothing_is_half_done(index, monkeypatch):
    monkeypatch.setattr("sbert.index.lance._FIRST_WAIT", 0.0)
    tried = []

    def never():
        tried.append(1)
        raise RuntimeError("lance error: Retryable commit conflict for version 7: x, /built/a/b-1.0/src/c.rs:12:3")

    with pytest.raises(StoredIndexError, match=r"cannot be written to: other writers were faster 12 times. Nothing is"):
        committed(index._store.table, never, "be written to")
    assert len(tried) == 12
    with pytest.raises(StoredIndexError, match=r"cannot be written to: no space left$"):
        committed(index._store.table, lambda: (_ for _ in ()).throw(OSError("no space left")), "be written to")


def test_killed_writers(index, model_folder):
    """A writer that is killed at any moment leaves whole documents; the next goes on where it was."""
    index.add([Document("first", "a cat", {"writer": "none"})])
    chance = random.Random(0)
    counts = [1]
    for _ in range(4):
        process = writer(index, model_folder, "one", 200, 0)
        go(process)
        time.sleep(chance.uniform(0.05, 0.4))
        process.kill()
        process.communicate()
        found = whole_documents(Index.open(index.path, index.model))
        counts.append(len(found))
        assert counts[-1] >= counts[-2]
        assert set(found) == {"first", *(f"one-{n}" for n in range(len(found) - 1))}
        assert len(index.search("number", 10_000, mode="text")) == len(index) - 1
    assert counts[-1] > 1, "no writer lived long enough to write"
    documents = [Document(f"one-{n}", f"the cat one number {n} " * 8, {"writer": "one"}) for n in range(200)]
    changes = index.add(documents)
    assert (changes.unchanged, changes.added) == (counts[-1] - 1, 201 - counts[-1])
    assert index.info().documents == 201
