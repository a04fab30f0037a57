"""Clients that people have: what they get is what ``encode`` gives."""

import threading

import numpy as np
import pytest
import uvicorn

from sbert.server import create_app
from support.asgi import same

TEXTS = ["the cat sleeps in the house", "a bird can sing", "the king is old"]


@pytest.fixture(scope="module")
def url(dense, scorer):
    app = create_app([dense, scorer], api_keys=["key"])
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="warning", lifespan="on"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        assert thread.is_alive()
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    thread.join(20)


def test_openai(url, dense):
    openai = pytest.importorskip("openai", reason="pip install openai")
    client = openai.OpenAI(base_url=f"{url}/v1", api_key="key", max_retries=0)
    found = client.embeddings.create(input=TEXTS, model="tiny-bert")  # in base64, unless told otherwise
    assert same([row.embedding for row in found.data], dense.encode(TEXTS))
    assert found.usage.total_tokens == sum(len(dense.tokenizer.encode(text)) for text in TEXTS)
    found = client.embeddings.create(input=TEXTS[0], model="tiny-bert", dimensions=8, encoding_format="float")
    assert same(found.data[0].embedding, dense.encode(TEXTS[0], truncate_dim=8, normalize_embeddings=True))
    assert [each.id for each in client.models.list()] == ["tiny-bert", "tiny-cross"]
    with pytest.raises(openai.NotFoundError, match="Did you mean 'tiny-bert'"):
        client.embeddings.create(input="a", model="tiny-brt")
    with pytest.raises(openai.BadRequestError, match="input must have at least 1 item"):
        client.embeddings.create(input=[], model="tiny-bert")
    with pytest.raises(openai.AuthenticationError, match="not one of this server's"):
        openai.OpenAI(base_url=f"{url}/v1", api_key="other").embeddings.create(input="a", model="tiny-bert")


def test_hugging_face(url, dense, monkeypatch):
    from huggingface_hub import InferenceClient

    # It takes being offline literally, and does not reach this machine either.
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)
    monkeypatch.setattr("huggingface_hub.constants.is_offline_mode", lambda: False)
    client = InferenceClient(model=url, token="key")
    assert same(client.feature_extraction(TEXTS[0]), dense.encode(TEXTS[:1]))
    found = InferenceClient(model=f"{url}/embed", token="key").feature_extraction(
        TEXTS[0], normalize=True, truncate=True
    )
    assert np.asarray(found).shape == (1, 32)
    client = InferenceClient(model=f"{url}/similarity", token="key")
    found = client.sentence_similarity(TEXTS[0], other_sentences=TEXTS[1:])
    assert same(found, dense.similarity(dense.encode(TEXTS[:1]), dense.encode(TEXTS[1:]))[0])
