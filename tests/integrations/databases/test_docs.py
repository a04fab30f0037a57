"""The examples of docs/databases.md run, in order, on the databases that run here."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

import sbert
from support import opensearch
from support.databases import Milvus, OpenSearch, Pgvector

LIBRARIES = ("qdrant_client", "milvus_lite", "pymilvus", "psycopg", "pgvector", "opensearchpy")
PAGE = Path(sbert.__file__).parents[2] / "docs" / "databases.md"


@pytest.fixture
def servers(tmp_path):
    for library in LIBRARIES:
        pytest.importorskip(library, reason="make databases has all of them")
    made = [Pgvector(tmp_path), OpenSearch(tmp_path)]
    yield made
    for each in made:
        each.stop()


def test_the_examples_run(tmp_path, monkeypatch, capsys, servers):
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
    for text, real in written.items():
        assert text in page
        page = page.replace(text, real)
    env = os.environ | {"PYTHONPATH": str(Path(sbert.__file__).parents[1])}
    space, ran = {"__name__": "page"}, []
    for kind, code in re.findall(r"^```(python|bash)\n(.*?)^```$", page, re.MULTILINE | re.DOTALL):
        if kind == "python":
            exec(compile(code, str(PAGE), "exec"), space)
        else:
            for line in code.splitlines():
                command = [sys.executable, "-m", *shlex.split(line)]
                done = subprocess.run(command, env=env, capture_output=True, text=True)
                assert done.returncode == 0, (line, done.stderr)
                ran.append(line.split()[2])
    assert ran == ["export", "export", "import", "import", "upload"]
    out = capsys.readouterr().out
    assert out.count("The cat sleeps on the sofa.") == 5  # the table's first row, and the best hit of each database
    assert "3 0 3" in out  # the command had uploaded them
    Milvus(tmp_path)._close(space["MilvusClient"](str(tmp_path / "notes.db")))
