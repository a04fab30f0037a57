"""What benchmarks measure is what they say: lengths of texts, ratios, ranks."""

import json
import runpy
import statistics
from pathlib import Path

import numpy as np
import pytest
from tokenizers import Tokenizer

from benchmarks import scoring
from sbert.checkpoints import resolve

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture
def scripts(monkeypatch):
    """Puts the scripts' folder first, as it is when one of them runs."""
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))


@pytest.fixture(scope="module")
def tokenizer():
    found = Tokenizer.from_file(str(resolve("all-MiniLM-L6-v2").folder / "tokenizer.json"))
    found.no_truncation()
    found.no_padding()
    return found


def test_texts_have_the_lengths_that_were_asked_for(scripts, tokenizer):
    from texts import definitions, mixed_lengths, of_lengths

    lengths = mixed_lengths(40, 200)
    assert (min(lengths), max(lengths), len(set(lengths))) == (5, 200, 40)
    texts = of_lengths(definitions(1000), lengths, tokenizer)
    found = [len(encoding.ids) for encoding in tokenizer.encode_batch(texts)]
    # A cut within a word may be read as other pieces than the whole word was.
    assert max(abs(a - b) for a, b in zip(found, lengths, strict=True)) <= 3
    assert statistics.mean(found) == pytest.approx(statistics.mean(lengths), abs=0.5)


def test_material_that_is_too_short_is_refused(scripts, tokenizer):
    from texts import of_lengths

    with pytest.raises(ValueError, match="too short"):
        of_lengths(["a few words"], [50], tokenizer)


def test_a_ratio_is_the_median_over_neighbours(scripts):
    from harness import ratio

    assert ratio([1.0, 2.0, 1.0], [3.0, 4.0, 100.0]) == 3.0


def test_results_of_other_models_are_kept_only_when_asked(scripts, tmp_path, monkeypatch):
    import harness

    monkeypatch.setattr(harness, "RESULTS", tmp_path)
    (tmp_path / "encode.json").write_text(json.dumps({"models": {"a": {"x": 1}}}), encoding="utf-8")
    parser = harness.parser("", 5)
    harness.model_options(parser, ["a"])
    assert harness.kept("encode", parser.parse_args([])) == {}
    assert harness.kept("encode", parser.parse_args(["--keep"])) == {"a": {"x": 1}}
    assert harness.kept("quality", parser.parse_args(["--keep"])) == {}


def test_a_short_form_does_not_replace_a_full_one(scripts, tmp_path, monkeypatch):
    import harness

    monkeypatch.setattr(harness, "ROOT", tmp_path)
    monkeypatch.setattr(harness, "RESULTS", tmp_path / "results")
    for short, value in ((True, 1), (False, 2), (True, 3)):
        harness.record("some", {"short_form": short, "value": value})
    kept = [json.loads((tmp_path / "results" / name).read_text())["value"] for name in ("some.json", "short/some.json")]
    assert kept == [2, 3]


def test_changed_copies_are_near_their_vectors_and_the_same_again(scripts):
    """Rows of the scale benchmark: real ones first, then copies, in any chunk alone."""
    from scale_data import CHUNK, chunk, exact

    base = np.random.default_rng(0).standard_normal((700, 16)).astype(np.float32)
    base /= np.linalg.norm(base, axis=1, keepdims=True)
    first = chunk(base, 0, 1500)
    np.testing.assert_array_equal(first[:700], base)
    cosines = (first[700:] * base[np.arange(700, 1500) % 700]).sum(axis=1)
    assert 0.93 < cosines.mean() < 0.98
    np.testing.assert_allclose(np.linalg.norm(first, axis=1), 1, atol=1e-6)
    np.testing.assert_array_equal(chunk(base, CHUNK, 50), chunk(base, CHUNK, 50))
    queries = base[:3]
    every = np.concatenate([chunk(base, 0, CHUNK), chunk(base, CHUNK, 400)])
    best = np.argsort(-(queries @ every.T), axis=1, kind="stable")[:, :5]
    assert [set(row) for row in exact(base, CHUNK + 400, queries, 5).tolist()] == [set(row) for row in best.tolist()]


def test_ndcg_of_a_small_collection(tmp_path):
    import gzip

    def write(name, rows):
        with gzip.open(tmp_path / name, "wt", encoding="utf-8") as file:
            file.writelines(json.dumps(row) + "\n" for row in rows)

    write("corpus.jsonl.gz", [{"_id": f"d{i}", "title": "t", "text": str(i)} for i in range(3)])
    write("queries.jsonl.gz", [{"_id": "q", "text": "a query"}, {"_id": "unjudged", "text": "another"}])
    (tmp_path / "qrels").mkdir()
    (tmp_path / "qrels" / "test.tsv").write_text("query-id\tcorpus-id\tscore\nq\td0\t1\n", encoding="utf-8")
    collection = scoring.Retrieval(tmp_path)
    assert (collection.documents, collection.queries) == (["t 0", "t 1", "t 2"], ["a query"])
    documents = np.array([[1, 0], [0, 1], [1, 1]], dtype=np.float32)
    assert collection.ndcg_at_10(np.array([[1, 0]], dtype=np.float32), documents) == pytest.approx(100)
    # The only relevant one is found in the third place.
    assert collection.ndcg_at_10(np.array([[0, 1]], dtype=np.float32), documents) == pytest.approx(50)


@pytest.mark.parametrize("name", sorted(path.stem for path in (ROOT / "benchmarks").glob("*.py")))
def test_every_script_finds_what_it_imports(scripts, name):
    """None runs: the work of each is in its main()."""
    runpy.run_path(str(ROOT / "benchmarks" / f"{name}.py"), run_name="imported")


def test_the_plan_for_a_billion_texts_is_that_of_the_page(scripts):
    from plan import plan

    page = (ROOT / "docs" / "scale.md").read_text(encoding="utf-8")
    assert plan(1_000_000_000) in page


def test_a_plan_grows_with_its_texts(scripts):
    from plan import plan

    job = json.loads((ROOT / "benchmarks" / "results" / "memory.json").read_text(encoding="utf-8"))
    hours = job["seconds"] * job["cores"] / 3600 * 40_000_000 / job["texts"]
    assert f"| embedding, int8 | {hours:,.0f} core-hours |" in plan(40_000_000)
    assert "| partitions of the index | 1 |" in plan(40_000_000)
    assert "| partitions of the index | 2 |" in plan(40_000_001)
