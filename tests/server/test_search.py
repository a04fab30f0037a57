"""``/search`` finds what the index finds."""

import pytest

pytest.importorskip("lancedb", reason="the index needs lancedb: pip install 'sbert[index]'")

from starlette.testclient import TestClient

from sbert.index import Index
from sbert.server import Limits, create_app

ANIMALS = [
    {"id": "cat", "text": "the cat sleeps in the house", "legs": 4},
    {"id": "bird", "text": "a bird can sing on the tree", "legs": 2},
    {"id": "fish", "text": "fish eat in the cold sea", "legs": 0},
]


@pytest.fixture(scope="module")
def index(tmp_path_factory, dense):
    index = Index.create(tmp_path_factory.mktemp("index") / "animals.lance", dense)
    index.add(ANIMALS)
    return index


@pytest.fixture(scope="module")
def finder(index, dense, scorer):
    with TestClient(create_app(dense, index=index, reranker=scorer, limits=Limits(top_k=20))) as client:
        yield client


@pytest.mark.parametrize(("mode", "own"), [("hybrid", "hybrid"), ("vector", "dense"), ("text", "text")])
def test_hits_are_those_of_the_index(finder, index, mode, own):
    answer = finder.post("/search", json={"query": "cat in the house", "top_k": 2, "mode": mode}).json()
    expected = index.search("cat in the house", 2, mode=own)
    assert [hit["id"] for hit in answer["hits"]] == [hit.id for hit in expected]
    assert [hit["score"] for hit in answer["hits"]] == pytest.approx([hit.score for hit in expected])
    assert answer["hits"][0]["metadata"] == expected[0].metadata
    assert answer["milliseconds"] > 0


def test_a_query_that_is_cut_is_told(finder):
    long = {"query": "dog " * 500}
    answer = finder.post("/search", json=long)
    assert (answer.headers["x-truncated"], answer.json()["truncated"]) == ("1 of 1", 1)
    for body in (long | {"mode": "text"}, {"query": "dog"}):
        answer = finder.post("/search", json=body)
        assert ("x-truncated" in answer.headers, answer.json()["truncated"]) == (False, 0)


def test_conditions_and_reranking(finder, index, scorer):
    body = {"query": "cat in the house", "where": "legs < 3", "rerank": True}
    hits = finder.post("/search", json=body).json()["hits"]
    expected = index.search("cat in the house", where="legs < 3", rerank=scorer)
    assert [hit["id"] for hit in hits] == [hit.id for hit in expected]
    assert "rerank" in hits[0]["scores"]


@pytest.mark.parametrize(
    ("body", "status", "told"),
    [
        ({"query": "a", "where": "wings > 1"}, 422, "wings"),
        ({"query": "a", "where": " "}, 422, "condition"),
        ({"query": " "}, 422, "blank"),
        ({"query": "a", "mode": "dens"}, 422, "'hybrid', 'vector' or 'text'"),
        ({"query": "a", "top_k": 21}, 413, "20 at the most"),
        ({"query": "a", "top_k": 0}, 422, "greater than or equal to 1"),
        ({"query": "a", "filter": "x"}, 422, "'filter' is not a field"),
    ],
)
def test_faults_are_told(finder, body, status, told):
    answer = finder.post("/search", json=body)
    assert (answer.status_code, told in answer.json()["error"]) == (status, True), answer.text


def test_info_tells_of_the_index(finder):
    assert finder.get("/info").json()["index"] == {
        "name": "animals.lance",
        "passages": 3,
        "model": "tiny-bert",
        "metadata": {"legs": "a whole number"},
        "reranks": True,
    }


def test_a_server_without_an_index_or_reranker_says_so(client, dense, index):
    answer = client.post("/search", json={"query": "a"})
    assert (answer.status_code, answer.json()["error"]) == (404, "This server has no index.")
    with TestClient(create_app(dense, index=index)) as other:
        assert other.post("/search", json={"query": "a", "rerank": True}).status_code == 422
