"""Libraries that stand on sentence-transformers run on sbert unchanged: the quick start of each, on real texts.

They are installed by ``make compat`` into an environment of its own; elsewhere these tests are skipped.
"""

from __future__ import annotations

import importlib.metadata
import inspect
import random
from pathlib import Path

import numpy as np
import pytest

import sentence_transformers
from sbert import SentenceTransformer as OwnModel
from support.shared import json_lines, rows

pytestmark = [
    pytest.mark.slow,
    # Libraries and their versions warn of what is theirs; truncation is told, and is no error here.
    pytest.mark.filterwarnings("default"),
]

OURS = Path(__file__).resolve().parents[1] / "src" / "sentence_transformers" / "__init__.py"
NAME = "all-MiniLM-L6-v2"


@pytest.fixture(autouse=True)
def _ours():
    """What libraries import is this package, and pip knows it by the name that they depend on."""
    yield
    assert Path(sentence_transformers.__file__) == OURS
    try:
        version = importlib.metadata.version("sentence-transformers")
    except importlib.metadata.PackageNotFoundError:
        return  # installed without the stand-in, as in the environment for development
    assert version == sentence_transformers.__version__


@pytest.fixture(scope="module")
def own():
    """The same weights through sbert itself."""
    return OwnModel(NAME)


def is_ours(model: object) -> bool:
    return isinstance(model, OwnModel) and inspect.getmodule(type(model)).__name__.startswith("sentence_transformers")


def titles(labels: int, each: int) -> tuple[list[str], list[str]]:
    """Titles of questions about programming, and the subject of each."""
    by_label: dict[str, list[str]] = {}
    for row in rows("classification/stackoverflow20.tsv.gz"):
        by_label.setdefault(row["label"], []).append(row["text"])
    chosen = sorted(by_label)[:labels]
    return [text for name in chosen for text in by_label[name][:each]], [name for name in chosen for _ in range(each)]


def test_keybert_finds_the_words_that_a_text_is_about():
    keybert = pytest.importorskip("keybert")
    abstract = next(
        doc["text"] for doc in json_lines("retrieval/scifact/corpus.jsonl.gz") if "diffusion" in doc["title"].lower()
    )
    model = keybert.KeyBERT(NAME)
    found = model.extract_keywords(abstract, keyphrase_ngram_range=(1, 2), stop_words="english", top_n=5)
    assert is_ours(model.model.embedding_model)
    assert len(found) == 5
    words = [phrase for phrase, _ in found]
    assert any("diffusion" in phrase or "brain" in phrase or "white matter" in phrase for phrase in words), found
    scores = [score for _, score in found]
    assert scores == sorted(scores, reverse=True)
    assert scores[0] > 0.4


def test_bertopic_finds_the_subjects_of_questions():
    bertopic = pytest.importorskip("bertopic")
    umap = pytest.importorskip("umap")
    texts, labels = titles(8, 150)
    reducer = umap.UMAP(n_neighbors=15, n_components=5, min_dist=0.0, metric="cosine", random_state=0)
    model = bertopic.BERTopic(embedding_model=NAME, umap_model=reducer, min_topic_size=30)
    topics, _ = model.fit_transform(texts)
    assert is_ours(model.embedding_model.embedding_model)
    assert 5 <= len(set(topics) - {-1}) <= 16, model.get_topic_info()
    from sklearn.metrics import normalized_mutual_info_score

    placed = [place for place, topic in enumerate(topics) if topic != -1]
    assert len(placed) > 0.7 * len(texts)
    assert normalized_mutual_info_score([labels[p] for p in placed], [topics[p] for p in placed]) > 0.7
    found, _ = model.find_topics(texts[0], top_n=1)
    assert found[0] in set(topics)


def test_setfit_learns_from_eight_examples_of_each_class(tmp_path):
    setfit = pytest.importorskip("setfit")
    datasets = pytest.importorskip("datasets")
    texts, labels = titles(4, 100)
    names = sorted(set(labels))
    by_class = [[text for text, label in zip(texts, labels, strict=True) if label == name] for name in names]
    train = datasets.Dataset.from_dict(
        {
            "text": [text for group in by_class for text in group[:8]],
            "label": [label for label in range(len(names)) for _ in range(8)],
        }
    )
    held_back = [(text, label) for label, group in enumerate(by_class) for text in group[8:]]
    # By name it asks the hub for a head first; a folder needs no network.
    OwnModel(NAME).save_pretrained(tmp_path / "body")
    model = setfit.SetFitModel.from_pretrained(str(tmp_path / "body"))
    before = np.asarray(model.model_body.encode(["a question"]))
    args = setfit.TrainingArguments(
        output_dir=str(tmp_path / "runs"), batch_size=16, max_steps=40, num_epochs=1, report_to="none", seed=0
    )
    trainer = setfit.Trainer(model=model, args=args, train_dataset=train)
    trainer.train()
    assert is_ours(model.model_body)
    assert not np.allclose(before, model.model_body.encode(["a question"]), atol=1e-4)  # the body has learned
    predicted = np.asarray(model.predict([text for text, _ in held_back]))
    accuracy = float(np.mean(predicted == np.array([label for _, label in held_back])))
    assert accuracy > 0.85
    model.save_pretrained(str(tmp_path / "model"))
    again = setfit.SetFitModel.from_pretrained(str(tmp_path / "model"))
    assert np.array_equal(np.asarray(again.predict([text for text, _ in held_back])), predicted)
    print(f"SetFit: accuracy {accuracy:.3f}")


