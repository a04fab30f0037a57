"""The examples of docs/databases.md run, in order, on the databases that run here."""

import pytest

from support import opensearch
from support.databases import Milvus, OpenSearch, Pgvector
from support.pages import DOCS, blocks
from support.reader import Reader

LIBRARIES = ("qdrant_client", "milvus_lite", "pymilvus", "psycopg", "pgvector", "opensearchpy")
PAGE = DOCS / "databases.md"


@pytest.fixture
def servers(tmp_path):
    for library in LIBRARIES:
        pytest.importorskip(library, reason="make databases has all of them")
    made = [Pgvector(tmp_path), OpenSearch(tmp_path)]
    yield made
    for each in made:
        each.stop()


def test_the_examples_run(tmp_path, monkeypatch, servers):
    postgres, search = servers
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OPENSEARCH_PASSWORD", opensearch.PASSWORD)
    here = f"127.0.0.1:{search.server.port}"
    written = {
        "postgresql://user@host/database": postgres.address,
        "opensearch://user@host:9200": f"opensearch://{opensearch.USER}@{here}",
        "http://host:9200": f"http://{here}",
        '("user", "password")': repr((opensearch.USER, opensearch.PASSWORD)),
    }
    page = PAGE.read_text(encoding="utf-8")
    for text in written:
        assert text in page
    reader = Reader(written)
    printed = "".join(reader.read(block) or "" for block in blocks(PAGE))
    assert not reader.left_out
    assert printed.count("The cat sleeps on the sofa.") == 5  # the table's first row, and the best hit of each database
    assert "3 0 3" in printed  # the command had uploaded them
    Milvus(tmp_path)._close(reader.names["MilvusClient"](str(tmp_path / "notes.db")))
