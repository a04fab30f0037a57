"""The adapter to mteb, with a stand-in for mteb: prompts, batches, facts. tests/interop has the real one."""

import sys
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest
import torch

from sbert import CrossEncoder, MultiVectorEncoder, SentenceTransformer, SparseEncoder
from sbert.errors import InputError, MissingDependencyError
from sbert.evaluation.mteb import for_mteb
from support.image_models import make_image_model, picture
from support.static import static_folder
from support.tiny import make_tiny_cross_encoder, make_tiny_late, make_tiny_model, make_tiny_splade
from support.training import sentences

TEXTS = sentences(7, seed=2)
QUERY, DOCUMENT = SimpleNamespace(value="query"), SimpleNamespace(value="document")
WHERE = {"hf_split": "test", "hf_subset": "default"}


class Searching:
    """In place of mteb's wrapper: remembers what it was made with, and encodes."""

    def __init__(self, model, corpus_chunk_size):
        self.model, self.corpus_chunk_size = model, corpus_chunk_size

    def index(self, corpus, **options):
        self.corpus = self.model.encode(corpus, prompt_type=DOCUMENT, **options)

    def search(self, queries, **options):
        return self.model.similarity(self.model.encode(queries, prompt_type=QUERY, **options), self.corpus)


@pytest.fixture(autouse=True)
def mteb(monkeypatch):
    package, models, facts = (ModuleType(name) for name in ("mteb", "mteb.models", "mteb.models.model_meta"))
    models.ModelMeta = SimpleNamespace(create_empty=lambda overwrites: SimpleNamespace(**overwrites))
    models.SearchEncoderWrapper, facts.ScoringFunction = Searching, str
    for module in (package, models, facts):
        monkeypatch.setitem(sys.modules, module.__name__, module)


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    root = tmp_path_factory.mktemp("families")
    return {
        "dense": make_tiny_model(root / "dense", "bert", dense=24),
        "sparse": make_tiny_splade(root / "sparse", "bert"),
        "late": make_tiny_late(root / "late", "bert"),
        "pairs": make_tiny_cross_encoder(root / "pairs", "bert"),
        "static": static_folder(root / "static"),
    }


def batches(texts, size=3):
    return [{"text": texts[start : start + size]} for start in range(0, len(texts), size)]


def task(name="SciFact", kind="Retrieval", simplified="retrieval"):
    return SimpleNamespace(name=name, type=kind, simplified_task_type=simplified)


STS = task("STS12", "STS", "semantic-similarity")


class Recorder(SentenceTransformer):
    """Remembers how it was asked."""

    asked: tuple = ()

    def encode(self, inputs=None, prompt_name=None, prompt=None, **options):
        self.asked = prompt_name, prompt, options
        return super().encode(inputs, prompt_name, prompt, **options)


def test_without_mteb_the_extra_is_named(folders, monkeypatch):
    monkeypatch.setitem(sys.modules, "mteb.models", None)
    with pytest.raises(MissingDependencyError, match=r"mteb is needed to run its tasks .* pip install 'sbert\[mteb\]'"):
        for_mteb(SentenceTransformer(folders["dense"]))


@pytest.mark.parametrize(
    ("names", "kind", "chosen"),
    [
        (["SciFact-query", "SciFact", "Retrieval-query", "Retrieval", "query"], QUERY, "SciFact-query"),
        (["SciFact", "Retrieval-query", "Retrieval", "query"], QUERY, "SciFact"),
        (["Retrieval-query", "Retrieval", "query"], QUERY, "Retrieval-query"),
        (["Retrieval", "query"], QUERY, "Retrieval"),
        (["query", "document"], QUERY, "query"),
        (["query", "document"], DOCUMENT, "document"),
        (["SciFact-query", "Retrieval-query", "document"], DOCUMENT, "document"),
        (["SciFact-query", "SciFact", "Retrieval"], None, "SciFact"),
        (["Retrieval", "query", "document"], None, "Retrieval"),
        (["query", "document", "STS"], None, None),
        ([], QUERY, None),
    ],
)
@pytest.mark.parametrize("saved", [False, True])
def test_the_most_specific_prompt_is_chosen(folders, names, kind, chosen, saved):
    prompts = {name: f"for {name}: " for name in names}
    model = SentenceTransformer(folders["dense"], prompts=prompts if saved else None)
    found = for_mteb(model, prompts=None if saved else prompts).encode(
        batches(TEXTS), task_metadata=task(), prompt_type=kind, **WHERE
    )
    front = "" if chosen is None else prompts[chosen]
    np.testing.assert_array_equal(found, SentenceTransformer(folders["dense"]).encode([front + t for t in TEXTS]))


