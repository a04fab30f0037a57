"""The usual first steps of each library, on SciFact's titles, and what they write down read back."""

import asyncio

import numpy as np
import pytest

from sbert.errors import InputError
from support.tiny import make_tiny_cross_encoder


def test_langchain(model, scifact):
    vectorstores = pytest.importorskip("langchain_core.vectorstores")
    from sbert.integrations.langchain import SbertEmbeddings

    _, titles = scifact
    made = SbertEmbeddings(model)
    store = vectorstores.InMemoryVectorStore.from_texts(titles, made)
    assert store.similarity_search(titles[7], k=1)[0].page_content == titles[7]
    assert asyncio.run(made.aembed_query("a cat")) == made.embed_query("a cat")
    assert asyncio.run(made.aembed_documents(titles[:3])) == made.embed_documents(titles[:3])


def test_llama_index(model, scifact):
    core = pytest.importorskip("llama_index.core")
    from sbert.integrations.llama_index import SbertEmbedding

    _, titles = scifact
    made = SbertEmbedding(model, normalize_embeddings=True)
    index = core.VectorStoreIndex.from_documents([core.Document(text=title) for title in titles], embed_model=made)
    assert index.as_retriever(similarity_top_k=1).retrieve(titles[7])[0].node.text == titles[7]
    named = SbertEmbedding("all-MiniLM-L6-v2", truncate_dim=32)
    again = SbertEmbedding.from_dict(named.to_dict())
    assert again.get_query_embedding("a cat") == named.get_query_embedding("a cat")
    assert len(again.get_query_embedding("a cat")) == 32
    assert asyncio.run(named.aget_query_embedding("a cat")) == named.get_query_embedding("a cat")
    found = asyncio.run(named.aget_text_embedding_batch(titles[:3]))
    assert found == named.get_text_embedding_batch(titles[:3])


def test_haystack(scifact):
    haystack = pytest.importorskip("haystack")
    from haystack.components.retrievers.in_memory import InMemoryEmbeddingRetriever
    from haystack.document_stores.in_memory import InMemoryDocumentStore

    from sbert.integrations.haystack import SbertDocumentEmbedder, SbertRetriever, SbertTextEmbedder

    index, titles = scifact
    store = InMemoryDocumentStore(embedding_similarity_function="cosine")
    documents = [haystack.Document(content=title) for title in titles]
    embedder = SbertDocumentEmbedder("all-MiniLM-L6-v2", normalize_embeddings=True)
    embedder.warm_up()
    store.write_documents(embedder.run(documents=documents)["documents"])
    assert documents[0].embedding is None
    pipeline = haystack.Pipeline()
    pipeline.add_component("text", SbertTextEmbedder("all-MiniLM-L6-v2"))
    pipeline.add_component("find", InMemoryEmbeddingRetriever(store, top_k=1))
    pipeline.connect("text.embedding", "find.query_embedding")
    assert pipeline.run({"text": {"text": titles[7]}})["find"]["documents"][0].content == titles[7]
    assert SbertDocumentEmbedder.from_dict(embedder.to_dict()).to_dict() == embedder.to_dict()
    finder = SbertRetriever(index, top_k=2, where="n < 5")
    again = SbertRetriever.from_dict(finder.to_dict())
    assert again.to_dict() == finder.to_dict()


def test_haystack_pipelines_are_written_down(tmp_path, minilm, scifact):
    haystack = pytest.importorskip("haystack")
    from sbert import Index
    from sbert.integrations.haystack import SbertRanker, SbertRetriever, SbertTextEmbedder

    _, titles = scifact
    index = Index.create(tmp_path / "titles.lance", minilm)
    index.add(titles)
    scorer = str(make_tiny_cross_encoder(tmp_path / "tiny-cross", "bert"))
    pipeline = haystack.Pipeline()
    pipeline.add_component("text", SbertTextEmbedder("all-MiniLM-L6-v2", truncate_dim=64))
    pipeline.add_component("find", SbertRetriever(index, top_k=5))
    pipeline.add_component("rank", SbertRanker(scorer, top_k=2, on_truncation="ignore"))
    pipeline.connect("find.documents", "rank.documents")
    asked = {"text": {"text": titles[7]}, "find": {"query": titles[7]}, "rank": {"query": titles[7]}}
    first = pipeline.run(asked)
    written = pipeline.dumps()
    again = haystack.Pipeline.loads(written, allowed_modules=["sbert.integrations.haystack"]).run(asked)
    assert again == first
    assert len(first["rank"]["documents"]) == 2
    assert len(first["text"]["embedding"]) == 64


def test_haystack_writes_down_names_alone(model, scifact):
    pytest.importorskip("haystack")
    from sbert import SentenceTransformer
    from sbert.integrations.haystack import SbertRetriever, SbertTextEmbedder

    made = SentenceTransformer(modules=list(SentenceTransformer("all-MiniLM-L6-v2", backend="torch")))
    with pytest.raises(InputError, match="Save it, and pass its folder"):
        SbertTextEmbedder(made).to_dict()
    with pytest.raises(InputError, match="Put an SbertRanker after it"):
        SbertRetriever(scifact[0], rerank=model).to_dict()


def test_spacy(tmp_path, minilm, scifact):
    spacy = pytest.importorskip("spacy")
    import sbert.integrations.spacy  # noqa: F401  # an installed sbert is found by its entry point

    _, titles = scifact
    nlp = spacy.blank("en")
    nlp.add_pipe("sbert", config={"encode": {"truncate_dim": 128}})
    docs = list(nlp.pipe(titles))
    expected = minilm.encode_document(titles, truncate_dim=128)
    assert np.array_equal(np.stack([doc.vector for doc in docs]), expected)
    assert docs[0].similarity(docs[1]) == pytest.approx(
        float(minilm.similarity(expected[:1], expected[1:2])[0, 0]), abs=1e-5
    )
    assert np.array_equal(docs[0][:2].vector, minilm.encode_document(docs[0][:2].text, truncate_dim=128))
    assert docs[0][0].similarity(docs[0][0]) == pytest.approx(1)
    nlp.to_disk(tmp_path / "pipeline")
    again = spacy.load(tmp_path / "pipeline")
    assert np.array_equal(again(titles[3]).vector, expected[3])
    assert sum(file.stat().st_size for file in (tmp_path / "pipeline" / "sbert").iterdir()) < 1000


def test_keybert(model):
    keybert = pytest.importorskip("keybert")
    from sbert.integrations.keybert import SbertBackend

    found = keybert.KeyBERT(model=SbertBackend(model)).extract_keywords("Cats and dogs are pets that live in houses.")
    assert {"cats", "pets"} & {word for word, _ in found[:3]}


def test_bertopic(model, scifact):
    pytest.importorskip("bertopic")
    from sbert.integrations.bertopic import SbertBackend

    _, titles = scifact
    made = SbertBackend(model)
    assert np.array_equal(made.embed_documents(titles), model.encode_document(titles))
    assert np.array_equal(made.embed_words(["cat"]), model.encode_document(["cat"]))
