"""The page's files, and the routes that it asks: headers, caching, who may see them, and what they answer."""

import re
import time

import numpy as np
import pytest
from starlette.testclient import TestClient

from sbert import SentenceTransformer
from sbert.index import Index
from sbert.server import create_app
from sbert.server.page_files import page_files

FILES = sorted(page_files())
TYPES = {"html": "text/html", "css": "text/css", "js": "text/javascript", "svg": "image/svg+xml"}


# --- files ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", FILES)
def test_files_come_with_their_type_and_a_strict_policy(client, path):
    answer = client.get(path)
    assert answer.status_code == 200
    suffix = "html" if path == "/" else path.rpartition(".")[2]
    assert answer.headers["content-type"].startswith(TYPES[suffix])
    policy = dict(part.split(" ", 1) for part in answer.headers["content-security-policy"].split("; "))
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == policy["connect-src"] == "'self'"
    assert policy["frame-ancestors"] == "'none'"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert client.head(path).headers["content-length"] == str(len(answer.content))


def test_the_policy_is_kept(client):
    """No script, style or listener stands in the HTML, nothing comes from elsewhere, no HTML is made of texts."""
    html = client.get("/").text
    assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=", html)
    for path in FILES:
        text = client.get(path).text.replace("http://www.w3.org/2000/svg", "")
        assert not re.search(r"https?://|//cdn", text), path
        assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function", text), (
            path
        )


def test_everything_that_the_page_names_is_there(client):
    named = re.findall(r'(?:src|href)="(page/[^"]+)"', client.get("/").text)
    assert len(named) > 4
    scripts = [path for path in FILES if path.endswith(".js")]
    imported = [name for path in scripts for name in re.findall(r'from "\./([^"]+)"', client.get(path).text)]
    assert imported
    for path in [f"/{name}" for name in named] + [f"/page/{name}" for name in imported]:
        assert path in FILES
    ids = set(re.findall(r'\bid="([^"]+)"', client.get("/").text))
    for path in scripts:
        for wanted in re.findall(r'\b(?:find|tell)\("([\w-]+)"', client.get(path).text):
            assert wanted in ids, (path, wanted)


def test_what_a_browser_has_is_not_sent_again(client):
    first = client.get("/page/app.js")
    assert first.headers["cache-control"] == "no-cache"
    for tag in (first.headers["etag"], f'"other", W/{first.headers["etag"]}', "*"):
        again = client.get("/page/app.js", headers={"If-None-Match": tag})
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["etag"] == first.headers["etag"]
    assert client.get("/page/app.js", headers={"If-None-Match": '"other"'}).status_code == 200


@pytest.mark.parametrize(
    "path",
    ["/page", "/page/", "/page/nothing.js", "/page/../app.py", "/page/..%2Fapp.py", "/page/%2e%2e/app.py",
     "/page//etc/passwd", "/page/%2Fetc%2Fpasswd", "/page/app.js/", "/page/APP.js", "/page/app.js%00", "/app.py"],
)  # fmt: skip
def test_nothing_else_is_there(client, path):
    answer = client.get(path)
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/json"


def test_the_page_is_open_and_what_it_asks_is_not(dense):
    with TestClient(create_app(dense, api_keys=["key"])) as client:
        assert all(client.get(path).status_code == 200 for path in FILES)
        assert [client.get(path).status_code for path in ("/info", "/map", "/image?document=a", "/page/none")] == [
            401
        ] * 4
        assert client.post("/", json={"inputs": "a"}).status_code == 401
        assert client.post("/explain", json={"a": "a", "b": "b"}).status_code == 401
        assert client.get("/info", headers={"Authorization": "Bearer key"}).status_code == 200


def test_both_that_stand_at_the_root_answer(client):
    assert client.post("/", json={"inputs": "a"}).status_code == 200
    wrong = client.put("/")
    assert (wrong.status_code, wrong.headers["allow"]) == (405, "GET, POST")


