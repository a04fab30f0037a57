"""What single databases do in their own way."""

import json

import numpy as np
import pytest

from sbert.errors import DatabaseError, InputError
from sbert.index import Index
from sbert.integrations.databases import open_collection, upload
from sbert.integrations.databases.rows import Rows


def only(database, kind):
    if database.kind != kind:
        pytest.skip(f"of {kind} alone")


def rows(**changes):
    facts = {"document": "a", "part": 0, "source": "", "start": 0, "stop": 1, "heading": None}
    one = {
        "ids": ["a#0"],
        "vectors": np.ones((1, 3), np.float32),
        "passages": ["x"],
        "facts": [facts],
        "metadata": [{}],
    }
    return Rows(**{**one, **changes})


@pytest.fixture
def opened(database, request):
    collection = open_collection(database.address, request.node.name.split("[")[0])
    collection.create(3, "cosine")
    yield collection
    collection.close()


def test_vectors_of_another_width_are_refused_by_all(opened):
    with pytest.raises(DatabaseError, match=r"cannot be written to|refused the passage 'a#0'"):
        opened.upsert(rows(vectors=np.ones((1, 4), np.float32)))
    assert opened.count() == 0


def test_long_names_and_texts(database, opened):
    long = "é" * 300 + "#0"
    if database.kind == "milvus":
        with pytest.raises(InputError, match=r"has a text of 70,000 bytes; Milvus holds 65,535"):
            opened.upsert(rows(passages=["x" * 70_000]))
        with pytest.raises(InputError, match=r"has a name of 1,202 bytes; Milvus holds 1,024"):
            opened.upsert(rows(ids=[2 * long[:-2] + "#0"]))
    else:
        opened.upsert(rows(passages=["x" * 70_000]))
    opened.upsert(rows(ids=[long]))
    opened.upsert(rows(ids=[long]))
    assert opened.count() == (1 if database.kind == "milvus" else 2)


def test_notes_replace_one_another(opened):
    assert opened.describe().record is None
    for note in ({"a": 1, "b": 'it\'s "x" 🙂'}, {"a": None, "c": [1]}):
        opened.keep(json.dumps(note))
        kept = json.loads(opened.describe().record)
        assert {name: value for name, value in kept.items() if value is not None} == {
            name: value for name, value in note.items() if value is not None
        }


def test_postgresql_keeps_the_comments_of_others(database, opened):
    only(database, "pgvector")
    import psycopg

    name = "test_postgresql_keeps_the_comments_of_others"
    opened.keep('{"a": 1}')
    with psycopg.connect(database.address) as connection:
        connection.execute(f"COMMENT ON TABLE {name} IS 'Our passages.\nAsk Ann.'")
    assert opened.describe().record is None
    for note in ('{"a": 2}', '{"a": 3}'):
        opened.keep(note)
        assert opened.describe().record == note
    with psycopg.connect(database.address) as connection:
        comment = connection.execute(f"SELECT obj_description('{name}'::regclass, 'pg_class')").fetchone()[0]
    assert comment == 'Our passages.\nAsk Ann.\nsbert upload: {"a": 3}'


def test_opensearch_keeps_what_others_noted(database, opened):
    only(database, "opensearch")
    meta = database.server.indices["test_opensearch_keeps_what_others_noted"]["mappings"]
    meta["_meta"] = {"owner": "Ann"}
    opened.keep('{"a": 1}')
    assert meta["_meta"] == {"owner": "Ann", "sbert": {"a": 1}}


def test_opensearch_that_is_busy_is_asked_again(database, indexes):
    only(database, "opensearch")
    database.server.busy = 1
    database.server.requests.clear()
    done = upload(indexes["cosine"], database.address, "busy", where="year < 2010")
    assert done.count == 10
    assert database.server.requests == [10, 10]


def test_opensearch_gets_a_field_of_vectors(database, indexes):
    only(database, "opensearch")
    upload(indexes["euclidean"], database.address, "mapped", where="year < 2003")
    mapping = database.server.indices["mapped"]["mappings"]
    method = {"name": "hnsw", "engine": "lucene", "space_type": "l2"}
    assert mapping["properties"]["vector"] == {"type": "knn_vector", "dimension": 24, "method": method}
    assert mapping["properties"]["passage"] == {"type": "text"}
    assert mapping["date_detection"] is False
    assert mapping["_meta"]["sbert"]["complete"] is True


def test_postgresql_has_no_character_of_code_0(database, opened):
    only(database, "pgvector")
    for changes in ({"passages": ["a\0b"]}, {"metadata": [{"note": "a\0b"}]}):
        with pytest.raises(InputError, match=r"'a#0' holds the character of code 0, which PostgreSQL cannot hold"):
            opened.upsert(rows(**changes))


def test_postgresql_keeps_what_stands_in_other_columns(database, opened):
    """A table that somebody added a column to still takes passages, and a request is there whole or not at all."""
    only(database, "pgvector")
    import psycopg

    name = "test_postgresql_keeps_what_stands_in_other_columns"
    opened.upsert(rows())
    with psycopg.connect(database.address) as connection:
        connection.execute(f"ALTER TABLE {name} ADD COLUMN mine int DEFAULT 7")
        connection.execute(f"UPDATE {name} SET mine = 8")
    opened.upsert(rows(passages=["y"]))
    with psycopg.connect(database.address) as connection:
        assert connection.execute(f"SELECT passage, mine FROM {name}").fetchall() == [("y", 8)]


def test_postgresql_tables_in_schemas(database, indexes):
    only(database, "pgvector")
    import psycopg

    with psycopg.connect(database.address) as connection:
        connection.execute("CREATE SCHEMA library")
    assert upload(indexes["cosine"], database.address, "library.Books", where="year < 2003").count == 3
    with psycopg.connect(database.address) as connection:
        assert connection.execute('SELECT count(*) FROM library."Books"').fetchone() == (3,)


def test_by_the_command(database, indexes, tmp_path):
    from typer.testing import CliRunner

    from sbert.cli.app import app

    index = indexes["cosine"]
    command = ["index", "upload", str(index.path), database.address, "--collection", "by_command"]
    result = CliRunner().invoke(app, [*command, "--where", "year < 2010", "--json"])
    assert result.exit_code == 0, result.output
    facts = json.loads(result.stdout)
    assert (facts["uploaded"], facts["count"], facts["extra"]) == (10, 10, 0)
    said = CliRunner().invoke(app, [*command, "--where", "year < 2004"]).stderr
    assert "4 passages uploaded to by_command of" in said
    assert "6 of them are not from this upload" in said
    if hasattr(database, "wrong"):
        command[3] = database.wrong
        result = CliRunner().invoke(app, command)
        assert result.exit_code == 2
        assert "cannot be opened" in result.stderr
        assert "***@" in result.stderr
        assert "wr%2Fong" not in result.output
        assert database.password not in result.output
    assert Index.open(index.path).count() == len(index)
