"""What the base install does, without torch and any extra: on the real model, so that it runs where tiny ones cannot
be made. With the lowest versions of all that is needed it is ``make test-oldest``.
"""

import json

import numpy as np
import pytest
from typer.testing import CliRunner

from sbert import SentenceTransformer
from sbert.cli.app import app
from sbert.engines.openvino.runtime import cpu_capabilities
from sbert.errors import TruncationWarning
from sbert.search import Corpus
from sbert.util import semantic_search

TEXTS = [
    "A man is eating food.", "The girl is carrying a baby.", "Someone has lunch.", "", "naïve café 東京 🐈",
    "The stock market fell today, and shares of most companies lost more than they had gained in a year.",
]  # fmt: skip


@pytest.fixture(scope="module", params=["float32", "bfloat16"])
def model(request):
    if request.param == "bfloat16" and "BF16" not in cpu_capabilities():
        pytest.skip("this processor has no bfloat16 arithmetic")
    return SentenceTransformer("all-MiniLM-L6-v2", backend="openvino", dtype=request.param)


def test_vectors_are_those_that_were_published(model):
    vectors = model.encode(TEXTS[:3])
    assert (vectors.shape, vectors.dtype) == ((3, 384), np.float32)
    expected = [[1.0, -0.10, 0.51], [-0.10, 1.0, 0.01], [0.51, 0.01, 1.0]]
    assert np.allclose(model.similarity(vectors, vectors), expected, atol=0.01)
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-3)


def test_a_text_has_one_vector_in_whatever_company(model):
    together = model.encode(TEXTS * 3)
    for place, text in enumerate(TEXTS):
        assert np.array_equal(model.encode(text), together[place])
        assert np.array_equal(together[place], together[place + 2 * len(TEXTS)])


def test_what_is_cut_is_told(model):
    with pytest.warns(TruncationWarning, match=r"1 of 2 texts were longer than 256 tokens and were cut: 46 tokens"):
        model.encode(["the " * 300, "short"])


def test_hits_are_those_of_comparing_all():
    rng = np.random.default_rng(0)
    vectors, queries = (rng.normal(size=(rows, 32)).astype(np.float32) for rows in (5000, 20))
    unit = [rows / np.linalg.norm(rows, axis=1, keepdims=True) for rows in (queries, vectors)]
    expected = np.argsort(-(unit[0] @ unit[1].T), axis=1, kind="stable")[:, :5]
    for found in (
        semantic_search(queries, vectors, top_k=5),
        semantic_search(queries, vectors, top_k=5, corpus_chunk_size=700),
    ):
        assert [[hit["corpus_id"] for hit in hits] for hits in found] == expected.tolist()
    assert Corpus(vectors, first_pass="int8").search(queries, 5).ids.tolist() == expected.tolist()


def test_a_job_on_disk_goes_on_where_it_was(model, tmp_path):
    texts = [f"{text} {number}" for number in range(20) for text in TEXTS]
    model.encode_to(tmp_path / "whole", texts, shard_size=50)
    (tmp_path / "part").mkdir()

    def dies():
        yield from texts[:70]
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        model.encode_to(tmp_path / "part", dies(), shard_size=50)
    assert len(list((tmp_path / "part").glob("shard-*"))) == 1
    model.encode_to(tmp_path / "part", texts, shard_size=50)
    names = sorted(path.name for path in (tmp_path / "whole").glob("shard-*"))
    assert len(names) == 3
    for name in names:
        assert (tmp_path / "part" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()


@pytest.fixture
def run(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "texts.jsonl").write_text("".join(json.dumps({"body": text}) + "\n" for text in TEXTS if text))

    def run(*arguments):
        done = CliRunner().invoke(app, [str(argument) for argument in arguments])
        assert done.exit_code == 0, done.output + repr(done.exception)
        return done.stdout

    return run


def test_the_command(run, tmp_path):
    run("encode", "texts.jsonl", "--column", "body", "-o", "vectors.npy")
    expected = SentenceTransformer("all-MiniLM-L6-v2", backend="openvino").encode([text for text in TEXTS if text])
    assert np.array_equal(np.load(tmp_path / "vectors.npy"), expected)
    hits = [
        json.loads(line) for line in run("search", "texts.jsonl", "Who has a meal?", "-k", 2, "--json").splitlines()
    ]
    assert "lunch" in json.dumps(hits[0])
    assert float(run("similarity", TEXTS[0], TEXTS[2])) == pytest.approx(0.51, abs=0.01)
    assert json.loads(run("info", "all-MiniLM-L6-v2", "--json"))["dimension"] == 384
    assert "cosine" in run("explain", TEXTS[0], TEXTS[2], "--json")
    assert "lunch" in run("pairs", "texts.jsonl")
