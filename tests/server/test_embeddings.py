"""Embeddings over HTTP are those of ``encode``, in every form that clients ask for and get."""

import base64
import io

import numpy as np
import pytest
from starlette.testclient import TestClient

from sbert import SentenceTransformer
from sbert.server import Limits, create_app
from sbert.similarity import unit
from support.asgi import same

TEXTS = ["the cat sleeps in the house", "a bird can sing", "", "x " * 40, "the cat sleeps in the house"]
LONG = "dog " * 500


def post(client, path, **body):
    answer = client.post(path, json=body)
    assert answer.status_code == 200, answer.text
    return answer


def vectors(answer):
    return [row["embedding"] for row in answer.json()["data"]]


# --- OpenAI -----------------------------------------------------------------------------------------------------------


def test_texts_get_the_vectors_of_encode_to_the_bit(client, dense):
    answer = post(client, "/v1/embeddings", input=TEXTS, model="tiny-bert", user="me").json()
    assert [row["index"] for row in answer["data"]] == list(range(len(TEXTS)))
    found = np.array([row["embedding"] for row in answer["data"]], np.float32)
    assert np.array_equal(found, dense.encode(TEXTS))
    assert (answer["object"], answer["model"], answer["truncated"]) == ("list", "tiny-bert", 0)
    tokens = sum(len(dense.tokenizer.encode(text)) for text in TEXTS)
    assert answer["usage"] == {"prompt_tokens": tokens, "total_tokens": tokens}


def test_one_text_is_a_list_of_one(client, dense):
    assert same(vectors(post(client, "/v1/embeddings", input=TEXTS[0])), dense.encode([TEXTS[0]]))
    assert same(vectors(post(client, "/v1/embeddings", input={"text": TEXTS[0]})), dense.encode([TEXTS[0]]))


def test_base64_is_float32_with_the_lowest_byte_first(client, dense):
    rows = vectors(post(client, "/v1/embeddings", input=TEXTS, encoding_format="base64"))
    found = np.stack([np.frombuffer(base64.b64decode(row), "<f4") for row in rows])
    assert np.array_equal(found, dense.encode(TEXTS))


def test_dimensions_are_cut_and_scaled_to_length_one_again(client, dense):
    found = vectors(post(client, "/v1/embeddings", input=TEXTS, dimensions=8))
    assert same(found, dense.encode(TEXTS, truncate_dim=8, normalize_embeddings=True))
    assert found == vectors(post(client, "/v1/embeddings", input=TEXTS, dimensions=8.0))
    answer = client.post("/v1/embeddings", json={"input": "a", "dimensions": 33})
    assert answer.status_code == 400
    assert "32 at the most" in answer.json()["error"]["message"]


def test_vectors_that_have_other_lengths_keep_them(tmp_path_factory):
    from support.tiny import make_tiny_model

    model = SentenceTransformer(make_tiny_model(tmp_path_factory.mktemp("m") / "plain", "bert", normalize=False))
    with TestClient(create_app(model)) as client:
        found = vectors(post(client, "/v1/embeddings", input=TEXTS[:2], dimensions=8))
        assert same(found, model.encode(TEXTS[:2], truncate_dim=8))
        assert same(post(client, "/embed", inputs=TEXTS[:2]).json(), unit(model.encode(TEXTS[:2])))
        assert same(post(client, "/embed", inputs=TEXTS[:2], normalize=False).json(), model.encode(TEXTS[:2]))


def test_tokens_are_read_as_the_text_that_they_stand_for(client, dense):
    numbers = [dense.tokenizer.encode(text)[1:-1] for text in TEXTS[:2]]
    assert same(vectors(post(client, "/v1/embeddings", input=numbers)), dense.encode(TEXTS[:2]))
    assert same(vectors(post(client, "/v1/embeddings", input=numbers[0])), dense.encode(TEXTS[:1]))
    with_special = dense.tokenizer.encode(TEXTS[0])
    assert same(vectors(post(client, "/v1/embeddings", input=with_special)), dense.encode(TEXTS[:1]))
    answer = client.post("/v1/embeddings", json={"input": [[1], [5, 100_000]]})
    assert answer.status_code == 400
    assert "input[1] holds the token 100000" in answer.json()["error"]["message"]


def test_queries_and_prompts(client, dense):
    found = vectors(post(client, "/v1/embeddings", input=TEXTS[:2], input_type="query"))
    assert same(found, dense.encode_query(TEXTS[:2]))
    assert not same(found, dense.encode(TEXTS[:2]))
    assert same(found, vectors(post(client, "/v1/embeddings", input=TEXTS[:2], prompt_name="query")))
    found = vectors(post(client, "/v1/embeddings", input=TEXTS[:2], input_type="document"))
    assert same(found, dense.encode_document(TEXTS[:2]))
    answer = client.post("/v1/embeddings", json={"input": "a", "prompt_name": "qery"})
    assert answer.status_code == 400
    assert "Did you mean 'query'?" in answer.json()["error"]["message"]


