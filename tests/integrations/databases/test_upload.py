"""Uploads to a database in memory: what no client is needed for."""

import json
import sys
from importlib import import_module

import numpy as np
import pytest

from sbert import MultiVectorEncoder
from sbert.errors import DatabaseError, InputError, MissingDependencyError
from sbert.index import Index
from sbert.integrations.databases import Description, open_collection, upload
from sbert.integrations.databases.record import Record
from sbert.integrations.databases.rows import rows_of
from sbert.integrations.databases.target import parse_target
from support.tiny import make_tiny_late

module = import_module("sbert.integrations.databases.uploading")


class Memory:
    """A collection in memory, which may die after some requests."""

    def __init__(self):
        self.made, self.rows, self.note, self.requests, self.dies_after = None, {}, None, [], None

    def describe(self):
        return None if self.made is None else Description(*self.made, self.note)

    def create(self, dimension, similarity):
        self.made = (dimension, similarity)

    def drop(self):
        self.__init__()

    def upsert(self, rows):
        if len(self.requests) == self.dies_after:
            raise KeyboardInterrupt
        self.requests.append(list(rows.ids))
        self.rows |= dict(zip(rows.ids, rows.payloads(), strict=True))

    def keep(self, record):
        self.note = record

    def count(self):
        return len(self.rows)

    def close(self):
        pass


@pytest.fixture
def memory(monkeypatch):
    made = Memory()
    monkeypatch.setattr(module, "open_collection", lambda *_: made)
    monkeypatch.setattr(module, "NOTED", 0.0)
    return made


def test_batches_and_notes(memory, indexes):
    index = indexes["cosine"]
    done = upload(index, "qdrant:x", "c", batch_size=50)
    assert [len(ids) for ids in memory.requests] == [50, 50, 25]  # 126 passages, one without a vector
    assert (done.uploaded, done.count, done.without_vector) == (125, 125, 1)
    note = json.loads(memory.note)
    assert (note["read"], note["written"], note["complete"]) == (126, 125, True)
    assert (note["model"], note["version"]) == (index.identity.model, index.version)
    assert "125 passages uploaded to c of qdrant:x, 1 without a vector left out; it has 125; " in str(done)


@pytest.mark.parametrize("after", [0, 1, 3])
def test_it_goes_on(memory, indexes, after):
    memory.dies_after = after
    with pytest.raises(KeyboardInterrupt):
        upload(indexes["cosine"], "qdrant:x", "c", batch_size=30)
    memory.dies_after = None
    done = upload(indexes["cosine"], "qdrant:x", "c", batch_size=20)
    sent = [name for ids in memory.requests for name in ids]
    assert len(sent) == len(set(sent)) == 125
    assert (done.resumed, done.uploaded, done.count) == (30 * after, 125 - 30 * after, 125)


def test_another_version_is_another_job(memory, tmp_path, models):
    index = Index.create(tmp_path / "x.lance", models["cosine"])
    index.add(["a cat", "a bird", "a king"])
    memory.dies_after = 1
    with pytest.raises(KeyboardInterrupt):
        upload(index, "qdrant:x", "c", batch_size=1)
    index.add(["a door"])
    memory.dies_after = None
    done = upload(index, "qdrant:x", "c")
    assert (done.resumed, done.uploaded, done.count) == (0, 4, 4)


def test_who_takes_passages_away_is_noticed(memory, indexes, monkeypatch):
    monkeypatch.setattr(memory, "count", lambda: 7)
    with pytest.raises(DatabaseError, match="c of qdrant:x has 7 passages, though 125 were written"):
        upload(indexes["cosine"], "qdrant:x", "c")


def test_notes_that_are_not_understood_count_for_nothing(memory, indexes):
    memory.create(24, "cosine")
    for note in ("not json", '{"form": 1}', "[]", json.dumps({"form": 2})):
        memory.note = note
        assert upload(indexes["cosine"], "qdrant:x", "c").uploaded == 125
    assert Record.read_from(None) is None


