"""The lasting index: what is put in is found, stays, and is what a plain dict would hold."""

import shutil
from datetime import datetime, timedelta

import numpy as np
import pytest

pytest.importorskip("lancedb", reason="the index needs lancedb: pip install 'sbert[index]'")

from sbert import CrossEncoder, SentenceTransformer
from sbert.errors import (
    DataError,
    EngineError,
    InputError,
    MissingDependencyError,
    NotTextError,
    OtherModelError,
    StoredIndexError,
)
from sbert.index import Document, FileDocuments, Index, Section
from sbert.index.lookups import index_name
from sbert.search import Pipeline
from support.static import static_folder
from support.tiny import make_tiny_cross_encoder

ANIMALS = [
    {"id": "cat", "text": "the cat sleeps in the house", "legs": 4, "weight": 4.5, "wild": False},
    {"id": "bird", "text": "a bird can sing on the tree", "legs": 2, "weight": 0.1, "wild": True},
    {"id": "fish", "text": "fish eat in the cold sea", "legs": 0, "weight": 1, "wild": True, "note": "it's wet"},
]

TEXTS = {animal["id"]: animal["text"] for animal in ANIMALS}


def ids(hits):
    return [hit.document for hit in hits]


# --- putting in, finding, taking out ------------------------------------------------------------------------------


def test_what_is_added_is_found(index, model):
    changes = index.add(ANIMALS)
    assert (changes.added, changes.embedded, changes.unchanged) == (3, 3, 0)
    hit = index.search("the cat sleeps in the house", 1, mode="dense")[0]
    assert hit.score == pytest.approx(1, abs=1e-6)
    assert (hit.id, hit.document, hit.span, hit.heading) == ("cat#0", "cat", (0, 27), None)
    assert hit.passage == ANIMALS[0]["text"]
    assert hit.metadata == {"legs": 4, "weight": 4.5, "wild": False}
    assert len(index) == 3
    assert "3 passages" in repr(index)


@pytest.mark.parametrize("similarity", ["cosine", "dot", "euclidean"])
def test_scores_are_those_of_the_models_similarity(tmp_path, similarity):
    """Dense scores are those that the model computes itself, on vectors that are not of length one."""
    folder = static_folder(tmp_path / "model", normalize=False)
    model = SentenceTransformer(str(folder), similarity_fn_name=similarity)
    texts = [animal["text"] for animal in ANIMALS]
    index = Index.create(tmp_path / "x.lance", model)
    index.add(texts)
    query = "cold water in the house"
    expected = np.asarray(model.similarity(model.encode_query([query]), model.encode_document(texts)))[0]
    for mode in ("dense", "hybrid"):
        hits = index.search(query, mode=mode)
        assert len(hits) == 3
        for hit in hits:
            assert hit.scores["dense"] == pytest.approx(expected[texts.index(hit.passage)], rel=1e-5, abs=1e-5)
    assert ids(index.search(query, mode="dense")) == [
        hit.document for hit in sorted(hits, key=lambda h: -h.scores["dense"])
    ]


def test_manhattan_is_refused(tmp_path, model_folder):
    model = SentenceTransformer(str(model_folder), similarity_fn_name="manhattan")
    with pytest.raises(InputError, match="must be one of 'cosine', 'dot', 'euclidean', 'maxsim'; got 'manhattan'"):
        Index.create(tmp_path / "x.lance", model)
    assert not (tmp_path / "x.lance").exists()


def test_only_what_changed_is_embedded(index, monkeypatch):
    index.add(ANIMALS)
    version = index.version
    again = index.add(ANIMALS)
    assert (again.unchanged, again.embedded, index.version) == (3, 0, version)
    calls = []
    real = type(index.model).encode_chunks
    monkeypatch.setattr(
        type(index.model), "encode_chunks", lambda self, texts, **o: calls.append(list(texts)) or real(self, texts, **o)
    )
    renamed = [ANIMALS[0] | {"legs": 3}, ANIMALS[1] | {"id": "robin"}, ANIMALS[2] | {"text": "a new text"}]
    changes = index.add(renamed)
    assert calls == [["a new text"]]
    assert (changes.added, changes.updated, changes.embedded, changes.reused) == (1, 2, 1, 2)
    assert index.search(ANIMALS[0]["text"], 1, mode="dense")[0].metadata["legs"] == 3
    assert {"bird", "robin"} <= set(ids(index.search("bird", mode="text")))