def test_without_the_page_there_are_the_routes_alone(dense):
    with TestClient(create_app(dense, api_keys=["key"], page=False)) as client:
        known = {"Authorization": "Bearer key"}
        for path in FILES:
            assert client.get(path).status_code == 401, path
            wrong = client.get(path, headers=known)
            assert wrong.status_code == (405 if path == "/" else 404), path
            assert "/page" not in wrong.text.replace(path, "")
        assert client.get("/", headers=known).headers["allow"] == "POST"
        assert client.post("/", json={"inputs": "a"}, headers=known).status_code == 200
        assert client.post("/explain", json={"a": "a", "b": "b"}, headers=known).status_code == 200
        assert client.get("/map", headers=known).json()["error"].startswith("This server has no index")
        assert client.get("/health").status_code == 200
        assert client.get("/openapi.json", headers=known).json() == create_app(dense, api_keys=["key"]).state.openapi


# --- explanations -----------------------------------------------------------------------------------------------------


def test_shares_of_words_sum_to_the_similarity(client, dense):
    a, b = "The cat sleeps, 🐈 again.", "a bird can sing"
    found = client.post("/explain", json={"a": a, "b": b}).json()
    one, other = dense.encode([a, b], normalize_embeddings=True).astype(np.float64)
    shares = np.array(found["shares"])
    assert found["measure"] == "cosine"
    assert found["score"] == pytest.approx(one @ other, abs=1e-5)
    assert shares.sum() == pytest.approx(found["score"])
    assert shares.shape == (len(found["a"]), len(found["b"]))
    for text, words in ((a, found["a"]), (b, found["b"])):
        spans = [word["span"] for word in words if word["span"]]
        assert spans == sorted(spans)
        assert all(text[slice(*word["span"])] == word["text"] for word in words if word["span"])
    assert [word["text"] for word in found["b"]] == ["[CLS]", "a", "bird", "can", "sing", "[SEP]"]


def test_a_hit_is_explained_as_it_was_found(folder, tmp_path):
    """With the prompts of queries and documents, so that the shares sum to the score of the search."""
    model = SentenceTransformer(folder, prompts={"query": "what is ", "passage": "the word "}, on_truncation="ignore")
    index = Index.create(tmp_path / "hits.lance", model)
    index.add([{"id": "a", "text": "the cat sleeps"}, {"id": "b", "text": "fish eat in the cold sea"}])
    with TestClient(create_app(model, index=index)) as client:
        hits = client.post("/search", json={"query": "a cat", "mode": "vector"}).json()["hits"]
        assert len(hits) == 2
        for hit in hits:
            asked = {"a": "a cat", "b": hit["passage"], "task": "search"}
            found = client.post("/explain", json=asked).json()
            assert found["score"] == pytest.approx(hit["scores"]["dense"], abs=1e-5)
            assert [word["text"] for word in found["a"] if word["span"]] == ["a", "cat"]
            assert "".join(word["text"] for word in found["b"] if word["span"]) == hit["passage"].replace(" ", "")
            plain = client.post("/explain", json=asked | {"task": "similarity"}).json()
            assert plain["score"] != pytest.approx(hit["scores"]["dense"], abs=1e-5)
        wrong = client.post("/explain", json={"a": "a", "b": "b", "task": "serach"})
    assert (wrong.status_code, "task must be 'similarity' or 'search'" in wrong.json()["error"]) == (422, True)


def test_tokens_of_a_word_are_one_word(client):
    found = client.post("/explain", json={"a": "zyxwvut unbelievably", "b": "東京 dogs"}).json()
    assert [word["text"] for word in found["a"] if word["span"]] == ["zyxwvut", "unbelievably"]
    assert "dogs" in [word["text"] for word in found["b"]]


def test_explaining_tells_what_is_wrong(client):
    for body, status, told in (
        ({"a": "a"}, 422, "b is missing"),
        ({"a": "a", "b": "b", "model": "tiny-splade"}, 404, "none that gives embeddings"),
        ({"a": "a", "b": "b" * 1_000_001}, 413, "characters"),
    ):
        answer = client.post("/explain", json=body)
        assert (answer.status_code, told in answer.json()["error"]) == (status, True), answer.text
    cut = client.post("/explain", json={"a": "dog " * 500, "b": "dog"})
    assert (cut.headers["x-truncated"], cut.json()["truncated"]) == ("1 of 2", 1)


# --- the map and the pictures -----------------------------------------------------------------------------------------


def finished(client, **headers):
    """The map, once it is there."""
    for _ in range(600):
        answer = client.get("/map", headers=headers)
        if answer.status_code != 202:
            return answer
        assert answer.json() == {"status": "computing"}
        time.sleep(0.1)
    raise AssertionError("There is no map after a minute.")


