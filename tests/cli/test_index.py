"""``sbert index``, and ``sbert search`` of folders and indexes."""

import json

import pytest
from typer.testing import CliRunner

pytest.importorskip("lancedb", reason="the index needs lancedb: pip install 'sbert[index]'")

from sbert import CrossEncoder
from sbert.cli.app import app
from support.image_models import make_image_model, picture
from support.static import static_folder
from support.tiny import make_tiny_cross_encoder, make_tiny_late


@pytest.fixture
def run():
    def run(*arguments, code=0, stdin=None):
        result = CliRunner().invoke(app, [str(argument) for argument in arguments], input=stdin)
        assert result.exit_code == code, result.output + repr(result.exception)
        return result

    return run


@pytest.fixture
def docs(tmp_path):
    folder = tmp_path / "docs"
    folder.mkdir()
    (folder / "cats.md").write_text(
        "# Cats\n\n## Sleep\nthe cat sleeps in the house\n\n## Food\nthe cat can eat fish\n"
    )
    (folder / "t.csv").write_text("id,text,year\na,a bird can sing,2020\nb,the car is fast,2024\n")
    return folder


@pytest.fixture
def built(run, docs, tmp_path):
    model = static_folder(tmp_path / "model")
    path = tmp_path / "x.lance"
    run("index", "build", docs, "-o", path, "-m", model, "--json")
    return path


def lines(result):
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_build_search_and_change(run, docs, built):
    (answer,) = lines(run("index", "search", built, "a bird can sing", "-k", 1, "--json"))
    (hit,) = answer["hits"]
    assert answer["query"] == "a bird can sing"
    assert (hit["rank"], hit["document"], hit["passage"]) == (1, "docs/t.csv#a", "a bird can sing")
    assert (hit["span"], hit["metadata"]) == ([0, 15], {"year": 2020})
    table = run("index", "search", built, "the cat sleeps", "-k", 1, "--mode", "dense").stdout
    assert table.split("\t")[2:] == ["docs/cats.md", "Cats > Sleep", "# Cats ## Sleep the cat sleeps in the house\n"]
    (answer,) = lines(run("index", "search", built, "bird", "--where", "year > 2020", "--json"))
    assert [hit["document"] for hit in answer["hits"]] == ["docs/t.csv#b"]

    (docs / "t.csv").write_text("id,text,year\nb,the car is fast,2024\n")
    (report,) = lines(run("index", "sync", built, docs, "--json"))
    assert (report["source"], report["unchanged"], report["removed"], report["embedded"]) == (str(docs), 2, 1, 0)
    assert lines(run("index", "remove", built, "docs/cats.md", "--json")) == [{"removed": 1}]
    facts = lines(run("index", "info", built, "--json"))[0]
    assert (facts["documents"], facts["passages"], facts["metadata"]) == (1, 1, {"year": "a whole number"})
    assert facts["sources"] == [str(docs)]

    versions = lines(run("index", "versions", built, "--json"))
    full = max(versions, key=lambda version: version["passages"])
    (back,) = lines(run("index", "rollback", built, full["version"], "--json"))
    assert back["passages"] == full["passages"] == 4
    assert back["version"] > versions[-1]["version"]


def test_what_people_read(run, docs, built):
    (docs / "new.txt").write_text("a new text")
    (docs / "bad.txt").write_bytes(b"\xff")
    assert "bad.txt is not UTF-8" in run("index", "add", built, docs, code=2).stderr
    said = run("index", "add", built, docs, "--on-bad-file", "skip").stderr
    # What came before the bad file is there already.
    assert "docs: 1 added, 0 updated, 3 unchanged, 0 removed documents" in said
    assert "1 files could not be read" in said
    assert "Left out: " in said
    assert "passages" in run("index", "info", built).stdout
    assert "4 passages" in run("index", "versions", built).stdout
    assert "1 documents removed." in run("index", "remove", built, "--where", "year = 2020").stderr
    assert "is as version" in run("index", "rollback", built, 4).stderr


def test_build_again_goes_on(run, docs, built, tmp_path):
    (report,) = lines(run("index", "build", docs, "-o", built, "-m", tmp_path / "model", "--json"))
    assert (report["unchanged"], report["embedded"]) == (3, 0)
    other = static_folder(tmp_path / "other", normalize=False)
    said = run("index", "build", docs, "-o", built, "-m", other, code=2).stderr
    assert "holds vectors of" in said
    assert str(other) in said


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ("search", "{path}", "x", "--where", "yeer > 1"),
            "where names 'yeer', which is no column. Did you mean 'year'",
        ),
        (("search", "{path}y", "x"), "is not there. Did you mean 'x.lance'"),
        (("search", "{path}", "x", "--mode", "txt"), "mode must be one of"),
        (("remove", "{path}", "docs/cat.md"), "no document 'docs/cat.md'. Did you mean 'docs/cats.md'"),
        (("remove", "{path}"), "either ids or where"),
        (("rollback", "{path}", "99"), "There is no version 99"),
        (("sync", "{path}", "nowhere"), "There is no file or folder nowhere"),
    ],
)
def test_errors_say_what_to_do(run, built, arguments, message):
    result = run("index", *(argument.format(path=built) for argument in arguments), code=2)
    assert message in result.stderr
    assert "Traceback" not in result.stderr
    assert result.stdout == ""