def test_a_document_that_gets_shorter_leaves_nothing_behind(index):
    """Passages that a document no longer has are gone with the same commit."""
    index.add([{"id": "a", "text": "cat dog bird " * 40}])
    assert len(index) > 5
    index.add([{"id": "a", "text": "cat"}])
    assert [hit.passage for hit in index.search("dog bird cat", 100, mode="dense")] == ["cat"]
    assert index.search("dog", mode="text") == []


def test_spans_are_places_in_the_document(index):
    text = "Intro words.\n\nthe cat " + "sat on the table and " * 20 + "\n\nthe dog ran " * 15
    document = Document("a", text, {}, [Section(14, len(text) // 2, "One"), Section(len(text) // 2, len(text), "Two")])
    index.add([document])
    hits = index.search("the cat and dog", 100, mode="dense")
    assert len(hits) > 6
    for hit in hits:
        assert text[slice(*hit.span)] == hit.passage
        assert hit.span[0] >= 14
        assert hit.heading == ("One" if hit.span[1] <= len(text) // 2 else "Two")
    seen = set().union(*(range(*hit.span) for hit in hits))
    assert all(text[place].isspace() for place in set(range(14, len(text))) - seen)


def test_blank_documents_are_known_and_never_found(index):
    index.add([{"id": "blank", "text": " \n"}, {"id": "empty", "text": ""}, ANIMALS[0]])
    assert index.info().documents == 3
    for mode in ("dense", "text", "hybrid"):
        assert ids(index.search("the cat", 10, mode=mode)) == ["cat"]
    assert index.add([{"id": "blank", "text": " \n"}]).unchanged == 1
    assert index.remove(["blank", "empty"]) == 2


def test_remove(index):
    index.add(ANIMALS)
    with pytest.raises(InputError, match=r"no document 'brid'. Did you mean 'bird'\? Nothing was removed"):
        index.remove(["cat", "brid"])
    assert len(index) == 3
    assert index.remove("cat") == 1
    assert index.remove(where="legs = 2 OR note = 'it''s wet'") == 2
    assert index.remove([]) == 0
    assert len(index) == 0
    assert index.search("cat") == []
    for arguments in ({}, {"ids": "cat", "where": "legs = 2"}):
        with pytest.raises(InputError, match="either ids or where"):
            index.remove(**arguments)


def test_removing_by_a_passage_removes_the_document(index):
    """A condition that holds of one passage removes the whole of its document, so none is left in part."""
    index.add([{"id": "a", "text": "cat " * 100 + "zebra"}, ANIMALS[1]])
    assert index.remove(where="passage LIKE '%zebra%'") == 1
    assert ids(index.search("cat bird", 100, mode="dense")) == ["bird"]


def test_names_with_quotes(index):
    names = ["it's", 'a "b"', "x\\y", "semi;colon", "percent%", "a#1", "a", "ü/日本"]
    index.add([{"id": name, "text": f"cat {number}"} for number, name in enumerate(names)])
    assert sorted(ids(index.search("cat", 50, mode="dense"))) == sorted(names)
    assert index.add([{"id": name, "text": f"dog {number}"} for number, name in enumerate(names)]).updated == len(names)
    for name in names:
        assert index.remove(name) == 1
    assert len(index) == 0


# --- metadata -----------------------------------------------------------------------------------------------------


def test_metadata_columns(index):
    """Columns come as documents bring them; what a document does not have, its hits do not."""
    index.add(ANIMALS[:1])
    index.add([ANIMALS[2] | {"when": datetime(2024, 1, 2), "tags": ["a", 1], "n": np.int64(3), "none": None}])
    kinds = {
        "legs": "a whole number", "weight": "a number", "wild": "a truth value", "note": "text", "when": "text",
        "tags": "text", "n": "a whole number",
    }  # fmt: skip
    assert index.info().metadata == kinds
    fish = index.search("fish", 1, mode="text")[0].metadata
    assert (fish["when"], fish["tags"], fish["n"], fish["weight"]) == ("2024-01-02T00:00:00", '["a", 1]', 3, 1.0)
    assert "when" not in index.search("cat", 1, mode="text")[0].metadata


@pytest.mark.parametrize(
    ("metadata", "message"),
    [
        ({"legs": "four"}, "metadata 'legs' is text, 'four'; this column holds a whole number"),
        ({"legs": 2.5}, "metadata 'legs' is a number, 2.5; this column holds a whole number"),
        ({"wild": 1}, "metadata 'wild' is a whole number, 1; this column holds a truth value"),
        ({"Passage": "x"}, "cannot be called 'Passage', which is a column of the index itself"),
        ({"a.b": 1}, "has the name 'a.b'"),
        ({" ": 1}, "has the name ' '"),
        ({"big": 2**70}, "more than 64 bits hold"),
    ],
)
def test_metadata_that_does_not_fit(index, metadata, message):
    """The document is named, and the index stays as it was."""
    index.add(ANIMALS)
    version = index.version
    with pytest.raises(InputError, match=f"Document 'x': .*{message}"):
        index.add([{"id": "x", "text": "a dog", **metadata}])
    assert (len(index), index.version) == (3, version)


def test_whole_numbers_and_others_together_are_numbers(index):
    index.add([{"id": "a", "text": "cat", "n": 1}, {"id": "b", "text": "dog", "n": 2.5}])
    assert ids(index.search("cat", where="n < 2")) == ["a"]


# --- searching ----------------------------------------------------------------------------------------------------


def test_filters_come_before_the_search(index):
    """Each document meets a condition that few meet; all that do are found, whatever is more alike."""
    index.add([{"id": f"d{n}", "text": f"the cat {n}", "n": n} for n in range(200)])
    for mode in ("dense", "hybrid"):
        for few in (1, 2, 20):
            found = ids(index.search("the cat 0", few, mode=mode, where=f"n >= {200 - few}"))
            assert sorted(found) == sorted(f"d{n}" for n in range(200 - few, 200))
    assert index.search("cat", where="n > 1000") == []


@pytest.mark.parametrize(
    ("where", "message"),
    [
        ("nn > 1", r"where names 'nn', which is no column. Did you mean 'n'\? There are document, source"),
        ("n >", "where must be a condition in SQL"),
        ("n > 'x'", "where must be a condition in SQL.*could not convert"),
        ("", "where must be a condition in SQL.*got ''"),
        (7, "where must be a condition in SQL.*got 7"),
    ],
)
@pytest.mark.parametrize("mode", ["dense", "text", "hybrid"])
def test_filters_that_are_wrong(index, where, message, mode):
    index.add([{"id": "a", "text": "cat", "n": 1}])
    with pytest.raises(InputError, match=message) as caught:
        index.search("cat", where=where, mode=mode)
    assert ".rs" not in str(caught.value)


def test_text_search_takes_queries_as_they_are(index):
    """Signs that query languages give a meaning have none."""
    index.add(ANIMALS)
    for query in ('"cat" AND -bird', "cat:fish^2 (*", "cat\\", "+cat ~", "cat " * 2000):
        assert "cat" in ids(index.search(query, mode="text"))
    assert index.search("???", mode="text") == []
    assert index.search("elephants", mode="text") == []


def test_words_of_other_scripts_and_forms_are_found(index):
    index.add(["東京は日本の首都です", "der Übergang", "running dogs"])
    for query, text in (("東京", "東京は日本の首都です"), ("ubergang", "der Übergang"), ("dog", "running dogs")):
        assert [hit.passage for hit in index.search(query, mode="text")] == [text]


def test_words_that_say_nothing(index):
    """They find nothing by themselves; words that other languages have as such do."""
    index.add(["the cat and a dog", "das die der"])
    assert index.search("the and of", mode="text") == []
    for word in ("cat", "dog", "die", "der"):
        assert len(index.search(word, mode="text")) == 1


def test_languages(tmp_path, model):
    """Words are stemmed in the language that was asked for, or in none."""
    for language, found in (("German", ["die Häuser"]), ("none", [])):
        index = Index.create(tmp_path / f"{language}.lance", model, language=language)
        index.add(["die Häuser", "das Auto"])
        assert [hit.passage for hit in index.search("Haus", mode="text")] == found
    with pytest.raises(InputError, match=r"language must be one of .*; got 'Germn'. Did you mean 'German'"):
        Index.create(tmp_path / "x.lance", model, language="Germn")
    assert not (tmp_path / "x.lance").exists()


def test_a_table_whose_words_were_not_indexed_yet(index):
    """A process was killed between making the table and its index of words."""
    index.add(ANIMALS[:1])
    index._store.table.drop_index(index_name(index._store.table, "passage"))
    assert index_name(index._store.table, "passage") is None
    index.add(ANIMALS)
    assert ids(index.search("fish", mode="text")) == ["fish"]


def test_words_are_taken_into_their_index(index, monkeypatch):
    """Not one by one: reading some beside the index costs less."""
    monkeypatch.setattr("sbert.index.upkeep._UNREAD", 3)
    index.add(ANIMALS[:2])
    assert index._upkeep._unread() == 2
    index.add(ANIMALS)
    assert index._upkeep._unread() == 0
    assert ids(index.search("fish", mode="text")) == ["fish"]


def test_a_model_in_a_folder_is_found_from_anywhere(index, tmp_path, monkeypatch, model_folder):
    monkeypatch.chdir(model_folder.parent)
    made = Index.create(tmp_path / "y.lance", SentenceTransformer(model_folder.name))
    made.add(ANIMALS)
    monkeypatch.chdir(tmp_path)
    assert ids(Index.open("y.lance").search("fish", 1, mode="text")) == ["fish"]
    assert Index.open("y.lance").model.fingerprint == index.model.fingerprint


def test_a_query_without_direction(index):
    """A static model may know no token of a query; then its words decide."""
    index.add([{"id": "a", "text": "cat zzz"}])
    zeros = np.zeros((1, index.info().dimension), np.float32)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(type(index.model), "encode_query", lambda *_, **__: zeros)
        assert index.search("zzz", mode="dense") == []
        assert ids(index.search("zzz", mode="hybrid")) == ["a"]


def test_several_queries(index):
    index.add(ANIMALS)
    found = index.search(["cat", "bird"], 1)
    assert [ids(hits) for hits in found] == [["cat"], ["bird"]]
    assert index.search([]) == []


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"query": " "}, InputError, "query is blank"),
        ({"query": ["cat", ""]}, InputError, r"query\[1\] is blank"),
        ({"query": [7]}, NotTextError, r"query\[0\] must be text; got int"),
        ({"top_k": 0}, InputError, "top_k must be a whole number of at least 1; got 0"),
        ({"mode": "dens"}, InputError, "mode must be one of .* Did you mean 'dense'"),
        ({"fusion": "rff"}, InputError, "fusion must be one of 'rrf'; got 'rff'"),
        ({"fusion": {"dense": 1}}, InputError, "fusion must be 'rrf' or weights"),
        ({"fusion": {"dense": 0, "text": 0}}, InputError, "not both 0"),
        ({"fusion": {"dense": float("nan"), "text": 1}}, InputError, "must be numbers"),
        ({"rerank": lambda *_: [1.0]}, InputError, r"for each of the 3 passages; got the shape \(1,\)"),
        ({"rerank": lambda *_: [np.nan] * 3}, InputError, "with NaN or infinity"),
    ],
)
def test_arguments_that_are_wrong(index, arguments, error, message):
    index.add(ANIMALS)
    with pytest.raises(error, match=message):
        index.search(**{"query": "the cat in the house", **arguments})