@pytest.fixture(scope="module")
def indexed(tmp_path_factory, dense):
    pytest.importorskip("lancedb", reason="the index needs lancedb: pip install 'sbert[index]'")
    from sbert.index import Index

    index = Index.create(tmp_path_factory.mktemp("index") / "numbers.lance", dense)
    words = [
        "the",
        "cat",
        "sleeps",
        "in",
        "house",
        "bird",
        "can",
        "sing",
        "on",
        "tree",
        "fish",
        "eat",
        "cold",
        "sea",
        "king",
        "is",
        "old",
    ]
    index.add([{"id": f"d{n}", "text": f"{words[n % 7]} {words[n % 16]} {n}", "n": n} for n in range(40)])
    with TestClient(create_app(dense, index=index)) as client:
        yield client, index


@pytest.mark.parametrize("without_umap", [False, True], ids=["as-it-is", "without-umap"])
def test_the_map_has_all_passages(indexed, dense, monkeypatch, without_umap):
    _, index = indexed
    if without_umap:
        import sys

        monkeypatch.setitem(sys.modules, "umap", None)
    with TestClient(create_app(dense, index=index)) as client:
        answer = finished(client)
        found = answer.json()
        assert set(found["ids"]) == {f"d{n}#0" for n in range(40)}
        assert {len(found[name]) for name in ("ids", "documents", "texts", "x", "y", "labels")} == {40}
        places = np.array([found["x"], found["y"]])
        assert places.min() >= 0
        assert places.max() <= 1
        assert np.ptp(places, axis=1).max() == pytest.approx(1, abs=1e-3)
        assert max(found["labels"]) < len(found["names"]) or not found["names"]
        if without_umap:
            assert found["method"] == "pca"
        assert client.get("/map", headers={"If-None-Match": answer.headers["etag"]}).status_code == 304


def test_the_map_follows_the_index(indexed):
    client, index = indexed
    assert len(finished(client).json()["ids"]) == 40
    index.add([{"id": "new", "text": "a new one"}])
    for _ in range(600):
        found = finished(client).json()
        if len(found["ids"]) == 41:
            break
        time.sleep(0.1)
    assert "new#0" in found["ids"]
    index.remove("new")


def test_the_map_of_many_is_a_sample(indexed, dense):
    from sbert.server import Limits

    with TestClient(create_app(dense, index=indexed[1], limits=Limits(map_points=10))) as client:
        found = finished(client).json()
    assert (len(found["ids"]), found["passages"]) == (10, 40)


def test_without_an_index_there_is_no_map(client):
    assert client.get("/map").status_code == 404
    assert client.get("/image", params={"document": "a.png"}).status_code == 404


def test_pictures_of_images(tmp_path, dense):
    pillow = pytest.importorskip("PIL.Image", reason="images need pillow: pip install 'sbert[image]'")
    pytest.importorskip("lancedb", reason="the index needs lancedb: pip install 'sbert[index]'")
    import io

    from sbert import SentenceTransformer
    from sbert.index import Index
    from support.image_models import make_image_model

    photos = tmp_path / "photos"
    photos.mkdir()
    pillow.new("RGB", (900, 300), "red").save(photos / "it's red.png")
    (tmp_path / "secret.png").write_bytes((photos / "it's red.png").read_bytes())
    model = SentenceTransformer(make_image_model(tmp_path / "clip"))
    index = Index.create(tmp_path / "photos.lance", model)
    index.sync(photos)
    with TestClient(create_app(model, index=index)) as client:
        (hit,) = client.post("/search", json={"query": "red", "mode": "vector"}).json()["hits"]
        assert hit["image"] is True
        answer = client.get("/image", params={"document": hit["document"]})
        assert answer.headers["content-type"] == "image/jpeg"
        assert pillow.open(io.BytesIO(answer.content)).size == (480, 160)
        for other in ("secret.png", "../secret.png", str(tmp_path / "secret.png"), "x' OR '1'='1"):
            assert client.get("/image", params={"document": other}).status_code == 404
        assert client.get("/image").status_code == 422
        (photos / "it's red.png").unlink()
        assert client.get("/image", params={"document": hit["document"]}).status_code == 404
