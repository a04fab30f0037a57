"""An index exported and imported again, and tables of others: the same rows, or a clear refusal."""

import json
import subprocess
import sys
import time

import numpy as np
import pytest

pytest.importorskip("lancedb", reason="the index needs lancedb: pip install 'sbert[index]'")

import pyarrow as pa
import pyarrow.parquet as pq

from sbert import MultiVectorEncoder, SentenceTransformer
from sbert.errors import DataError, DimensionError, InputError, OtherModelError, StoredIndexError
from sbert.index import Document, Index, exchange, import_table, imports
from sbert.index.exchange import stream
from sbert.index.exchange.known import Known, joined
from support.static import static_folder
from support.tiny import WORDS, make_tiny_late

FORMS = ["parquet", "lance"]


@pytest.fixture(scope="module")
def texts():
    generator = np.random.default_rng(0)
    return [f"{' '.join(generator.choice(WORDS, 5))} {number}" for number in range(53)]


@pytest.fixture
def filled(index, texts):
    """Documents of one and of several passages, with metadata, changed and removed again, and one without a vector."""
    index.add([{"id": f"d{n}", "text": text, "year": 2000 + n} for n, text in enumerate(texts[:30])])
    index.add([{"id": "long", "text": " ".join(texts), "open": True}, {"id": "blank", "text": " "}])
    index.add([{"id": "d3", "text": "the cat sleeps", "year": 1, "share": 0.5}])
    index.remove(["d7"])
    return index


@pytest.fixture
def small_batches(monkeypatch):
    """Rows come seven at a time, and each is a commit."""
    monkeypatch.setattr(stream, "_ROWS", 7)
    monkeypatch.setattr(imports, "_COMMIT", 1)


def rows_of(index):
    table = pa.Table.from_batches(index.batches())
    return sorted(table.to_pylist(), key=lambda row: row["id"])


@pytest.mark.parametrize("form", FORMS)
def test_what_comes_back_is_what_went_out(tmp_path, filled, form, small_batches):
    out = tmp_path / f"out.{form}"
    assert filled.export(out) == len(filled) > 40
    back, done = import_table(out, tmp_path / "back.lance")
    assert (done.added, done.unchanged, done.replaced) == (len(filled), 0, 0)
    assert rows_of(back) == rows_of(filled)
    assert back.identity == filled.identity
    assert back.metadata == filled.metadata
    for mode in ("dense", "text", "hybrid"):
        assert back.search("the cat sleeps", 20, mode=mode) == filled.search("the cat sleeps", 20, mode=mode)
    # Once more changes nothing, and a document that is added again is there.
    assert import_table(out, back.path)[1].added == 0
    assert back.add([{"id": "d3", "text": "the cat sleeps", "year": 1, "share": 0.5}]).unchanged == 1
    assert not list(tmp_path.glob(".*"))


def test_no_model_is_loaded(tmp_path, filled, model_folder):
    filled.export(tmp_path / "out.parquet")
    code = (
        "import sys; from sbert.index import Index, import_table\n"
        f"index, _ = import_table({str(tmp_path / 'out.parquet')!r}, {str(tmp_path / 'y.lance')!r})\n"
        f"index.export({str(tmp_path / 'again.parquet')!r})\n"
        "print('tokenizers' in sys.modules, 'openvino' in sys.modules, len(index))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False", str(len(filled))]
    mine, again = (pq.read_table(tmp_path / name).sort_by("id") for name in ("out.parquet", "again.parquet"))
    assert mine.equals(again)


def test_others_can_read_it(tmp_path, filled, model):
    filled.export(tmp_path / "out.parquet", where="year >= 2010")
    table = pq.read_table(tmp_path / "out.parquet")
    assert len(table) == 20
    assert min(table["year"].to_pylist()) == 2010
    said = json.loads(table.schema.metadata[b"sbert.index"])
    assert (said["model"], said["dimension"], said["similarity"]) == (model.spec.name, 24, "cosine")
    assert said["fingerprint"] == model.fingerprint
    facts = json.loads(table.schema.metadata[b"sbert.export"])
    assert facts == {"normalized": True, "version": filled.version, "where": "year >= 2010"}