def test_hybrid_holds_what_either_side_finds(index):
    """Weights of one side alone give that side's order; ranks are fused by the formula."""
    index.add(ANIMALS)
    query = "bird in the house"
    dense, text = index.search(query, mode="dense"), index.search(query, mode="text")
    assert set(ids(text)) <= set(ids(dense))
    assert ids(index.search(query, fusion={"dense": 1, "text": 0})) == ids(dense)
    by_words = index.search(query, fusion={"dense": 0, "text": 2})
    assert ids(by_words)[: len(text)] == ids(text)
    fused = {hit.document: hit.score for hit in index.search(query, fusion="rrf")}
    for name, score in fused.items():
        ranks = [side.index(name) + 1 for side in (ids(dense), ids(text)) if name in side]
        assert score == pytest.approx(sum(1 / (60 + rank) for rank in ranks))


def test_rerank_decides(index):
    index.add(ANIMALS)
    seen = []

    def by_length(query, passages):
        seen.append(query)
        return [-len(passage) for passage in passages]

    hits = index.search("house", 2, rerank=by_length)
    assert seen == ["house"]
    assert ids(hits) == sorted((animal["id"] for animal in ANIMALS), key=lambda name: (len(TEXTS[name]), name))[:2]
    assert hits[0].score == hits[0].scores["rerank"] == -len(hits[0].passage)


