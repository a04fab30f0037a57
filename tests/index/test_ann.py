"""The approximate index: built above a size, measured, and never a reason to find too little."""

import numpy as np
import pytest

pytest.importorskip("lancedb", reason="the index needs lancedb: pip install 'sbert[index]'")

from sbert.errors import InputError
from sbert.index import Document, Index, ann
from sbert.index.ann import Approximation, stored_approximation
from support.tiny import WORDS

ROWS = 2000


@pytest.fixture(scope="module")
def big(tmp_path_factory, model):
    """An index of 2,000 passages with an approximate index, in a world where 300 rows are compared one by one."""
    generator = np.random.default_rng(0)
    texts = [" ".join(generator.choice(WORDS, 6)) for _ in range(ROWS)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ann, "EXACT_ROWS", 300)
        # The machine may be so busy that nothing is faster than anything: what was found decides, not the time.
        real = ann._ask
        patch.setattr(ann, "_ask", lambda *a: (real(*a)[0], 0.0 if a[3].__name__ == "applied" else 1.0))
        index = Index.create(tmp_path_factory.mktemp("ann") / "x.lance", model)
        index.add([Document(f"d{n}", text, {"n": n}) for n, text in enumerate(texts)])
        yield index


def exact(index, query, top_k, where=None):
    """What comparing all passages finds."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ann, "EXACT_ROWS", 10**9)
        return [(hit.id, hit.score) for hit in index.search(query, top_k, where=where, mode="dense")]


def test_it_is_built_and_measured(big):
    found = big.info().approximation
    assert found == stored_approximation(big._store.table)
    assert found.kind in ann.KINDS
    assert found.recall >= ann.TARGET
    assert (found.rows, found.queries) == (ROWS, ann.QUERIES)
    # What it says of itself is so, on queries that it was not measured with.
    queries = [" ".join(WORDS[n : n + 5]) for n in range(0, 100, 5)]
    shares = []
    for query in queries:
        best = {name for name, _ in exact(big, query, 10)}
        shares.append(len(best & {hit.id for hit in big.search(query, 10, mode="dense")}) / 10)
    assert np.mean(shares) > 0.9


def test_its_scores_are_exact(big):
    """They come from the full vectors, not from what the index keeps of them."""
    vector = big.model.encode_query("the cat and the dog")
    for hit in big.search("the cat and the dog", 20, mode="dense"):
        assert hit.score == pytest.approx(float(vector @ big.model.encode_document(hit.passage)), abs=1e-5)


@pytest.mark.parametrize("share", [0.001, 0.005, 0.01, 0.05, 0.15])
def test_filters_of_any_selectivity_find_what_is_exact(big, share):
    """Where few rows are left, they are all compared."""
    where = f"n % 1000 < {round(1000 * share)}"
    for query in ("the cat", "science and music", "a cold day"):
        found = [(hit.id, hit.score) for hit in big.search(query, 10, where=where, mode="dense")]
        assert len(found) == min(10, round(ROWS * share))
        assert found == exact(big, query, 10, where)


@pytest.mark.parametrize("share", [0.2, 0.5, 0.9, 1.0])
def test_filters_that_leave_much_find_enough(big, share):
    where = f"n % 1000 < {round(1000 * share)}"
    found = [hit.id for hit in big.search("the cat in the house", 50, where=where, mode="dense")]
    assert len(found) == 50
    best = [name for name, _ in exact(big, "the cat in the house", 50, where)]
    assert len(set(found) & set(best)) >= 40


def test_too_few_means_that_all_are_compared(big, monkeypatch):
    """An index that looks into one partition finds too little; nobody is given that."""
    for top_k in (10, 400, ROWS, 2 * ROWS):
        poor = Approximation("IVF_SQ", 1, 1, 0.1, 0.1, 1.0, 1, ROWS)
        monkeypatch.setattr("sbert.index.index.stored_approximation", lambda _, poor=poor: poor)
        found = big.search("the cat", top_k, mode="dense")
        assert len(found) == min(top_k, ROWS)
        assert len({hit.id for hit in found}) == len(found)


def test_what_is_added_later_is_found(big):
    """Rows that the index does not know yet are compared beside it, and it is not built anew for a few."""
    before = stored_approximation(big._store.table)
    big.add([Document("new", "the doctor and the queen", {"n": -1})])
    assert big.search("the doctor and the queen", 1, mode="dense")[0].document == "new"
    assert stored_approximation(big._store.table) == before
    big.remove("new")
    assert "new" not in {hit.document for hit in big.search("the doctor and the queen", 5, mode="dense")}


def test_nothing_is_kept_that_finds_too_little(index, monkeypatch):
    """Without an index that reaches the target, search stays exact."""
    index.add([{"id": str(n), "text": " ".join(WORDS[n : n + 4])} for n in range(100)] * 1)
    monkeypatch.setattr(ann, "_build", lambda *_: None)
    monkeypatch.setattr(ann, "_EFFORTS", ())
    assert index.tune() is None
    assert index.info().approximation is None


def test_tune_by_hand(big):
    """With queries of one's own, and one kind alone; untune takes it away again."""
    version = big.version
    found = big.tune(["the cat", "a dog in the garden", "cold water"], kinds=["IVF_RQ"], target=0.5)
    assert (found.kind, found.queries) == ("IVF_RQ", 3)
    big.untune()
    assert big.info().approximation is None
    assert len(big.search("the cat", 10, mode="dense")) == 10
    big.rollback(version)
    assert big.info().approximation.kind == ann.KINDS[0]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"target": 0}, "target must be a recall above 0 and at most 1; got 0"),
        ({"kinds": ["IVF_QS"]}, r"kinds must be one of .*; got 'IVF_QS'. Did you mean 'IVF_SQ'"),
    ],
)
def test_arguments_that_are_wrong(index, arguments, message):
    with pytest.raises(InputError, match=message):
        index.tune(**arguments)


def test_an_empty_index_has_nothing_to_measure(index):
    assert index.tune() is None
    assert len(ann.sampled(index._store.table)) == 0
