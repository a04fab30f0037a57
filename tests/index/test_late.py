"""An index of late interaction: passages with a vector for each token, found by MaxSim."""

import numpy as np
import pytest

from sbert import MultiVectorEncoder
from sbert.errors import DimensionError, InputError, OtherModelError, StoredIndexError
from sbert.index import Index, ann
from sbert.late_interaction import maxsim
from support.tiny import WORDS, make_tiny_late

pytest.importorskip("lancedb", reason="the index needs lancedb: pip install 'sbert[index]'")

TEXTS = [" ".join(WORDS[start : start + 3]) for start in range(60, 120, 3)]
LONG = " ".join(WORDS[60:120])


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return make_tiny_late(tmp_path_factory.mktemp("late") / "model", "bert")


@pytest.fixture(scope="module")
def model(folder):
    return MultiVectorEncoder(folder, backend="openvino", on_truncation="ignore")


@pytest.fixture
def index(model, tmp_path):
    made = Index.create(tmp_path / "late.lance", model)
    changes = made.add([{"id": f"d{place}", "text": text, "half": place % 2} for place, text in enumerate(TEXTS)])
    assert changes.added == changes.embedded == len(TEXTS)
    return made


def ranked(model, query, texts):
    scores = maxsim([model.encode_query(query)], model.encode_document(texts))[0]
    return np.argsort(-scores, kind="stable"), scores


@pytest.mark.parametrize("query", [TEXTS[4], "the man", WORDS[80]])
def test_hits_are_those_of_maxsim(index, model, query):
    hits = index.search(query, len(TEXTS), mode="dense")
    order, scores = ranked(model, query, TEXTS)
    np.testing.assert_allclose([hit.score for hit in hits], scores[order], atol=1e-3)
    assert hits[0].document == f"d{order[0]}"
    assert len(hits) == len(TEXTS)


def test_conditions_and_words_work_as_with_one_vector(index, model):
    hits = index.search(TEXTS[4], 20, mode="dense", where="half = 1")
    assert {hit.metadata["half"] for hit in hits} == {1}
    assert len(hits) == len(TEXTS) // 2
    _, scores = ranked(model, TEXTS[4], TEXTS)
    for hit in index.search(TEXTS[4], 5):
        assert hit.scores["dense"] == pytest.approx(float(scores[int(hit.document[1:])]), abs=1e-3)
    (words, *_) = index.search(WORDS[93], 3, mode="text")
    assert WORDS[93] in words.passage


def test_vectors_at_hand_may_ask(index, model):
    query = model.encode_query(TEXTS[7])
    assert index.search_vector(query, 3)[0].document == f"d{ranked(model, TEXTS[7], TEXTS)[0][0]}"
    with pytest.raises(DimensionError, match="vectors of tokens of width 16"):
        index.search_vector(np.ones((2, 3), np.float32))


def test_long_documents_are_cut_into_what_the_model_reads(model, tmp_path):
    made = Index.create(tmp_path / "long.lance", model)
    made.add([{"id": "long", "text": LONG}, {"id": "none", "text": " "}])
    passages = made.search(WORDS[115], 50, mode="dense")
    assert len(passages) > 4
    assert all(hit.document == "long" for hit in passages)  # a blank text has no vectors
    for hit in passages:
        assert LONG[slice(*hit.span)] == hit.passage
        assert len(model.tokenizer.encode(hit.passage)) <= model.document_length
    assert {word for hit in passages for word in hit.passage.split()} == set(LONG.split())


def test_it_is_opened_with_its_own_model(index, folder, model, tmp_path):
    again = Index.open(index.path)
    assert isinstance(again.model, MultiVectorEncoder)
    assert again.search(TEXTS[3], 1, mode="dense")[0].document == f"d{ranked(model, TEXTS[3], TEXTS)[0][0]}"
    info = again.info()
    assert (info.similarity, info.dimension, info.passages) == ("maxsim", 16, len(TEXTS))
    other = MultiVectorEncoder(make_tiny_late(tmp_path / "other", "bert", seed=5), backend="openvino")
    with pytest.raises(OtherModelError):
        Index.open(index.path, other)
    by_name = Index.create(tmp_path / "named.lance", str(folder))
    assert isinstance(by_name.model, MultiVectorEncoder)


def test_changes_embed_only_what_is_new(index):
    changes = index.add([{"id": "d0", "text": TEXTS[0], "half": 5}, {"id": "new", "text": TEXTS[1], "half": 7}])
    assert (changes.updated, changes.added, changes.embedded, changes.reused) == (1, 1, 0, 2)
    assert index.search(TEXTS[1], 1, where="half = 7")[0].document == "new"
    index.remove("new")
    assert len(index) == len(TEXTS)


def test_contents_are_means(index, model):
    held = index.contents("document = 'd2'")
    np.testing.assert_allclose(held.vectors[0], model.encode_document(TEXTS[2]).mean(0), atol=1e-5)


def test_half_precision_is_near(model, tmp_path):
    made = Index.create(tmp_path / "half.lance", model, precision="float16")
    made.add(TEXTS)
    _, scores = ranked(model, TEXTS[9], TEXTS)
    assert made.search(TEXTS[9], 1, mode="dense")[0].score == pytest.approx(float(scores.max()), abs=0.02)


def test_many_passages_get_an_approximate_index(model, tmp_path, monkeypatch):
    """It is kept where it was measured to be faster than comparing all, and dropped where it was not."""
    assert ann.is_exact(ann.EXACT_SETS, "maxsim")
    assert not ann.is_exact(ann.EXACT_SETS + 1, "maxsim")
    monkeypatch.setattr(ann, "EXACT_SETS", 300)
    generator = np.random.default_rng(0)
    texts = [" ".join(generator.choice(WORDS, 3)) for _ in range(400)]
    made = Index.create(tmp_path / "many.lance", model)
    made.add(texts, settle=False)
    approximation = made.tune(kinds=["IVF_SQ"], target=0.3)
    assert approximation == made.info().approximation
    assert approximation is None or approximation.recall >= 0.3
    hits = made.search(texts[17], 5, mode="dense")
    order, scores = ranked(model, texts[17], texts)
    assert hits[0].score == pytest.approx(float(scores[order[0]]), abs=1e-3)
    made.untune()
    assert made.info().approximation is None


def test_vectors_that_are_not_of_length_one_are_refused(model, tmp_path, monkeypatch):
    encode = type(model).encode_document
    monkeypatch.setattr(
        type(model), "encode_document", lambda self, texts, **o: [3 * rows for rows in encode(self, texts, **o)]
    )
    with pytest.raises(InputError, match=r"of length 3\.00 to 3\.00"):
        Index.create(tmp_path / "x.lance", model)


def test_what_late_interaction_has_not(index, model):
    with pytest.raises(InputError, match="documents alone"):
        index.load(["a"], [np.ones((1, 16), np.float32)])
    other = MultiVectorEncoder(model.spec.folder, similarity_fn_name="meanmaxsim", backend="openvino")
    with pytest.raises(InputError, match="similarity of an index's model"):
        Index.create(index.path.parent / "mean.lance", other)
    with pytest.raises((DimensionError, InputError, StoredIndexError)):
        index.add([{"id": "v", "text": "a", "embedding": np.ones(16, np.float32)}])