def test_a_cross_encoder_reranks(index, tmp_path):
    index.add(ANIMALS)
    model = CrossEncoder(make_tiny_cross_encoder(tmp_path / "cross", "bert"), backend="openvino")
    hits = index.search("house", 3, rerank=model)
    scores = dict(zip(TEXTS, model.score("house", list(TEXTS.values())), strict=True))
    assert [hit.score for hit in hits] == sorted(map(float, scores.values()), reverse=True)[:3]
    assert all(hit.score == scores[hit.document] for hit in hits)
    answers = Pipeline(index, model).search("house", 3)
    assert [(each.found.id, each.score) for each in answers] == [(hit.id, hit.score) for hit in hits]


# --- sources ------------------------------------------------------------------------------------------------------


@pytest.fixture
def docs(tmp_path):
    folder = tmp_path / "docs"
    folder.mkdir()
    for name in ("a", "b", "c"):
        (folder / f"{name}.md").write_text(f"# {name}\nthe cat {name}")
    return folder


def test_sync(index, docs):
    index.add(ANIMALS)
    assert index.sync(docs).added == 3
    assert index.sync(docs).written is False
    (docs / "a.md").unlink()
    (docs / "b.md").write_text("a dog")
    (docs / "d.md").write_text("a horse")
    changes = index.sync(docs)
    assert (changes.added, changes.updated, changes.unchanged, changes.removed) == (1, 1, 1, 1)
    assert set(ids(index.search("cat", 100, mode="dense"))) == {
        "cat", "bird", "fish", "docs/b.md", "docs/c.md", "docs/d.md",
    }  # fmt: skip
    assert index.info().sources == (str(docs),)