def test_given_prompts_win_and_the_models_own_stay(folders):
    model = Recorder(folders["dense"], prompts={"STS": "old: ", "passage": "passage: ", "all": "all: "})
    adapted = for_mteb(model, prompts={"STS": "new: "})
    adapted.encode(batches(TEXTS), task_metadata=STS, **WHERE)
    assert model.asked[:2] == (None, "new: ")
    # A prompt for documents under another of its names, which mteb does not know.
    adapted.encode(batches(TEXTS), task_metadata=task(), prompt_type=DOCUMENT, **WHERE)
    assert model.asked[:2] == ("passage", None)
    assert model.asked[2]["task"] == "document"
    model.default_prompt_name = "all"
    found = adapted.encode(batches(TEXTS), task_metadata=task("Banking77", "Classification"), **WHERE)
    np.testing.assert_array_equal(found, model.encode(["all: " + text for text in TEXTS], prompt=""))


def test_options_go_to_encode(folders):
    model = Recorder(folders["dense"])
    asked = {"batch_size": 32, "show_progress_bar": False, "normalize_embeddings": True}
    for_mteb(model).encode(batches(TEXTS), task_metadata=STS, **WHERE, **asked)
    assert model.asked[2] == asked
    for_mteb(model, batch_size=2).encode(batches(TEXTS), task_metadata=STS, **WHERE, **asked)
    assert model.asked[2] == asked | {"batch_size": 2}


def test_vectors_compare_the_models_way_as_tensors(folders):
    model = SentenceTransformer(folders["dense"], similarity_fn_name="manhattan")
    adapted, vectors = for_mteb(model), model.encode(TEXTS)
    for given in (vectors, torch.from_numpy(vectors)):
        scores = adapted.similarity(given, vectors[:3])
        assert isinstance(scores, torch.Tensor)
        np.testing.assert_array_equal(scores.numpy(), model.similarity(vectors, vectors[:3]))
        rows = adapted.similarity_pairwise(given, vectors)
        np.testing.assert_array_equal(rows.numpy(), model.similarity_pairwise(vectors, vectors))
    assert adapted.similarity(vectors[0], vectors[1]).shape == (1, 1)
    assert adapted.mteb_model_meta.similarity_fn_name == "manhattan"


def test_sparse_vectors_are_full_where_tasks_need_rows(folders):
    model = SparseEncoder(folders["sparse"])
    adapted, rows = for_mteb(model), model.encode(TEXTS)
    found = adapted.encode(batches(TEXTS), task_metadata=task(), prompt_type=QUERY, **WHERE)
    assert found.is_sparse
    np.testing.assert_array_equal(found.to_dense().numpy(), rows.toarray())
    for other in (STS, task("Some", "Reranking")):
        full = adapted.encode(batches(TEXTS), task_metadata=other, **WHERE)
        assert isinstance(full, np.ndarray)
        np.testing.assert_array_equal(full, rows.toarray())
    for given in (found, rows.toarray()):
        scores = adapted.similarity(given, found)
        np.testing.assert_allclose(scores.numpy(), model.similarity(rows, rows), rtol=1e-6)


def test_late_interaction_searches_and_does_no_more(folders):
    model = MultiVectorEncoder(folders["late"], on_truncation="ignore")
    adapted = for_mteb(model)
    assert not hasattr(adapted, "encode")
    adapted.index(batches(TEXTS), task_metadata=task(), **WHERE)
    scores = adapted.search(batches(TEXTS[:2]), task_metadata=task(), **WHERE)
    expected = model.similarity(model.encode_query(TEXTS[:2]), model.encode_document(TEXTS))
    np.testing.assert_allclose(scores.numpy(), expected, rtol=1e-6)
    # Of a query alone, mteb makes a tensor of three dimensions.
    encoder = adapted._search.model
    alone = torch.from_numpy(model.encode_query(TEXTS[0]))[None]
    again = encoder.similarity(alone, model.encode_document(TEXTS))
    np.testing.assert_allclose(again.numpy(), expected[:1], rtol=1e-6)
    assert adapted.mteb_model_meta.similarity_fn_name == "MaxSim"


