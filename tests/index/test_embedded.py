"""Documents that bring their vectors, vectors of half the size, and passages read out of an index."""

import numpy as np
import pytest

pytest.importorskip("lancedb", reason="the index needs lancedb: pip install 'sbert[index]'")

from sbert.errors import DimensionError, InputError
from sbert.index import Document, Index, lookups, sync
from support.tiny import WORDS


def texts_of(count, seed=0):
    generator = np.random.default_rng(seed)
    return [f"{' '.join(generator.choice(WORDS, 5))} {number}" for number in range(count)]


def found(index, query, **options):
    return [(hit.document, hit.passage, round(hit.score, 5)) for hit in index.search(query, 5, **options)]


def test_documents_that_bring_vectors_are_found_as_those_that_were_embedded(tmp_path, model, monkeypatch):
    """Each stays with its text, also where documents with and without vectors come together."""
    texts = texts_of(40)
    vectors = model.encode_document(texts)
    expected = Index.create(tmp_path / "a.lance", model)
    expected.add([{"id": str(n), "text": text} for n, text in enumerate(texts)])
    mixed = [
        {"id": str(n), "text": text} | ({"embedding": vectors[n], "even": False} if n % 2 else {"even": True})
        for n, text in enumerate(texts)
    ]
    index = Index.create(tmp_path / "b.lance", model)
    changes = index.add(mixed)
    assert (changes.added, len(index)) == (40, 40)
    for query in texts[:3]:
        assert found(index, query) == found(expected, query)
    assert {hit.metadata["even"] for hit in index.search("cat", 40)} == {True, False}
    monkeypatch.setattr(type(model), "encode_chunks", None)  # nothing is embedded any more
    only = [each for each in mixed if "embedding" in each]
    assert index.add(only).unchanged == 20


def test_a_document_that_brings_a_vector_is_one_passage(tmp_path, index, model):
    text = "the cat sat on the mat. " * 20
    index.add([{"id": "cut", "text": text}])
    cut = len(index)
    assert cut > 1
    index.add([{"id": "whole", "text": text, "embedding": model.encode_document(text)}])
    assert len(index) == cut + 1
    # What is cut otherwise is not taken for the same.
    assert index.add([{"id": "whole", "text": text}]).updated == 1
    assert len(index) == 2 * cut


@pytest.mark.parametrize("bad", [np.ones(3), np.ones((1, 5)), 1.0])
def test_a_vector_of_another_width_is_refused(index, bad):
    with pytest.raises(DimensionError, match="Document 'a' brings an embedding of the shape"):
        index.add([{"id": "a", "text": "cat", "embedding": bad}])
    assert len(index) == 0


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_a_vector_that_is_not_finite_is_refused(index, model, bad):
    vector = np.full(model.get_embedding_dimension(), bad)
    with pytest.raises(InputError, match="Document 'a' brings an embedding with NaN or infinity"):
        index.add([{"id": "a", "text": "cat", "embedding": vector}])
    assert len(index) == 0


def test_half_precision_changes_scores_by_less_than_a_thousandth(tmp_path, model):
    texts = texts_of(60)
    exact, half = (Index.create(tmp_path / f"{name}.lance", model, precision=name) for name in ("float32", "float16"))
    for index in (exact, half):
        index.add([Document(str(n), text) for n, text in enumerate(texts)])
    assert half.info().precision == "float16"
    for query in texts[:5]:
        scores, close = ({hit.document: hit.score for hit in i.search(query, 60, mode="dense")} for i in (exact, half))
        assert scores.keys() == close.keys()
        assert all(abs(scores[name] - close[name]) < 1e-3 for name in scores)
    reopened = Index.open(tmp_path / "float16.lance", model)
    assert found(reopened, texts[0]) == found(half, texts[0])
    # A passage whose text is known takes the vector that is stored.
    assert half.add([{"id": "again", "text": texts[0]}]).reused == 1


def test_numbers_too_great_for_half_precision_are_refused(tmp_path, model):
    index = Index.create(tmp_path / "x.lance", model, precision="float16")
    vector = np.full(model.get_embedding_dimension(), 1e6)
    with pytest.raises(InputError, match="too great for float16"):
        index.add([{"id": "a", "text": "cat", "embedding": vector}])
    with pytest.raises(InputError, match="Did you mean 'float16'"):
        Index.create(tmp_path / "y.lance", model, precision="flot16")