def test_half_precision_and_vectors_of_tokens(tmp_path, model, texts):
    half = Index.create(tmp_path / "half.lance", model, precision="float16")
    half.add(texts[:5])
    late = Index.create(tmp_path / "late.lance", MultiVectorEncoder(str(make_tiny_late(tmp_path / "model", "bert"))))
    late.add([*texts[:5], " "])
    for index in (half, late):
        for form in FORMS:
            out = tmp_path / f"{index.path.stem}-out.{form}"
            index.export(out)
            back, _ = import_table(out, tmp_path / f"{index.path.stem}-{form}.lance")
            assert rows_of(back) == rows_of(index)
            assert back.identity == index.identity


def test_a_killed_import_goes_on(tmp_path, filled, small_batches, monkeypatch):
    filled.export(tmp_path / "out.parquet")
    append, calls = imports.Store.append, []

    def dying(self, columns):
        if len(calls) == 3:
            raise KeyboardInterrupt
        calls.append(1)
        append(self, columns)

    with monkeypatch.context() as patch:
        patch.setattr(imports.Store, "append", dying)
        with pytest.raises(KeyboardInterrupt):
            import_table(tmp_path / "out.parquet", tmp_path / "back.lance")
    back, done = import_table(tmp_path / "out.parquet", tmp_path / "back.lance")
    assert (done.unchanged, done.added) == (21, len(filled) - 21)
    assert rows_of(back) == rows_of(filled)


def test_a_killed_export_leaves_nothing(tmp_path, model, texts):
    """kill -9 in the midst: no table, and the next export is whole."""
    index = Index.create(tmp_path / "x.lance", model)
    index.load(
        [f"{texts[n % 53]} {n}" for n in range(40_000)], [np.random.default_rng(0).random((40_000, 24), np.float32)]
    )
    for form in FORMS:
        out = tmp_path / f"out.{form}"
        code = (
            "from sbert.index.exchange import stream; stream._ROWS = 50\n"
            "from sbert.index import Index; print('go', flush=True)\n"
            f"Index.open({str(index.path)!r}).export({str(out)!r})"
        )
        process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE)
        process.stdout.readline()
        while not list(tmp_path.glob(f".{out.name}.*")):
            assert process.poll() is None, "it ended before it could be killed"
            time.sleep(0.005)
        process.kill()
        process.wait()
        process.stdout.close()
        assert not out.exists()
        assert index.export(out) == 40_000


def test_writers_do_not_disturb_it(filled, small_batches):
    batches = filled.batches(columns=["id"])
    first = next(batches)
    count = len(filled)
    filled.remove(["long"])
    filled.add(["another text"])
    assert len(first) + sum(map(len, batches)) == count


def test_batches(filled):
    every = [name for batch in filled.batches(columns=["id"]) for name in batch["id"].to_pylist()]
    assert len(every) == len(filled)
    assert [
        name for batch in filled.batches(columns=["id"], start=11, rows=4) for name in batch["id"].to_pylist()
    ] == every[11:]
    some = filled.batches("year > 2020", columns=["id", "year"], rows=2)
    assert sorted(year for batch in some for year in batch["year"].to_pylist()) == [*range(2021, 2030)]
    with pytest.raises(InputError, match=r"columns names 'yeer', which is none\. Did you mean 'year'"):
        list(filled.batches(columns=["yeer"]))
    with pytest.raises(InputError, match="where names 'yeer', which is no column"):
        list(filled.batches("yeer = 1"))
    with pytest.raises(InputError, match="has no version 999"):
        list(filled.batches(version=999))