def test_sync_of_documents_that_are_no_files(index, docs):
    """Sources with names are kept apart; those added by themselves are those of no name."""
    index.sync(docs)
    index.add(ANIMALS)
    index.sync([{"id": "one", "text": "cat"}, {"id": "two", "text": "dog"}], name="crm")
    assert index.sync([{"id": "two", "text": "dog"}], name="crm").removed == 1
    assert index.sync(ANIMALS[:1]).removed == 2
    assert set(ids(index.search("cat", 100, mode="dense"))) == {"two", "cat", "docs/a.md", "docs/b.md", "docs/c.md"}


def test_a_file_that_cannot_be_read_keeps_what_is_there(index, docs):
    (docs / "t.csv").write_text("id,text\n1,cat\n2,dog\n")
    index.sync(docs)
    (docs / "a.md").write_bytes(b"\xff")
    (docs / "t.csv").write_text("id,text\n1,cat\n1,dog\n")
    with pytest.raises(DataError, match="not UTF-8"):
        index.sync(docs)
    changes = index.sync(docs, on_bad_file="skip")
    assert [name for name, _ in changes.skipped] == ["docs/a.md", "docs/t.csv"]
    assert changes.removed == 0
    assert len(index.search("cat", 100, mode="dense")) == 5


def test_a_folder_that_is_gone_removes_nothing(index, docs):
    index.sync(docs)
    shutil.rmtree(docs)
    with pytest.raises(DataError, match="There is no file or folder"):
        index.sync(docs)
    docs.mkdir()
    with pytest.raises(DataError, match="has no file that can be read"):
        index.sync(docs)
    assert len(index) == 3


