"""What holds for every database: what was uploaded is found as our own exact search finds it; nothing is doubled."""

import os
import re
import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pytest

import sbert
from sbert import SentenceTransformer
from sbert.errors import DatabaseError, DimensionError, InputError, OtherModelError
from sbert.index import Index
from sbert.integrations.databases import open_collection, upload
from support.static import static_folder

QUERIES = ["the cat sleeps in the house", "a bird can sing", "star door milk"]


@pytest.fixture
def name(request):
    """A collection of the test's own."""
    return re.sub(r"\W+", "_", request.node.name.lower())[:50].strip("_")


def assert_same_hits(database, name, index, model, count=10):
    for query in QUERIES:
        hits = index.search(query, count, mode="dense")
        found = database.search(name, index.identity.similarity, model.encode_query(query), count)
        assert [hit.id for hit in hits] == [each[0] for each in found]
        np.testing.assert_allclose([hit.score for hit in hits], [each[1] for each in found], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("similarity", ["cosine", "dot", "euclidean"])
def test_neighbours_are_ours(database, name, indexes, models, similarity):
    index = indexes[similarity]
    done = upload(index, database.address, name)
    with_vector = len(index) - 1
    assert (done.uploaded, done.resumed, done.without_vector) == (with_vector, 0, 1)
    assert (done.count, done.extra) == (with_vector, 0)
    assert_same_hits(database, name, index, models[similarity])
    # Again: all is there, and nothing is sent or doubled.
    again = upload(index, database.address, name)
    assert (again.uploaded, again.resumed, again.count) == (0, with_vector, with_vector)


def test_everything_arrives(database, name, indexes, models, texts):
    index = indexes["cosine"]
    upload(index, database.address, name, batch_size=7)
    found = {
        each[0]: each[2] for each in database.search(name, "cosine", models["cosine"].encode_query(QUERIES[0]), 500)
    }
    rows = [row for batch in index.batches() for row in batch.to_pylist() if row["vector"] is not None]
    assert found.keys() == {row["id"] for row in rows}
    for row in rows:
        there = found[row["id"]]
        for column in ("document", "passage", "part", "source", "start", "stop", *index.metadata):
            assert there.get(column) == row[column], column


def test_the_real_minilm(database, name, tmp_path, minilm):
    index = Index.create(tmp_path / "x.lance", minilm)
    index.add(
        ["A man is eating food.", "The girl carries a baby.", "A cheetah runs after its prey.", "A cat is asleep."]
    )
    assert upload(index, database.address, name).count == 4
    query = minilm.encode_query("Someone has lunch.")
    found = database.search(name, "cosine", query, 4)
    assert [each[0] for each in found] == [hit.id for hit in index.search("Someone has lunch.", 4, mode="dense")]
    assert found[0][2]["passage"] == "A man is eating food."


def test_conditions_and_what_is_there_already(database, name, indexes):
    index = indexes["cosine"]
    done = upload(index, database.address, name, where="year < 2010")
    assert (done.uploaded, done.count) == (10, 10)
    done = upload(index, database.address, name, where="year < 2005")
    assert (done.uploaded, done.count, done.extra) == (5, 10, 5)
    done = upload(index, database.address, name, where="year < 2005", overwrite=True)
    assert (done.uploaded, done.count, done.extra) == (5, 5, 0)
    with pytest.raises(InputError, match="where names 'yeer'"):
        upload(index, database.address, name, where="yeer = 1")


def test_what_changed_is_replaced(database, name, tmp_path, models):
    model = models["cosine"]
    index = Index.create(tmp_path / "x.lance", model)
    index.add([{"id": "a", "text": "the cat sleeps"}, {"id": "b", "text": "a bird can sing"}])
    assert upload(index, database.address, name).count == 2
    index.add([{"id": "a", "text": "star door milk", "year": 1}, {"id": "c", "text": "the king is old"}])
    done = upload(index, database.address, name)
    assert (done.uploaded, done.count, done.extra) == (3, 3, 0)
    assert_same_hits(database, name, index, model, 3)
    index.remove("b")
    done = upload(index, database.address, name)
    assert (done.count, done.extra) == (3, 1)


def test_what_does_not_fit_is_refused(database, name, indexes, tmp_path):
    upload(indexes["cosine"], database.address, name, where="year < 2003")
    wide = SentenceTransformer(str(static_folder(tmp_path / "wide", normalize=False)), truncate_dim=12)
    narrow = Index.create(tmp_path / "narrow.lance", wide)
    narrow.add(["the cat sleeps"])
    with pytest.raises(DimensionError, match=rf"{name} of .* has vectors of 24 numbers; .* have 12\. .*--overwrite"):
        upload(narrow, database.address, name)
    if database.kind != "pgvector":  # where queries say by what they compare
        with pytest.raises(InputError, match=r"compares by cosine; .* by dot"):
            upload(indexes["dot"], database.address, name)
    other = Index.create(
        tmp_path / "other.lance",
        SentenceTransformer(str(static_folder(tmp_path / "other", architecture="bert", dtype="int8"))),
    )
    other.add(["the cat sleeps"])
    with pytest.raises(OtherModelError, match=r"holds vectors of .* They cannot be compared"):
        upload(other, database.address, name)
    database.make(f"{name}_x", 24)
    with pytest.raises(DatabaseError, match=r"has (no|vectors with).* Choose another name"):
        upload(indexes["cosine"], database.address, f"{name}_x")
    with pytest.raises(InputError, match=r"collection must be .*got 'a b/../c'"):
        upload(indexes["cosine"], database.address, "a b/../c")


def test_a_wrong_password_is_told_and_not_shown(database, name, indexes):
    if not hasattr(database, "wrong"):
        pytest.skip("it runs inside this process and has no password")
    with pytest.raises(DatabaseError, match=r"cannot be opened: .*(password|Unauthorized)") as caught:
        upload(indexes["cosine"], database.wrong, name)
    error = caught.value
    while error is not None:
        assert database.password not in str(error)
        assert "wr%2Fong" not in str(error)
        error = error.__cause__


def test_what_somebody_removed_is_sent_again(database, name, indexes):
    """The note says that all was uploaded, and the collection is smaller: it is not believed."""
    index = indexes["cosine"]
    upload(index, database.address, name, where="year < 2010")
    opened = open_collection(database.address, name)
    try:
        note = opened.describe().record
        opened.drop()
        opened.create(24, "cosine")
        opened.keep(note)
    finally:
        opened.close()
    done = upload(index, database.address, name, where="year < 2010")
    assert (done.uploaded, done.resumed, done.count) == (10, 0, 10)


KILLED = """
    import sys, time
    from sbert.index import Index
    from sbert.integrations.databases import open_collection, upload, uploading as module
    module.NOTED = 0.0
    path, address, name = sys.argv[1:]

    class Slow:
        def __init__(self, inner):
            self.inner = inner
        def __getattr__(self, name):
            return getattr(self.inner, name)
        def upsert(self, rows):
            self.inner.upsert(rows)
            print(len(rows), flush=True)
            time.sleep(0.05)

    module.open_collection = lambda *arguments: Slow(open_collection(*arguments))
    upload(Index.open(path), address, name, batch_size=10)
"""


def test_killed_in_the_midst_it_goes_on(database, name, indexes, models):
    """kill -9 of a real process; nothing is lost, nothing is doubled, and what was there is not sent again."""
    index = indexes["dot"]
    env = os.environ | {"PYTHONPATH": str(Path(sbert.__file__).parents[1])}
    command = [sys.executable, "-c", textwrap.dedent(KILLED), str(index.path), database.address, name]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=env)
    sent = [int(process.stdout.readline()) for _ in range(4)]
    process.kill()
    assert process.wait() < 0, "it ended before it could be killed"
    process.stdout.close()
    done = upload(index, database.address, name, batch_size=10)
    # The last request may have come in without being noted; it is then sent again.
    assert sum(sent) - 10 <= done.resumed <= sum(sent) + 10
    assert done.resumed + done.uploaded == done.count == len(index) - 1
    assert_same_hits(database, name, index, models["dot"])


def test_nobody_is_there(database, name, indexes):
    address = {
        "qdrant": "qdrant://:wr0ng@127.0.0.1:1",
        "milvus": "milvus://me:wr0ng@127.0.0.1:1",
        "pgvector": "postgresql://me:wr0ng@127.0.0.1:1/x",
        "opensearch": "opensearch://me:wr0ng@127.0.0.1:1",
    }[database.kind]
    with pytest.raises(DatabaseError, match=r"127\.0\.0\.1:1.* cannot be opened: ") as caught:
        upload(indexes["cosine"], address, name)
    assert "wr0ng" not in str(caught.value)
    assert "***" in str(caught.value)


def test_two_at_a_time(database, name, indexes):
    """A server takes both; what runs inside a process tells the second one, or takes it too."""
    index = indexes["cosine"]
    opened = open_collection(database.address, name)
    try:
        done = upload(index, database.address, name)
    except DatabaseError as error:
        told = str(error)
        assert (database.kind, "already accessed by another" in told) == ("qdrant", True)
    else:
        assert done.count == len(index) - 1
    finally:
        opened.close()