def test_pairs_are_scored_with_the_prompt_for_queries(folders):
    model = CrossEncoder(folders["pairs"])
    asked, read = batches([TEXTS[0]] * 6), batches(TEXTS[1:])
    found = for_mteb(model).predict(asked, read, task_metadata=task(), **WHERE)
    np.testing.assert_array_equal(found, model.predict([(TEXTS[0], text) for text in TEXTS[1:]]))
    adapted = for_mteb(model, prompts={"Retrieval-query": "find: "})
    found = adapted.predict(asked, read, task_metadata=task(), **WHERE)
    np.testing.assert_array_equal(found, model.predict([("find: " + TEXTS[0], text) for text in TEXTS[1:]]))
    assert adapted.mteb_model_meta.embed_dim is None


def test_images_are_read_or_refused(tmp_path, folders):
    images = [picture(seed) for seed in range(4)]
    given = [{"image": images[:3]}, {"image": images[3:]}]
    model = SentenceTransformer(make_image_model(tmp_path / "clip"), backend="torch")
    adapted = for_mteb(model)
    assert adapted.mteb_model_meta.modalities == ["text", "image"]
    found = adapted.encode(given, task_metadata=task("Any", "Any2AnyRetrieval"), prompt_type=DOCUMENT, **WHERE)
    np.testing.assert_allclose(found, model.encode(images), atol=1e-6)
    with pytest.raises(InputError, match="texts with images"):
        adapted.encode([{"image": images[:1], "text": ["a car"]}], task_metadata=STS, **WHERE)
    with pytest.raises(InputError, match="reads texts alone"):
        for_mteb(SentenceTransformer(folders["dense"])).encode(given, task_metadata=STS, **WHERE)
    with pytest.raises(InputError, match="inputs are audio"):
        adapted.encode([{"audio": [1]}], task_metadata=STS, **WHERE)


@pytest.mark.parametrize(("family", "backend"), [("dense", "openvino"), ("dense", "torch"), ("static", "auto")])
def test_facts_are_the_models(folders, family, backend):
    model = SentenceTransformer(folders[family], backend=backend, prompts={"query": "q: "})
    meta = for_mteb(model).mteb_model_meta
    assert meta.name == f"local/{family}"
    assert meta.embed_dim == model.get_embedding_dimension()
    assert meta.max_tokens == model.max_seq_length
    assert meta.model_type == ["dense"]
    assert meta.use_instructions is True
    of_torch = SentenceTransformer(folders[family], backend="torch")
    assert meta.n_parameters == sum(parameter.numel() for parameter in of_torch.parameters())
    assert meta.framework == {"openvino": ["OpenVINO"], "torch": ["PyTorch"], "static": ["NumPy"]}[model.backend]


def test_names_have_one_organisation(folders, minilm, monkeypatch):
    assert for_mteb(minilm).mteb_model_meta.name == "sentence-transformers/all-MiniLM-L6-v2"
    assert for_mteb(minilm, name="mine/small").mteb_model_meta.name == "mine/small"
    monkeypatch.chdir(folders["dense"].parent.parent)
    relative = f"{folders['dense'].parent.name}/dense"
    assert for_mteb(SentenceTransformer(relative)).mteb_model_meta.name == "local/dense"
    monkeypatch.chdir(folders["dense"])
    assert for_mteb(SentenceTransformer(".")).mteb_model_meta.name == "local/dense"
    in_memory = SentenceTransformer(modules=list(SentenceTransformer(folders["dense"], backend="torch")))
    assert for_mteb(in_memory).mteb_model_meta.name == "local/model"
    for wrong in ("small", "a/b/c", "/small", "mine/"):
        with pytest.raises(InputError, match="organisation/name"):
            for_mteb(minilm, name=wrong)


def test_the_revision_tells_apart_what_scores_depend_on(folders):
    def of(prompts=None, **options):
        return for_mteb(SentenceTransformer(folders["dense"], **options), prompts=prompts).mteb_model_meta.revision

    different = [of(), of({"STS": "s: "}), of(prompts=None, truncate_dim=8), of(similarity_fn_name="dot")]
    assert len(set(different)) == 4
    assert of() == different[0]
    named = for_mteb(SentenceTransformer(folders["dense"]), revision="abc")
    assert named.mteb_model_meta.revision == "abc"


def test_what_is_no_model_or_gives_many_scores_is_refused(tmp_path):
    with pytest.raises(InputError, match="got str"):
        for_mteb("all-MiniLM-L6-v2")
    many = CrossEncoder(make_tiny_cross_encoder(tmp_path / "three", "bert", labels=3))
    with pytest.raises(InputError, match="1 score a pair; this one gives 3"):
        for_mteb(many)