def test_search_of_an_index(run, built):
    (answer,) = lines(run("search", built, "the cat can eat fish", "-k", 1, "--json"))
    assert answer["hits"][0]["heading"] == "Cats > Food"


def test_search_of_an_index_and_rerank(run, built, tmp_path):
    folder = make_tiny_cross_encoder(tmp_path / "cross", "bert")
    for command in (("search",), ("index", "search")):
        answer = json.loads(run(*command, built, "cat", "-k", 2, "--rerank", folder, "--json").stdout)
        passages = [hit["passage"] for hit in answer["hits"]]
        scores = CrossEncoder(folder, backend="openvino").score("cat", passages)
        assert [hit["score"] for hit in answer["hits"]] == [round(float(score), 6) for score in scores]
        assert scores[0] >= scores[1]
        assert answer["rerank_milliseconds"] > 0


def test_search_of_a_folder(run, docs, tmp_path):
    """It is indexed beside itself, and only what changed is embedded the next time."""
    model = static_folder(tmp_path / "model")
    first = run("search", docs, "a bird can sing", "-k", 1, "-m", model)
    assert first.stdout.split("\t")[2:] == ["docs/t.csv#a", "", "a bird can sing\n"]
    assert "3 added" in first.stderr
    assert (tmp_path / "docs.sbert-cache").is_dir()
    (docs / "more.html").write_text("<h1>Dogs</h1><p>a dog can run")
    (docs / "bad.txt").write_bytes(b"\xff")
    second = run("search", docs, "--json", "-k", 1, "-m", model, stdin="a dog can run\n\nbird\n")
    assert [answer["hits"][0]["document"] for answer in lines(second)] == ["docs/more.html", "docs/t.csv#a"]
    assert "1 added, 0 updated, 3 unchanged" in second.stderr
    assert "Left out: " in second.stderr
    # An index that is damaged is made anew.
    (index,) = (tmp_path / "docs.sbert-cache").glob("*.lance")
    for file in (index / "passages.lance" / "_versions").iterdir():
        file.write_bytes(b"")
    assert "4 added" in run("search", docs, "bird", "-m", model).stderr


def test_search_of_a_folder_beside_which_nothing_may_be_written(run, docs, tmp_path):
    model = static_folder(tmp_path / "model")
    (tmp_path / "docs.sbert-cache").write_text("in the way")
    said = run("search", docs, "a bird can sing", "-m", model).stderr
    assert "3 added" in said
    assert "corpora" in said
    assert (tmp_path / "docs.sbert-cache").read_text() == "in the way"


def test_map_of_an_index(run, built, tmp_path, monkeypatch):
    """Its vectors are used as they are: no model is loaded."""
    pytest.importorskip("umap", reason="needs the extra 'map'")
    monkeypatch.setattr("sbert.models.sentence_transformer.SentenceTransformer.__init__", None)
    page = tmp_path / "map.html"
    facts = lines(run("map", built, "-o", page, "-k", 1, "--json"))[0]
    assert facts["texts"] == facts["of"] == 4
    assert "docs/t.csv#b: the car is fast" in page.read_text()
    facts = lines(run("map", built, "-o", page, "-k", 1, "--where", "year > 2000", "--json"))[0]
    assert facts["texts"] == 2
    assert "cats.md" not in page.read_text()
    sampled = run("map", built, "-o", page, "-k", 1, "--sample", 3)
    assert f"3 of 4 texts in 1 clusters, drawn in {page}" in sampled.stderr


def test_conditions_are_for_indexes_alone(run, tmp_path):
    (tmp_path / "a.txt").write_text("one\ntwo\n")
    result = run("map", tmp_path / "a.txt", "-o", tmp_path / "m.html", "--where", "year > 2000", code=2)
    assert "conditions are for indexes" in result.stderr


def test_vectors_that_encode_wrote_are_loaded(run, tmp_path):
    """Nothing is embedded twice, and vectors of another model are refused."""
    model = static_folder(tmp_path / "model")
    (tmp_path / "a.txt").write_text("the cat sleeps\na bird can sing\nthe car is fast\n")
    run("encode", tmp_path / "a.txt", "-m", model, "-o", f"{tmp_path / 'vectors'}/")
    index = tmp_path / "x.lance"
    command = ["index", "load", index, tmp_path / "vectors", tmp_path / "a.txt"]
    (report,) = lines(run(*command, "-m", model, "--precision", "float16", "--json"))
    assert (report["added"], report["embedded"]) == (3, 0)
    (report,) = lines(run(*command, "-m", model, "--json"))
    assert report["added"] == 0
    (answer,) = lines(run("search", index, "a bird can sing", "-k", 1, "--json"))
    assert (answer["hits"][0]["document"], answer["hits"][0]["passage"]) == ("vectors#1", "a bird can sing")
    other = static_folder(tmp_path / "other", normalize=False)
    command[2] = tmp_path / "y.lance"
    assert "the vectors given are of" in run(*command, "-m", other, code=2).stderr