def test_vectors_of_tokens_are_refused(memory, tmp_path):
    late = Index.create(tmp_path / "late.lance", MultiVectorEncoder(str(make_tiny_late(tmp_path / "model", "bert"))))
    with pytest.raises(InputError, match="one vector a passage"):
        upload(late, "qdrant:x", "c")


def test_rows(indexes):
    index = indexes["cosine"]
    (batch,) = index.batches("document = 'd3' OR document = 'blank'")
    rows = rows_of(batch)
    assert (len(rows), rows.ids, rows.vectors.shape, rows.vectors.dtype) == (1, ["d3#0"], (1, 24), np.float32)
    assert rows.metadata == [{"year": 2003, "share": 1.5, "open": False}]
    assert rows.payloads()[0] == {
        "id": "d3#0", "document": "d3", "part": 0, "source": "", "start": 0, "stop": len(rows.passages[0]),
        "passage": rows.passages[0], "year": 2003, "share": 1.5, "open": False,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("address", "kind", "place"),
    [
        ("qdrant:some/folder", "qdrant", "some/folder"),
        ("qdrant:/a b/c", "qdrant", "/a b/c"),
        ("milvus:x.db", "milvus", "x.db"),
        ("qdrant://host", "qdrant", "http://host:6333"),
        ("qdrant+https://host:443/path/", "qdrant", "https://host:443/path"),
        ("qdrant:https://host", "qdrant", "https://host:6333"),
        ("milvus:http://host:1", "milvus", "http://host:1"),
        ("opensearch://[::1]", "opensearch", "http://[::1]:6333"),
    ],
)
def test_addresses(address, kind, place):
    target = parse_target(address)
    assert (target.kind, target.path or target.address(6333)) == (kind, place)
    assert target.shown == address


@pytest.mark.parametrize(
    "address",
    [
        "qdrant://:S3cret@host",
        "qdrant://S3cret@host",
        "milvus://me:S3cret@host",
        "opensearch://me:S3cret@S3cret@host",
        "postgresql://me:S3cret%2FS3cret@host/x",
        "postgresql://me@host/x?password=S3cret&sslmode=require",
    ],
)
def test_passwords_are_not_shown(address):
    target = parse_target(address)
    assert "S3cret" not in repr(target)
    assert "***" in target.shown
    assert "S3cret" not in target.hidden(f"cannot reach {address} with {target.password}")


@pytest.mark.parametrize(
    "address",
    [
        "qdrant://S3cret@host:port",
        "opensearch+https://me:S3cret/S3cret@host",
        "postgresql://me:S3cret/S3cret@host/x",
        "postgresql:me:S3cret@host",
    ],
)
def test_passwords_are_not_shown_of_addresses_that_are_none(address):
    with pytest.raises(InputError, match=r"is no address|must have the form") as caught:
        parse_target(address)
    assert "S3cret" not in str(caught.value)


def test_addresses_that_are_none():
    for address, match in [
        ("qdrnt://host", r"begins with 'qdrnt:', .* Did you mean 'qdrant'"),
        ("folder", "must be the address of a database"),
        ("opensearch:x", "names no place"),
        ("qdrant:", "names no place"),
        ("qdrant://", "names no host"),
        ("postgresql:x", "must have the form postgresql://"),
        ("ftp+qdrant://x", "no database known here"),
    ]:
        with pytest.raises(InputError, match=match):
            parse_target(address)


@pytest.mark.parametrize(
    ("address", "library", "extra"),
    [
        ("qdrant:x", "qdrant_client", "qdrant"),
        ("milvus:x.db", "pymilvus", "milvus"),
        ("milvus:x.db", "milvus_lite", "milvus"),
        ("postgresql://h/x", "psycopg", "pgvector"),
        ("postgresql://h/x", "pgvector.psycopg", "pgvector"),
        ("opensearch://h", "opensearchpy", "opensearch"),
    ],
)
def test_clients_that_are_missing_are_told(monkeypatch, address, library, extra):
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(MissingDependencyError, match=rf"is needed to upload to .*pip install 'sbert\[{extra}\]'"):
        open_collection(address, "c")