def test_large_jobs_put_the_table_in_order_as_they_go(tmp_path, model, monkeypatch):
    """Lookups are made on the way, documents are found by them, and replaced whole."""
    monkeypatch.setattr(sync, "BATCH_DOCUMENTS", 10)
    monkeypatch.setattr(sync, "_SETTLED", 40)
    monkeypatch.setattr(lookups, "LOOKED_UP", 40)
    texts = texts_of(200)
    index = Index.create(tmp_path / "x.lance", model, chunk_tokens=16)
    tidied = []
    upkeep = index._upkeep
    monkeypatch.setattr(upkeep, "tidy", lambda tidy=upkeep.tidy: (tidied.append(len(index)), tidy()))
    index.add([Document(f"d{n}", text * (n % 3 + 1), {"n": n}) for n, text in enumerate(texts)])
    assert len(tidied) > 2
    assert {"id", "content"} <= {index.columns[0] for index in index._store.table.list_indices()}
    plan = index._store.table.search().where("id IN ('d1#0')").select(["id"]).explain_plan()
    assert "ScalarIndexQuery" in plan
    assert len(index.search("cat", 400, where="document = 'd2'", mode="dense")) > 1
    index.add([Document("d2", "cat"), Document("new", texts[5])])
    assert [hit.passage for hit in index.search("cat", 400, where="document = 'd2'")] == ["cat"]
    assert index.info().documents == 201


def test_two_writers_of_one_new_document_leave_one_of_them_whole(tmp_path, model):
    """The second had looked before the first was there; the first had more passages."""
    index = Index.create(tmp_path / "x.lance", model, chunk_tokens=16)
    other = Index.open(tmp_path / "x.lance", model)
    put = index._store.put

    def late(batch, new):
        assert new
        other.add([Document("a", "the dog and the cat sat on the mat. " * 20)])
        put(batch, new)

    index._store.put = late
    index.add([Document("a", "a short one")])
    assert [hit.passage for hit in other.search("short", 50, mode="dense")] == ["a short one"]


def test_contents_are_read_out(tmp_path, model):
    texts = texts_of(30)
    index = Index.create(tmp_path / "x.lance", model)
    index.add([Document(f"d{n:02}", text, {"n": n}) for n, text in enumerate(texts)])
    index.add([Document("blank", " ", {"n": 99})])
    every = index.contents()
    assert len(every) == index.count() == 31
    rows = dict(zip(every.documents, every.vectors, strict=True))
    np.testing.assert_array_equal(rows["d07"], model.encode_document(texts[7]))
    assert not rows["blank"].any()
    assert dict(zip(every.documents, every.passages, strict=True))["d07"] == texts[7]
    some = index.contents("n < 20", limit=5)
    assert index.count("n < 20") == 20
    assert [int(name[1:]) for name in some.documents] == [0, 4, 9, 14, 19]
    np.testing.assert_array_equal(some.vectors, [rows[name] for name in some.documents])
    assert repr(some) == f"Contents(5 passages, vectors (5, {model.get_embedding_dimension()}))"
    with pytest.raises(InputError, match="names 'm', which is no column"):
        index.contents("m < 20")
    with pytest.raises(InputError, match="limit must be"):
        index.contents(limit=0)


def test_a_vector_that_is_at_hand_finds_what_its_text_does(tmp_path, model):
    index = Index.create(tmp_path / "x.lance", model)
    index.add([Document(f"d{n}", text, {"n": n}) for n, text in enumerate(texts_of(30))])
    vector = model.encode_query("the cat")
    unloaded = Index.open(tmp_path / "x.lance")
    for asked in (vector, vector.tolist(), vector[None]):
        assert unloaded.search_vector(asked, 5) == index.search("the cat", 5, mode="dense")
    assert {hit.metadata["n"] for hit in index.search_vector(vector, 50, where="n < 3")} == {0, 1, 2}
    with pytest.raises(DimensionError, match="must be one vector of width"):
        index.search_vector(vector[:3])
    with pytest.raises(InputError, match="NaN"):
        index.search_vector(np.full_like(vector, np.nan))
    with pytest.raises(InputError, match="top_k must be"):
        index.search_vector(vector, 0)