def test_a_folder_that_moved(index, docs, tmp_path):
    """It is known again by its name; nothing is embedded, and what is gone from it is removed."""
    index.sync(docs)
    (tmp_path / "elsewhere").mkdir()
    moved = docs.rename(tmp_path / "elsewhere" / "docs")
    (moved / "c.md").unlink()
    changes = index.sync(moved)
    assert (changes.embedded, changes.removed) == (0, 1)
    assert index.info().sources == (str(moved),)


def test_two_folders_of_one_name_are_not_mixed_up(index, docs, tmp_path):
    other = tmp_path / "other" / "docs"
    other.mkdir(parents=True)
    (other / "a.md").write_text("something else")
    index.sync(docs)
    with pytest.raises(InputError, match=f"another document 'docs/a.md', from {docs}"):
        index.sync(other)
    assert len(index) == 3


def test_files_can_be_added_without_removing(index, docs):
    index.add(FileDocuments(docs))
    (docs / "a.md").unlink()
    index.add(FileDocuments(docs))
    assert len(index) == 3
    assert index.sync(docs).removed == 1


# --- models, versions, damage -------------------------------------------------------------------------------------


def test_another_model_is_refused(index, tmp_path, model_folder):
    """Both are named, by name and fingerprint; the right one opens, by itself or by its name."""
    index.add(ANIMALS)
    other = SentenceTransformer(str(static_folder(tmp_path / "other", normalize=False)))
    facts = index.info()
    with pytest.raises(OtherModelError) as caught:
        Index.open(index.path, other)
    for part in (facts.model, facts.fingerprint[:12], other.spec.name, other.fingerprint[:12]):
        assert part in str(caught.value)
    with pytest.raises(OtherModelError):
        Index.create(index.path, other, exist_ok=True)
    for model in (None, str(model_folder), index.model):
        assert ids(Index.open(index.path, model).search("the cat sleeps", 1)) == ["cat"]
    # The folder now holds another model: what is loaded by the name is checked too.
    (model_folder / "1_Normalize").mkdir(exist_ok=True)
    changed = Index.open(index.path)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(SentenceTransformer, "fingerprint", property(lambda _: "0" * 32))
        with pytest.raises(OtherModelError, match="fingerprint 000000000000"):
            changed.search("cat")


def test_create_and_open(tmp_path, model):
    path = tmp_path / "My index.lance"
    with pytest.raises(StoredIndexError, match="is not there"):
        Index.open(path)
    index = Index.create(path, model)
    with pytest.raises(StoredIndexError, match=r"There is an index .* Open it, or pass exist_ok=True"):
        Index.create(path, model)
    index.add(["cat"])
    assert len(Index.create(path, model, exist_ok=True)) == 1
    with pytest.raises(StoredIndexError, match=r"is not there. Did you mean 'My index.lance'"):
        Index.open(tmp_path / "My indx.lance")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "x").write_text("")
    with pytest.raises(StoredIndexError, match="is there and is no index"):
        Index.create(tmp_path / "full", model)
    with pytest.raises(StoredIndexError, match="is no index"):
        Index.open(tmp_path / "full")
    with pytest.raises(InputError, match="chunk_overlap"):
        Index.create(tmp_path / "y.lance", model, chunk_tokens=4, chunk_overlap=9)
    assert not (tmp_path / "y.lance").exists()


def test_a_table_of_others_is_refused(tmp_path):
    import lancedb

    lancedb.connect(str(tmp_path / "x.lance")).create_table("passages", [{"id": "a"}])
    with pytest.raises(StoredIndexError, match="was not made by sbert"):
        Index.open(tmp_path / "x.lance")