def test_into_an_index_that_is_there(tmp_path, filled, model, small_batches):
    filled.export(tmp_path / "out.parquet")
    other = Index.create(tmp_path / "other.lance", model, chunk_tokens=16)
    other.add(
        [{"id": "mine", "text": "a bird can sing", "colour": "red"}, {"id": "d3", "text": "the cat eats", "year": 5}]
    )
    with pytest.raises(InputError, match=r"has the document 'd3' in another state .*--replace"):
        import_table(tmp_path / "out.parquet", other.path)
    other, done = import_table(tmp_path / "out.parquet", other.path, replace=True)
    assert done.replaced == 1
    assert [row for row in rows_of(other) if row["document"] != "mine"] == [
        row | {"colour": None} for row in rows_of(filled)
    ]
    assert other.count("colour = 'red'") == 1


def test_documents_with_fewer_passages_are_replaced_whole(tmp_path, model):
    old, new = (Index.create(tmp_path / f"{name}.lance", model, chunk_tokens=4) for name in ("old", "new"))
    old.add([{"id": "a", "text": "the cat sleeps in the house and the bird can sing"}])
    new.add([{"id": "a", "text": "the cat sleeps"}])
    new.export(tmp_path / "new.parquet")
    old, done = import_table(tmp_path / "new.parquet", old.path, replace=True)
    assert (done.replaced, rows_of(old)) == (1, rows_of(new))


def test_what_does_not_fit_is_refused(tmp_path, filled, model):
    out = tmp_path / "out.parquet"
    filled.export(out)
    stranger = SentenceTransformer(str(static_folder(tmp_path / "stranger", normalize=False)))
    elsewhere = Index.create(tmp_path / "stranger.lance", stranger, chunk_tokens=16)
    with pytest.raises(OtherModelError, match=r"holds vectors of .*stranger.* the vectors given are of"):
        import_table(out, elsewhere.path)
    with pytest.raises(OtherModelError, match=r"the model given is .*stranger"):
        import_table(out, tmp_path / "new.lance", stranger)
    assert not (tmp_path / "new.lance").exists()
    cut = Index.create(tmp_path / "cut.lance", model, chunk_tokens=8)
    with pytest.raises(InputError, match=r"chunk_tokens = 16, and .* has 8: documents would be cut in two ways"):
        import_table(out, cut.path)
    kinds = Index.create(tmp_path / "kinds.lance", model, chunk_tokens=16)
    kinds.add([{"id": "a", "text": "a", "year": "MMXX"}])
    with pytest.raises(InputError, match="the column 'year' holds a whole number; in the index it holds text"):
        import_table(out, kinds.path)
    with pytest.raises(InputError, match="whose columns are known: name none"):
        import_table(out, tmp_path / "new.lance", text="passage")
    with pytest.raises(DataError, match=r"there already\. .*--overwrite"):
        filled.export(out)
    assert filled.export(out, overwrite=True) == len(filled)
    with pytest.raises(DataError, match="is no table that was exported"):
        filled.export(filled.path, overwrite=True)
    with pytest.raises(DataError, match=r"suffix '.csv'; tables are .parquet or .lance"):
        filled.export(tmp_path / "out.csv")
    with pytest.raises(DataError, match="is an index already"):
        import_table(filled.path, tmp_path / "new.lance")
    with pytest.raises(DataError, match=r"There is no .*ot\.parquet\. Did you mean 'out.parquet'"):
        import_table(tmp_path / "ot.parquet", tmp_path / "new.lance")
    with pytest.raises(InputError, match="where names 'yeer'"):
        filled.export(tmp_path / "x.parquet", where="yeer = 1")
    assert not list(tmp_path.glob("*x.parquet*"))
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "file").touch()
    with pytest.raises(StoredIndexError, match="is there and is no index"):
        import_table(out, tmp_path / "full")


def changed(path, change, to):
    table = pq.read_table(path)
    pq.write_table(change(table), to)
    return to


def with_vectors(table, vectors):
    place = table.schema.get_field_index("vector")
    return table.set_column(place, "vector", pa.array(vectors, table.schema.field("vector").type))


