"""Texts loaded with their vectors: found as others are, resumed, and refused where they do not fit."""

import numpy as np
import pytest

pytest.importorskip("lancedb", reason="the index needs lancedb: pip install 'sbert[index]'")

from sbert import SentenceTransformer
from sbert.data import open_embeddings
from sbert.errors import DimensionError, InputError, OtherModelError, StoredIndexError
from sbert.index import Document, Index, load
from support.static import static_folder
from support.tiny import WORDS


@pytest.fixture(scope="module")
def texts():
    generator = np.random.default_rng(0)
    return [f"{' '.join(generator.choice(WORDS, 5))} {number}" for number in range(53)]


@pytest.fixture
def empty(tmp_path, model):
    return Index.create(tmp_path / "x.lance", model)


@pytest.fixture
def small_commits(monkeypatch):
    monkeypatch.setattr(load, "ROWS", 10)


@pytest.mark.parametrize("size", [1, 7, 10, 53])
def test_what_is_loaded_is_found_as_what_is_added(tmp_path, model, empty, texts, small_commits, size):
    """Whatever the chunks that vectors come in."""
    vectors = model.encode_document(texts)
    changes = empty.load(iter(texts), (vectors[start : start + size] for start in range(0, len(texts), size)))
    assert (changes.added, len(empty)) == (53, 53)
    assert empty.load(texts, [vectors]).added == 0
    added = Index.create(tmp_path / "y.lance", model)
    added.add([Document(f"loaded#{n}", text, embedding=vectors[n]) for n, text in enumerate(texts)])
    for mode in ("dense", "text", "hybrid"):
        assert empty.search(texts[3], 20, mode=mode) == added.search(texts[3], 20, mode=mode)
    # They are documents like any other: as they are, they are not written again.
    assert empty.add([Document("loaded#3", texts[3], embedding=vectors[3])], settle=False).unchanged == 1


def test_what_was_killed_goes_on(empty, model, texts, small_commits):
    vectors = model.encode_document(texts)

    def breaking():
        yield vectors[:25]
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        empty.load(texts, breaking(), source="s")
    assert len(empty) == 20  # whole commits
    assert empty.load(texts, [vectors[:11], vectors[11:]], source="s").added == 33
    every = empty.contents()
    order = np.argsort([int(name[2:]) for name in every.documents])
    assert [every.passages[row] for row in order] == texts
    np.testing.assert_array_equal(every.vectors[order], vectors)


def test_shards_of_the_same_model_are_loaded_and_those_of_another_refused(tmp_path, empty, model, texts):
    shards = model.encode_to(tmp_path / "vectors", texts, shard_size=20)
    assert empty.load(texts, open_embeddings(tmp_path / "vectors")).added == 53
    assert empty.search(texts[5], 1, mode="dense")[0].passage == texts[5]
    for index in range(2):  # as two machines would
        model.encode_to(tmp_path / "parts", texts, shard_size=20, shard=(index, 2))
    empty.remove(where="true")
    assert empty.load(texts, open_embeddings(tmp_path / "parts"), source="p").added == 53
    np.testing.assert_array_equal(open_embeddings(tmp_path / "parts").array(), shards.array())
    other = SentenceTransformer(str(static_folder(tmp_path / "other", normalize=False)))
    theirs = other.encode_to(tmp_path / "theirs", texts)
    with pytest.raises(OtherModelError, match="the vectors given are of"):
        empty.load(texts, theirs, source="t")
    assert len(empty) == len(shards)


def test_blank_texts_and_vectors_without_direction_are_kept_but_not_found(empty, model):
    vectors = model.encode_document(["the cat", "x", "a dog"])
    vectors[1] = 0
    empty.load(["the cat", "unknown", " "], [vectors])
    assert len(empty) == 3
    assert [hit.passage for hit in empty.search("the cat", 5, mode="dense")] == ["the cat"]


@pytest.mark.parametrize(
    ("texts", "rows", "problem"),
    [
        (["a", "b"], 3, "There are 2 texts for at least 3 vectors"),
        (["a", "b", "c"], 2, "more texts than the 2 vectors"),
        (["a", 5], 2, r"texts\[1\] must be text; got int"),
    ],
)
def test_texts_that_do_not_fit_the_vectors_are_refused(empty, model, texts, rows, problem):
    with pytest.raises(InputError, match=problem):
        empty.load(texts, [model.encode_document(["the cat"] * rows)])


def test_vectors_that_do_not_fit_are_refused(empty, model):
    vectors = model.encode_document(["the cat", "a dog"])
    with pytest.raises(DimensionError, match="embeddings have the width 3"):
        empty.load(["a", "b"], [vectors[:, :3]])
    vectors[1, 2] = np.nan
    with pytest.raises(InputError, match=r"embeddings .*row 1"):
        empty.load(["a", "b"], [vectors])
    assert len(empty) == 0


def test_names_that_others_have_are_refused(empty, model):
    empty.add([Document("loaded#7", "the cat")])
    with pytest.raises(InputError, match="documents named loaded#"):
        empty.load(["a"], [model.encode_document(["a"])])
    assert empty.load(["a"], [model.encode_document(["a"])], source="others").added == 1
    empty.add([Document("other_#1", "a dog"), Document("oth%rs#1", "a dog"), Document("others", "a dog")])
    assert empty.load(["a"], [model.encode_document(["a"])], source="othe_s").added == 1  # no sign is a wildcard
    with pytest.raises(InputError, match="source must be a name"):
        empty.load(["a"], [model.encode_document(["a"])], source="")


def test_two_processes_at_once_are_told(empty, model, texts):
    vectors = model.encode_document(texts)

    def chunks():
        yield vectors[:20]
        Index.open(empty.path, model).load(texts, [vectors])
        yield vectors[20:]

    with pytest.raises(StoredIndexError, match="Another process loaded"):
        empty.load(texts, chunks())


def test_fewer_texts_than_are_there_are_refused(empty, model, texts):
    vectors = model.encode_document(texts)
    empty.load(texts, [vectors])
    with pytest.raises(InputError, match="has 53 rows of loaded; there are only 2 texts"):
        empty.load(texts[:2], [vectors[:2]])