def test_an_index_that_is_damaged(index):
    index.add(ANIMALS)
    for file in (index.path / "passages.lance" / "_versions").iterdir():
        file.write_bytes(b"")
    with pytest.raises(StoredIndexError, match="cannot be opened"):
        Index.open(index.path)


def test_lancedb_missing(tmp_path, model, monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "lancedb", None)
    for make in (lambda: Index.create(tmp_path / "x.lance", model), lambda: Index.open(tmp_path / "x.lance")):
        with pytest.raises(MissingDependencyError, match=r"pip install 'sbert\[index\]'"):
            make()


def test_rollback(index):
    index.add(ANIMALS[:2])
    before = index.version
    index.add([ANIMALS[2], ANIMALS[0] | {"text": "a dog", "legs": 3}])
    index.remove("bird")
    after = index.version
    assert index.rollback(before) == index.version > after
    assert {hit.document: hit.metadata["legs"] for hit in index.search("cat", mode="dense")} == {"cat": 4, "bird": 2}
    assert ids(index.search("bird", mode="text")) == ["bird"]
    assert index.add(ANIMALS[:2]).unchanged == 2
    index.rollback(after)  # what was rolled back is not lost
    assert set(ids(index.search("cat", mode="dense"))) == {"cat", "fish"}
    numbers = [version.number for version in index.versions()]
    assert numbers == sorted(numbers)
    assert index.versions()[-1].passages == 2
    with pytest.raises(InputError, match="There is no version 999; there are 1 to"):
        index.rollback(999)


def test_another_handle_sees_every_commit(index):
    other = Index.open(index.path, index.model)
    index.add(ANIMALS)
    assert len(other) == 3
    other.remove("cat")
    assert ids(index.search("cat", mode="text")) == []


def test_old_versions_can_be_let_go(index):
    for number in range(20):
        index.add([{"id": str(number), "text": f"cat {number}"}])
    with pytest.warns(UserWarning, match="removes every version except the latest"):  # LanceDB's own, to the point
        index.optimize(keep=timedelta(0))
    assert len(index.versions()) < 5
    assert len(index) == 20
    assert len(index.search("cat", 30, mode="text")) == len(index.search("cat", 30, mode="dense")) == 20


def test_ids_that_come_twice(index):
    with pytest.raises(InputError, match="Two documents have the id 'cat'"):
        index.add([ANIMALS[0], ANIMALS[0]])
    assert len(index) == 0


def test_what_was_done_before_an_error_stays(index, monkeypatch):
    """Documents are committed some at a time, and those before a bad one are there."""
    monkeypatch.setattr("sbert.index.sync.BATCH_DOCUMENTS", 2)

    def stream():
        yield from ANIMALS[:2]
        yield {"id": "x", "text": 7}

    with pytest.raises(NotTextError, match=r"documents\[2\]"):
        index.add(stream())
    assert index.info().documents == 2


def test_vectors_that_are_not_finite_are_refused(index, monkeypatch):
    real = type(index.model).encode_chunks

    def broken(self, texts, **options):
        chunks = real(self, texts, **options)
        chunks.vectors[-1, 0] = np.nan
        return chunks

    monkeypatch.setattr(type(index.model), "encode_chunks", broken)
    with pytest.raises(EngineError, match="not finite for document 'bird'"):
        index.add(ANIMALS[:2])
    assert len(index) == 0


def test_real_passages(tmp_path, minilm):
    """With a real model: a question finds its section, by meaning and by words."""
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "guide.md").write_text(
        "# Guide\n\n## Installing\nGet it with apt.\n\n## Removing\nDelete the folder.\n\n## Error E1234\nRestart it.\n"
    )
    index = Index.create(tmp_path / "x.lance", minilm)
    index.sync(tmp_path / "docs")
    assert index.search("how do I uninstall this?", 1, mode="dense")[0].heading == "Guide > Removing"
    assert index.search("E1234", 1)[0].heading == "Guide > Error E1234"
    assert index.search("E1234", 1)[0].passage == "## Error E1234\nRestart it."
