"""What every adapter does: our vectors, scores and hits in the other library's form, and clear errors."""

import importlib
from types import SimpleNamespace

import numpy as np
import pytest

from sbert.errors import InputError, NotTextError

TEXTS = ["the cat sleeps in the house", "stocks fell on Monday", "a bird can sing"]
QUERY = "an animal at rest"


def library(name, needs):
    pytest.importorskip(needs, reason=f"{needs} is not installed")
    return importlib.import_module(f"sbert.integrations.{name}")


def langchain():
    here = library("langchain", "langchain_core")
    from langchain_core.documents import Document

    def made(texts):
        return [Document(page_content=text) for text in texts]

    return SimpleNamespace(
        embedder=here.SbertEmbeddings,
        query=lambda a, text: a.embed_query(text),
        documents=lambda a, texts: a.embed_documents(texts),
        ranker=here.SbertReranker,
        rank=lambda a, query, texts: [
            (d.page_content, d.metadata["relevance_score"]) for d in a.compress_documents(made(texts), query)
        ],
        retriever=here.SbertRetriever,
        find=lambda a, query: [(d.id, d.page_content, d.metadata["n"]) for d in a.invoke(query)],
    )


def llama_index():
    here = library("llama_index", "llama_index.core")
    from llama_index.core.schema import NodeWithScore, TextNode

    def made(texts):
        return [NodeWithScore(node=TextNode(text=text)) for text in texts]

    return SimpleNamespace(
        embedder=here.SbertEmbedding,
        query=lambda a, text: a.get_query_embedding(text),
        documents=lambda a, texts: a.get_text_embedding_batch(texts),
        ranker=here.SbertReranker,
        rank=lambda a, query, texts: [
            (n.node.text, n.score) for n in a.postprocess_nodes(made(texts), query_str=query)
        ],
        retriever=here.SbertRetriever,
        find=lambda a, query: [(n.node.node_id, n.node.text, n.node.metadata["n"]) for n in a.retrieve(query)],
    )


def haystack():
    here = library("haystack", "haystack")
    from haystack import Document

    def made(texts):
        return [Document(content=text) for text in texts]

    def embedder(*args, **options):
        return here.SbertTextEmbedder(*args, **options), here.SbertDocumentEmbedder(*args, **options)

    return SimpleNamespace(
        embedder=embedder,
        query=lambda a, text: a[0].run(text=text)["embedding"],
        documents=lambda a, texts: [d.embedding for d in a[1].run(documents=made(texts))["documents"]],
        ranker=here.SbertRanker,
        rank=lambda a, query, texts: [
            (d.content, d.score) for d in a.run(query=query, documents=made(texts))["documents"]
        ],
        retriever=here.SbertRetriever,
        find=lambda a, query: [(d.id, d.content, d.meta["n"]) for d in a.run(query=query)["documents"]],
    )


def backend(name):
    here = library(name, name)
    return SimpleNamespace(embedder=here.SbertBackend, query=None, documents=lambda a, texts: a.embed(texts))


def spacy():
    here = library("spacy", "spacy")
    import spacy

    def documents(pipe, texts):
        nlp = spacy.blank("en")
        return [doc._.embedding for doc in pipe.pipe(nlp.pipe(texts))]

    def embedder(model, **options):
        return here.SbertPipe(model, options)

    return SimpleNamespace(embedder=embedder, query=None, documents=documents)


ADAPTERS = {
    "langchain": langchain, "llama_index": llama_index, "haystack": haystack, "spacy": spacy,
    "bertopic": lambda: backend("bertopic"), "keybert": lambda: backend("keybert"),
}  # fmt: skip


@pytest.fixture(params=ADAPTERS)
def adapter(request):
    return ADAPTERS[request.param]()


@pytest.fixture(params=["langchain", "llama_index", "haystack"])
def searching(request):
    return ADAPTERS[request.param]()


def test_vectors_are_those_of_encode(adapter, model):
    made = adapter.embedder(model, truncate_dim=64, normalize_embeddings=True)
    options = {"truncate_dim": 64, "normalize_embeddings": True}
    assert np.array_equal(np.float32(adapter.documents(made, TEXTS)), model.encode_document(TEXTS, **options))
    if adapter.query:
        assert np.array_equal(np.float32(adapter.query(made, QUERY)), model.encode_query(QUERY, **options))


def test_a_name_loads_the_model(adapter, minilm):
    found = adapter.documents(adapter.embedder("all-MiniLM-L6-v2"), TEXTS)
    assert np.array_equal(np.float32(found), minilm.encode_document(TEXTS))


def test_nothing_gives_nothing(adapter, model):
    assert len(adapter.documents(adapter.embedder(model), [])) == 0


def test_wrong_arguments(adapter, model, scorer):
    with pytest.raises(InputError, match=r"There is no option 'batch_sise'. Did you mean 'batch_size'\?"):
        adapter.embedder(model, batch_sise=3)
    with pytest.raises(InputError, match="SentenceTransformer; got CrossEncoder"):
        adapter.embedder(scorer)


def test_what_is_no_text(model):
    for name in ("bertopic", "keybert"):
        pytest.importorskip(name)
        made = importlib.import_module(f"sbert.integrations.{name}").SbertBackend(model)
        with pytest.raises(NotTextError, match="list of strings; got str"):
            made.embed("one text")
        with pytest.raises(NotTextError, match="Item 1 of texts must be a string; got int"):
            made.embed(["a", 3])


def test_ranks_as_the_model_does(searching, scorer):
    found = searching.rank(searching.ranker(scorer), QUERY, TEXTS)
    expected = scorer.rank(QUERY, TEXTS)
    assert [text for text, _ in found] == [TEXTS[each["corpus_id"]] for each in expected]
    assert [score for _, score in found] == pytest.approx([each["score"] for each in expected])
    assert searching.rank(searching.ranker(scorer), QUERY, []) == []


def test_ranker_refuses(searching, scorer, model):
    with pytest.raises(InputError, match="CrossEncoder; got SentenceTransformer"):
        searching.ranker(model)
    with pytest.raises(InputError, match="Did you mean 'batch_size'"):
        searching.ranker(scorer, batchsize=3)


def test_finds_what_the_index_finds(searching, scifact):
    index, titles = scifact
    for number in (0, 17, 39):
        found = searching.find(searching.retriever(index, top_k=3), titles[number])
        assert found == [(h.id, h.passage, h.metadata["n"]) for h in index.search(titles[number], 3)]
        assert found[0][2] == number
    assert [n for *_, n in searching.find(searching.retriever(index, where="n = 5"), titles[0])] == [5]
    with pytest.raises(InputError, match="Did you mean 'where'"):
        searching.retriever(index, were="n = 5")


def test_queries_and_documents_that_are_none(searching, model, scifact):
    with pytest.raises(NotTextError, match="A query must be a string; got NoneType"):
        searching.query(searching.embedder(model), None)
    with pytest.raises(InputError, match="folder; got int"):
        searching.retriever(3)