def test_what_is_cut_is_told(client):
    answer = post(client, "/v1/embeddings", input=["short", LONG, LONG])
    assert answer.headers["x-truncated"] == "2 of 3"
    assert answer.json()["truncated"] == 2
    assert answer.json()["usage"]["total_tokens"] < 3 * 128
    assert "x-truncated" not in post(client, "/v1/embeddings", input="short").headers


def test_a_model_that_reads_long_texts_whole_cuts_nothing(folder):
    model = SentenceTransformer(folder, on_long="chunk")
    with TestClient(create_app(model)) as client:
        answer = post(client, "/v1/embeddings", input=[LONG])
    assert "x-truncated" not in answer.headers
    assert same(vectors(answer), model.encode([LONG]))


def test_models_are_listed(client):
    answer = client.get("/v1/models").json()
    assert [(each["id"], each["kind"]) for each in answer["data"]] == [
        ("tiny-bert", "embedding"), ("tiny-splade", "sparse"), ("tiny-cross", "reranker"),
    ]  # fmt: skip


# --- text-embeddings-inference ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/embed", "/"])
def test_embed_gives_a_list_of_lists(client, dense, path):
    assert np.array_equal(np.array(post(client, path, inputs=TEXTS).json(), np.float32), dense.encode(TEXTS))
    assert same(post(client, path, inputs=TEXTS[0]).json(), dense.encode(TEXTS[:1]))


def test_embed_with_its_options(client, dense):
    found = post(client, "/embed", inputs=TEXTS, dimensions=5, prompt_name="query", truncation_direction="Right").json()
    assert same(found, dense.encode(TEXTS, prompt_name="query", truncate_dim=5, normalize_embeddings=True))


def test_embed_refuses_to_cut_where_it_is_told_so(client):
    answer = client.post("/embed", json={"inputs": ["a", LONG], "truncate": False})
    assert answer.status_code == 413
    assert answer.json()["error_type"] == "Validation"
    assert "Item 1 has more than the 128 tokens" in answer.json()["error"]
    assert post(client, "/embed", inputs=["a", LONG], truncate=True).headers["x-truncated"] == "1 of 2"
    assert client.post("/embed", json={"inputs": "a", "truncation_direction": "left"}).status_code == 422


def test_embed_sparse_gives_the_words_with_weights(client, sparse):
    rows = post(client, "/embed_sparse", inputs=TEXTS).json()
    expected = sparse.encode(TEXTS).toarray()
    found = np.zeros_like(expected)
    for place, row in enumerate(rows):
        found[place, [each["index"] for each in row]] = [each["value"] for each in row]
    assert np.array_equal(found, expected)


def test_similarity_is_the_models(client, dense):
    found = post(client, "/similarity", inputs={"source_sentence": TEXTS[0], "sentences": TEXTS[1:]}).json()
    assert same(found, dense.similarity(dense.encode(TEXTS[:1]), dense.encode(TEXTS[1:]))[0])


# --- images -----------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def reader_of_images(tmp_path_factory):
    pytest.importorskip("PIL", reason="images need pillow: pip install 'sbert[image]'")
    from support.image_models import make_image_model

    return SentenceTransformer(make_image_model(tmp_path_factory.mktemp("models") / "tiny-clip"))


def data_url(image):
    data = io.BytesIO()
    image.save(data, "PNG")
    return "data:image/png;base64," + base64.b64encode(data.getvalue()).decode()


def test_images_come_as_data_urls_among_texts(reader_of_images):
    from support.image_models import picture

    image = picture(1)
    expected = reader_of_images.encode([image, "a dog", image])
    with TestClient(create_app(reader_of_images)) as client:
        url = data_url(image)
        items = [{"image": url}, {"text": "a dog"}, {"image": url.partition(",")[2]}]
        assert same(vectors(post(client, "/v1/embeddings", input=items)), expected)
        assert same(vectors(post(client, "/v1/embeddings", input=[url, "a dog", url])), expected)
        assert same(post(client, "/embed", inputs=url, normalize=False).json(), expected[:1])


def test_images_that_are_none_or_too_large_are_refused(reader_of_images):
    from support.image_models import picture

    url = data_url(picture(1))
    cut = "data:image/png;base64," + base64.b64encode(base64.b64decode(url.partition(",")[2])[:-200]).decode()
    app = create_app(reader_of_images, limits=Limits(pixels=2500))
    with TestClient(app) as client:
        large = client.post("/embed", json={"inputs": data_url(picture(1, 60, 60))})
        assert (large.status_code, "60 x 60 pixels" in large.text) == (413, True)
        for broken in ("data:image/png;base64,AAAA", "data:image/png;base64,@", "data:image/png,a", cut):
            answer = client.post("/embed", json={"inputs": ["a dog", broken]})
            assert answer.status_code == 422, answer.text
        assert client.post("/embed", json={"inputs": url}).status_code == 200


def test_a_model_of_texts_takes_a_data_url_for_a_text_and_refuses_an_image(client):
    assert client.post("/embed", json={"inputs": "data:image/png;base64,AAAA"}).status_code == 200
    answer = client.post("/embed", json={"inputs": {"image": "AAAA"}})
    assert (answer.status_code, "reads texts alone" in answer.text) == (422, True)
