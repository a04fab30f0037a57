"""Clients that people have: what they get is what ``encode`` gives."""

import numpy as np
import pytest

from sbert.server import create_app
from support.asgi import same
from support.serving import serving

TEXTS = ["the cat sleeps in the house", "a bird can sing", "the king is old"]


@pytest.fixture(scope="module")
def url(dense, scorer):
    with serving(create_app([dense, scorer], api_keys=["key"])) as url:
        yield url


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


def test_langchain(url, dense):
    langchain = pytest.importorskip("langchain_openai", reason="pip install langchain-openai")
    embeddings = langchain.OpenAIEmbeddings(
        model="tiny-bert", base_url=f"{url}/v1", api_key="key", check_embedding_ctx_length=False
    )
    assert same(embeddings.embed_documents(TEXTS), dense.encode(TEXTS))
    assert same(embeddings.embed_query(TEXTS[0]), dense.encode(TEXTS[0]))


def test_llama_index(url, dense):
    llama_index = pytest.importorskip(
        "llama_index.embeddings.openai", reason="pip install llama-index-embeddings-openai"
    )
    embeddings = llama_index.OpenAIEmbedding(model_name="tiny-bert", api_base=f"{url}/v1", api_key="key")
    assert same(embeddings.get_text_embedding_batch(TEXTS), dense.encode(TEXTS))
    assert same(embeddings.get_query_embedding(TEXTS[0]), dense.encode(TEXTS[0]))


def test_cohere(url, scorer):
    cohere = pytest.importorskip("cohere", reason="pip install cohere")
    query, documents = TEXTS[0], TEXTS[1:]
    found = cohere.Client(api_key="key", base_url=url).rerank(model="tiny-cross", query=query, documents=documents)
    expected = scorer.rank(query, documents)
    assert [each.index for each in found.results] == [each["corpus_id"] for each in expected]
    scores = scorer.predict([(query, documents[each.index]) for each in found.results])
    assert same([each.relevance_score for each in found.results], scores)