def test_images_are_indexed_searched_and_drawn(run, tmp_path):
    pytest.importorskip("umap", reason="maps need umap-learn: pip install 'sbert[map]'")
    make_image_model(tmp_path / "clip")
    (tmp_path / "photos").mkdir()
    for place in range(6):
        picture(place).save(tmp_path / "photos" / f"car{place}.png")
    path = tmp_path / "photos.lance"
    (built,) = lines(run("index", "build", tmp_path / "photos", "-o", path, "-m", tmp_path / "clip", "--json"))
    assert (built["added"], built["embedded"]) == (6, 6)
    (answer,) = lines(run("search", path, "a red sports car", "-k", 6, "--json"))
    assert len(answer["hits"]) == 6
    like = tmp_path / "photos" / "car3.png"
    for arguments in (["index", "search", path], ["search", path], ["search", tmp_path / "photos"]):
        model = ["-m", tmp_path / "clip"] if arguments[-1] != path else []
        (answer,) = lines(run(*arguments, "--image", like, "-k", 2, "--json", *model))
        assert answer["query"] == str(like)
        assert answer["hits"][0]["document"] == "photos/car3.png"
    run("map", path, "-o", tmp_path / "map.html")
    assert (tmp_path / "map.html").read_text().count("data:image/jpeg") == 6
    assert "not both" in run("search", path, "a query", "--image", like, code=2).stderr
    texts = tmp_path / "texts.txt"
    texts.write_text("a\nb\n")
    assert "folders and indexes" in run("search", texts, "--image", like, code=2).stderr


def test_an_index_of_late_interaction(run, tmp_path, docs):
    model = make_tiny_late(tmp_path / "late", "bert")
    path = tmp_path / "late.lance"
    (built,) = lines(run("index", "build", docs, "-o", path, "-m", model, "--json"))
    assert built["added"] == 3
    (answer,) = lines(run("search", path, "a bird can sing", "-k", 1, "--json"))
    assert answer["hits"][0]["passage"] == "a bird can sing"


def test_export_and_import(run, built, tmp_path):
    out, copy = tmp_path / "out.parquet", tmp_path / "copy.lance"
    assert lines(run("index", "export", built, out, "--json")) == [{"output": str(out), "passages": 4}]
    assert "there already" in run("index", "export", built, out, code=2).stderr
    assert "4 passages written to" in run("index", "export", built, out, "--overwrite").stderr
    (done,) = lines(run("index", "import", out, copy, "--json"))
    assert (done["added"], done["unchanged"], done["replaced"]) == (4, 0, 0)
    assert "0 passages added, 4 unchanged" in run("index", "import", out, copy).stderr
    ours, theirs = (lines(run("index", "search", path, "the cat sleeps", "--json"))[0] for path in (built, copy))
    assert ours["hits"] == theirs["hits"]
    run("index", "export", built, tmp_path / "some.lance", "--where", "year = 2020")
    assert (
        lines(run("index", "import", tmp_path / "some.lance", tmp_path / "some-index.lance", "--json"))[0]["added"] == 1
    )


def test_import_of_others(run, built, tmp_path):
    import pyarrow as pa
    import pyarrow.parquet as pq

    from sbert import SentenceTransformer

    texts = ["the cat sleeps", "a bird can sing"]
    vectors = SentenceTransformer(str(tmp_path / "model")).encode_document(texts)
    table = pa.table({"key": ["a", "b"], "body": texts, "note": texts, "one": list(vectors), "two": list(-vectors)})
    pq.write_table(table, tmp_path / "theirs.parquet")
    command = [
        "index",
        "import",
        tmp_path / "theirs.parquet",
        tmp_path / "theirs-index.lance",
        "--text",
        "body",
        "--id",
        "key",
    ]
    assert "which model made its vectors" in run(*command, "--vector", "one", code=2).stderr
    command += ["-m", tmp_path / "model"]
    assert "several columns of vectors" in run(*command, code=2).stderr
    assert "the median cosine is -1.00" in run(*command, "--vector", "two", code=2).stderr
    assert lines(run(*command, "--vector", "one", "--json"))[0]["added"] == 2
    (answer,) = lines(run("index", "search", command[3], "a bird can sing", "-k", 1, "--json"))
    assert (answer["hits"][0]["document"], answer["hits"][0]["metadata"]) == ("b", {"note": "a bird can sing"})
