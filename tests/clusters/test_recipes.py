"""The recipes for clusters run on this machine, and what they check is checked."""

import importlib
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from support.shared import require

pa = pytest.importorskip("pyarrow")

RECIPES = Path(__file__).resolve().parents[2] / "examples" / "scale"


def require_java():
    """Skip where Spark has no Java that it runs on."""
    home = os.environ.get("JAVA_HOME")
    java = str(Path(home) / "bin" / "java") if home else shutil.which("java")
    if java is None:
        pytest.skip("needs Java, such as Debian's openjdk-17-jre-headless, which is not here")
    told = subprocess.run([java, "-version"], capture_output=True, text=True, check=True).stderr
    if int(re.search(r'version "(\d+)', told)[1]) < 17:
        pytest.skip(f"needs Java 17 or later; here is {told.splitlines()[0]}")


def run(name, output):
    data = require("corpora/wordnet-glosses.tsv.gz").parents[1]
    environment = os.environ | {"OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1", "SPARK_LOCAL_IP": "127.0.0.1"}
    return subprocess.run(
        [sys.executable, str(RECIPES / name), "--data", str(data), "--output", str(output), "--count", "300"],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
        env=environment,
    )


@pytest.mark.parametrize(("name", "library"), [("spark_udf.py", "pyspark"), ("dask_map.py", "distributed")])
def test_vectors_are_those_of_one_machine(tmp_path, name, library):
    pytest.importorskip(library, reason=f"{library} is not installed; make scale installs it")
    if library == "pyspark":
        require_java()
    done = run(name, tmp_path / "v")
    assert done.returncode == 0, done.stderr[-3000:]
    assert re.search(r"300 vectors, one an id: the same bytes as encode's .*difference 0\.0e\+00", done.stdout)
    assert len(list((tmp_path / "v").glob("part*.parquet"))) > 1  # more than one task wrote


@pytest.fixture
def recipe(monkeypatch):
    monkeypatch.syspath_prepend(str(RECIPES))
    monkeypatch.setattr(sys, "path", list(sys.path))  # recipe adds to it
    return importlib.import_module("recipe")


def test_the_check_finds_what_is_wrong(recipe, tmp_path, capsys):
    import pyarrow.parquet as pq

    from sbert import SentenceTransformer

    texts = [f"a man with {number} dogs" for number in range(6)]
    vectors = SentenceTransformer(recipe.MODEL).encode(texts)
    given, found = tmp_path / "texts.parquet", tmp_path / "v"
    found.mkdir()
    pq.write_table(pa.table({"id": range(6), "text": texts}), given)

    def write(ids, rows):
        pq.write_table(pa.table({"id": ids, "embedding": list(rows)}), found / "part.parquet")

    write([5, 4, 3, 2, 1, 0], vectors[::-1])
    recipe.check(given, found)
    assert "6 vectors, one an id: the same bytes" in capsys.readouterr().out
    for ids in ([0, 1, 2, 3, 4], [0, 1, 2, 3, 4, 4], [0, 1, 2, 3, 4, 6]):
        write(ids, vectors[: len(ids)])
        with pytest.raises(SystemExit, match="some ids are missing, twice or new"):
            recipe.check(given, found)
    write(range(6), vectors[::-1])
    with pytest.raises(SystemExit, match="differ by 1e-6 at the most"):
        recipe.check(given, found)
    write(range(6), vectors + 1e-7)
    recipe.check(given, found)
    assert "other bytes" in capsys.readouterr().out.splitlines()[-1]


def test_recipes_are_short_and_listed():
    listed = (RECIPES / "README.md").read_text(encoding="utf-8")
    recipes = sorted(path for path in RECIPES.glob("*.py") if path.name != "recipe.py")
    assert len(recipes) == 3
    for path in recipes:
        assert len(path.read_text(encoding="utf-8").splitlines()) <= 60, path.name
        assert f"`{path.name}`" in listed