def test_mteb_measures_the_published_score():
    mteb = pytest.importorskip("mteb")
    datasets = pytest.importorskip("datasets")
    test = [row for row in rows("sts/stsb-en.tsv.gz") if row["split"] == "test"]
    task = mteb.get_task("STSBenchmark")
    columns = {name: [row[name] for row in test] for name in ("sentence1", "sentence2")}
    scores = [float(row["score"]) for row in test]
    task.dataset = datasets.DatasetDict({"test": datasets.Dataset.from_dict(columns | {"score": scores})})
    task.data_loaded = True
    model = sentence_transformers.SentenceTransformer(NAME)
    result = mteb.evaluate(model, [task], cache=None)
    assert result.task_results[0].get_score() == pytest.approx(0.8203, abs=0.0002)


def test_langchain_embeds_as_encode_does(own):
    embeddings = pytest.importorskip("langchain_huggingface").HuggingFaceEmbeddings
    vectorstores = pytest.importorskip("langchain_core.vectorstores")
    texts, _ = titles(4, 20)
    embedder = embeddings(model_name=NAME, encode_kwargs={"normalize_embeddings": True})
    assert is_ours(embedder._client)
    expected = own.encode(texts, normalize_embeddings=True)
    assert np.allclose(embedder.embed_documents(texts), expected, atol=1e-6)
    assert np.allclose(embedder.embed_query(texts[0]), expected[0], atol=1e-6)
    store = vectorstores.InMemoryVectorStore.from_texts(texts, embedder)
    (found,) = store.similarity_search(texts[7], k=1)
    assert found.page_content == texts[7]
    several = embeddings(model_name=NAME, multi_process=True)
    assert np.allclose(several.embed_documents(texts[:4]), own.encode(texts[:4]), atol=1e-6)


def test_llama_index_embeds_as_encode_does(own):
    huggingface = pytest.importorskip("llama_index.embeddings.huggingface")
    texts, _ = titles(4, 20)
    embedder = huggingface.HuggingFaceEmbedding(model_name=NAME)
    assert is_ours(embedder._model)
    found = embedder.get_text_embedding_batch(texts)
    assert np.allclose(found, own.encode(texts, normalize_embeddings=True), atol=1e-6)
    from llama_index.core import Document, VectorStoreIndex

    index = VectorStoreIndex.from_documents([Document(text=text) for text in texts], embed_model=embedder)
    (hit,) = index.as_retriever(similarity_top_k=1).retrieve(texts[11])
    assert hit.text == texts[11]


def test_haystack_retrieves_documents(own):
    embedders = pytest.importorskip("haystack_integrations.components.embedders.sentence_transformers")
    from haystack import Document, Pipeline
    from haystack.components.retrievers import InMemoryEmbeddingRetriever
    from haystack.document_stores.in_memory import InMemoryDocumentStore

    texts, _ = titles(4, 20)
    writer = embedders.SentenceTransformersDocumentEmbedder(model=NAME, progress_bar=False)
    if hasattr(writer, "warm_up"):
        writer.warm_up()
    documents = writer.run([Document(content=text) for text in texts])["documents"]
    assert is_ours(writer.embedding_backend.model)
    assert np.allclose([document.embedding for document in documents], own.encode(texts), atol=1e-6)
    store = InMemoryDocumentStore(embedding_similarity_function="cosine")
    store.write_documents(documents)
    pipeline = Pipeline()
    pipeline.add_component("embedder", embedders.SentenceTransformersTextEmbedder(model=NAME, progress_bar=False))
    pipeline.add_component("retriever", InMemoryEmbeddingRetriever(document_store=store, top_k=1))
    pipeline.connect("embedder.embedding", "retriever.query_embedding")
    found = pipeline.run({"embedder": {"text": texts[5]}})["retriever"]["documents"]
    assert found[0].content == texts[5]


def test_txtai_searches(own):
    txtai = pytest.importorskip("txtai")
    texts, _ = titles(4, 20)
    embeddings = txtai.Embeddings(path=NAME, method="sentence-transformers", backend="numpy")
    embeddings.index(texts)
    assert is_ours(embeddings.model.model)
    queries = random.Random(0).sample(range(len(texts)), 5)
    for place in queries:
        assert embeddings.search(texts[place], 1)[0][0] == place
    assert np.allclose(embeddings.transform(texts[0]), own.encode(texts[0], normalize_embeddings=True), atol=1e-5)