def test_tables_that_were_changed_are_refused(tmp_path, filled):
    filled.export(tmp_path / "out.parquet")

    def change(change, error, match):
        path = changed(tmp_path / "out.parquet", change, tmp_path / "changed.parquet")
        with pytest.raises(error, match=match):
            import_table(path, tmp_path / f"{match[:6]}.lance")

    def scaled(table):
        return with_vectors(
            table, [vector and [2 * number for number in vector] for vector in table["vector"].to_pylist()]
        )

    def broken(table):
        vectors = table["vector"].to_pylist()
        vectors[5][3] = float("nan")
        return with_vectors(table, vectors)

    change(scaled, InputError, r"says that its vectors are normalised; the one of row 0 has the length 2\.000")
    change(broken, InputError, "vectors.*NaN")
    change(lambda table: pa.concat_tables([table, table]), InputError, "more than once")
    change(lambda table: table.drop_columns(["hash"]), DataError, "has lost the columns hash")
    short = lambda table: table.set_column(  # noqa: E731
        table.schema.get_field_index("vector"), "vector", pa.array([[1.0, 0.0]] * len(table))
    )
    change(short, DimensionError, "Row 0 of .* has a vector of 2 numbers; 24 are needed")
    (tmp_path / "none.parquet").write_bytes(b"PAR1 no")
    with pytest.raises(DataError, match="cannot be read as Parquet"):
        import_table(tmp_path / "none.parquet", tmp_path / "z.lance")


# --- tables of others -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["fixed", "list", "double", "half"])
def test_a_table_of_others(tmp_path, model, texts, kind, small_batches):
    vectors = model.encode_document(texts)
    kinds = {
        "fixed": pa.list_(pa.float32(), 24), "list": pa.list_(pa.float32()),
        "double": pa.large_list(pa.float64()), "half": pa.list_(pa.float16()),
    }  # fmt: skip
    given = vectors.astype(np.float16) if kind == "half" else vectors
    table = pa.table(
        {
            "key": pa.array(range(53)),
            "body": pa.array(texts, pa.large_string()),
            "note": pa.array(["x", None] * 26 + ["y"]).dictionary_encode(),
            "emb": pa.array(list(given) if kind != "half" else [list(row) for row in given], kinds[kind]),
            "tags": pa.array([["a", "b"]] * 53),
            "share": pa.array([0.5] * 53, pa.float32()),
            "source": pa.array([1] * 53, pa.int8()),
        }
    )
    pq.write_table(table, tmp_path / "theirs.parquet")
    index, done = import_table(tmp_path / "theirs.parquet", tmp_path / "x.lance", model, id="key", text="body")
    assert (done.added, len(index)) == (53, 53)
    assert index.metadata == {"note": "text", "tags": "text", "share": "a number", "source_": "a whole number"}
    hit = index.search(texts[9], 1)[0]
    assert (hit.document, hit.passage) == ("9", texts[9])
    assert hit.metadata == {"tags": '["a", "b"]', "share": 0.5, "source_": 1}
    # As if it had been added: nothing is written again.
    own = {"tags": '["a", "b"]', "share": 0.5, "source_": 1}
    assert index.add([Document("9", texts[9], own, embedding=vectors[9])]).unchanged == 1
    assert import_table(tmp_path / "theirs.parquet", index.path, id="key", text="body")[1].unchanged == 53


def test_what_encode_wrote(tmp_path, model, texts):
    from sbert.data import write_embeddings

    write_embeddings(tmp_path / "e.parquet", model.encode_document(texts), texts)
    index, _ = import_table(tmp_path / "e.parquet", tmp_path / "x.lance", model)
    assert index.search(texts[3], 1)[0].document == "e.parquet#3"


def test_vectors_of_another_model_are_noticed(tmp_path, model, texts):
    from sbert.data import write_embeddings

    other = np.random.default_rng(0).standard_normal((53, 24)).astype(np.float32)
    write_embeddings(tmp_path / "e.parquet", other, texts)
    with pytest.raises(
        OtherModelError, match=r"8 of its texts were embedded once more, and the median cosine is -?0\.\d"
    ):
        import_table(tmp_path / "e.parquet", tmp_path / "x.lance", model)
    assert not (tmp_path / "x.lance").exists()
    assert import_table(tmp_path / "e.parquet", tmp_path / "x.lance", model, check=False)[1].added == 53
    with pytest.raises(InputError, match=r"does not say which model .* --model"):
        import_table(tmp_path / "e.parquet", tmp_path / "y.lance")
    write_embeddings(tmp_path / "wide.parquet", np.ones((53, 25), np.float32), texts)
    with pytest.raises(DimensionError, match=r"have 25 numbers; those of .* have 24"):
        import_table(tmp_path / "wide.parquet", tmp_path / "y.lance", model)


def test_vectors_that_were_normalised_are_noticed(tmp_path, texts):
    """Where lengths count, as they do for the dot product."""
    from sbert.data import write_embeddings

    plain = SentenceTransformer(str(static_folder(tmp_path / "m", normalize=False)), similarity_fn_name="dot")
    write_embeddings(tmp_path / "e.parquet", plain.encode_document(texts, normalize_embeddings=True), texts)
    with pytest.raises(
        OtherModelError, match=r"times the lengths of those of .* which compares by dot: they were normalised"
    ):
        import_table(tmp_path / "e.parquet", tmp_path / "x.lance", plain)
    write_embeddings(tmp_path / "e.parquet", plain.encode_document(texts), texts)
    assert import_table(tmp_path / "e.parquet", tmp_path / "x.lance", plain)[1].added == 53


def test_what_others_left_out_is_told(tmp_path, model, texts):
    vectors = list(model.encode_document(texts[:3]))

    def refused(error, match, **columns):
        table = {"id": ["a", "b", "c"], "text": texts[:3], "embedding": vectors} | columns
        pq.write_table(pa.table(table), tmp_path / "t.parquet")
        with pytest.raises(error, match=match):
            import_table(tmp_path / "t.parquet", tmp_path / "x.lance", model)

    refused(DataError, "Row 1 of .* has nothing in 'text'", text=[texts[0], None, texts[2]])
    refused(DataError, "Row 2 of .* has nothing in 'id'", id=["a", "b", None])
    refused(DataError, "Row 0 of .* has an empty id", id=["", "b", "c"])
    refused(InputError, "has 'a' more than once", id=["a", "b", "a"])
    refused(DataError, "Row 1 of .* has no vector", embedding=[vectors[0], None, vectors[2]])
    refused(DataError, "with a number missing", embedding=pa.array([[0.1] * 24, [None] * 24, [0.1] * 24]))
    refused(
        DimensionError,
        "Row 2 of .* has a vector of 3 numbers; 24 are needed",
        embedding=[vectors[0], vectors[1], [1.0, 2, 3]],
    )
    refused(InputError, "NaN", embedding=[vectors[0], np.full(24, np.nan, np.float32), vectors[2]])
    refused(DataError, "no column of vectors", embedding=["a", "b", "c"])
    pq.write_table(pa.table({"text": texts[:3], "embedding": vectors, "second": vectors}), tmp_path / "t.parquet")
    with pytest.raises(DataError, match=r"no column 'embeding'; .* Did you mean 'embedding'"):
        import_table(tmp_path / "t.parquet", tmp_path / "x.lance", model, vector="embeding")
    with pytest.raises(DataError, match=r"'text' of .* holds string, not lists of numbers"):
        import_table(tmp_path / "t.parquet", tmp_path / "x.lance", model, vector="text")
    assert import_table(tmp_path / "t.parquet", tmp_path / "ok.lance", model, vector="second")[1].added == 3


def test_known():
    known = Known()
    assert not known.holds(["a"]).any()
    known.add(["b", "a", "b"])
    known.add(["c", "a"])
    assert len(known) == 3
    assert known.holds(["a", "x", "c", ""]).tolist() == [True, False, True, False]
    assert joined(["a", "ab"], ["bc", "c"]) == ["1 abc", "2 abc"]
    assert exchange.__doc__
