"""MultiVectorEncoder: token vectors beside transformers' own numbers; tasks, masks, old folders, pooling and MaxSim."""

import json
import string

import numpy as np
import pytest
import scipy.cluster.hierarchy
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import load_file, save_file
from transformers import AutoModel, AutoTokenizer

from sbert import MultiVectorEncoder, SentenceTransformer, models
from sbert.checkpoints import read
from sbert.errors import (
    CorruptCheckpointError,
    DimensionError,
    InputError,
    NotTextError,
    SbertWarning,
    TruncationWarning,
    UnsupportedModelError,
)
from sbert.late_interaction import Packed, maxsim, maxsim_pairwise
from sbert.search import HybridCorpus, MultiVectorCorpus, TextCorpus
from support.tiny import WORDS, make_tiny_late, make_tiny_model

ENGINES = ("openvino", "torch")
TOLERANCE = 1e-4
TEXTS = [
    "The man reads a book.",
    "hello",
    "",
    "Zebras quickly jumped over 42 lazy foxes!",
    " ".join(WORDS[:40]),
    "hello",
]
QUERIES = ["who reads?", "a dog", " ".join(WORDS[:12])]


def vectors_by_transformers(folder, texts, prompt="", length=128, expand_to=0, attend=False, skip=()):
    """One text at a time, with the layer, the lengths and the mask as the paper has them."""
    tokenizer = AutoTokenizer.from_pretrained(folder)
    network = AutoModel.from_pretrained(folder, dtype=torch.float32, attn_implementation="eager").eval()
    layer = load_file(folder / "1_Dense" / "model.safetensors")["linear.weight"].numpy()
    found = []
    for text in texts:
        ids = tokenizer([prompt + text], truncation=True, max_length=length)["input_ids"][0]
        missing = max(0, expand_to - len(ids))
        mask = [1] * len(ids) + [int(attend)] * missing
        filler = tokenizer.mask_token_id
        ids = ids + [tokenizer.convert_tokens_to_ids("</s>") if filler is None else filler] * missing
        with torch.no_grad():
            output = network(input_ids=torch.tensor([ids]), attention_mask=torch.tensor([mask]))
        vectors = output.last_hidden_state[0].numpy() @ layer.T
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        left_out = [number for word, number in tokenizer.get_vocab().items() if word in skip]
        found.append(vectors[~np.isin(ids, left_out)])
    return found


def assert_close(found, expected):
    assert len(found) == len(expected)
    for one, other in zip(found, expected, strict=True):
        assert one.shape == other.shape
        assert one.dtype == np.float32
        np.testing.assert_allclose(one, other, atol=TOLERANCE)


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    root = tmp_path_factory.mktemp("late")
    return {name: make_tiny_late(root / name, name) for name in ("bert", "xlm-roberta", "modernbert")}


@pytest.fixture(scope="module")
def model(folders):
    return MultiVectorEncoder(folders["bert"], backend="openvino")


# --- token vectors --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("architecture", ["bert", "xlm-roberta", "modernbert"])
@pytest.mark.parametrize("engine", ENGINES)
def test_token_vectors_are_those_of_transformers(folders, architecture, engine):
    folder = folders[architecture]
    model = MultiVectorEncoder(folder, backend=engine, device="cpu")
    assert_close(model.encode(TEXTS), vectors_by_transformers(folder, TEXTS))
    documents = vectors_by_transformers(folder, TEXTS, "document: ", 16)
    assert_close(model.encode_document(TEXTS, on_truncation="ignore"), documents)
    with pytest.warns(TruncationWarning, match="1 of 2 texts were longer than 16 tokens"):
        model.encode_document(["hello", TEXTS[4]])
    np.testing.assert_array_equal(model.encode(TEXTS[0]), model.encode([TEXTS[0]])[0])
    assert model.get_embedding_dimension() == 16
    assert not model.spec.pools


@pytest.mark.parametrize("attend", [False, True])
@pytest.mark.parametrize("architecture", ["bert", "xlm-roberta", "modernbert"])
@pytest.mark.parametrize("engine", ENGINES)
def test_short_queries_are_filled_up(folders, architecture, engine, attend):
    folder = folders[architecture]
    model = MultiVectorEncoder(folder, backend=engine, device="cpu")
    model.query_expansion = {"strategy": "fixed", "length": 10, "attend": attend}
    expected = vectors_by_transformers(folder, QUERIES, "query: ", 10, 10, attend)
    found = model.encode_query(QUERIES, on_truncation="ignore")
    assert_close(found, expected)
    assert [len(vectors) for vectors in found] == [10, 10, 10]
    model.query_expansion = {"strategy": "min", "length": 10, "attend": attend}
    expected = vectors_by_transformers(folder, QUERIES, "query: ", 128, 10, attend)
    assert_close(model.encode_query(QUERIES), expected)
    model.query_expansion = None
    assert_close(model.encode_query(QUERIES), vectors_by_transformers(folder, QUERIES, "query: "))


@pytest.mark.parametrize("engine", ENGINES)
def test_words_are_left_out_of_documents(folders, tmp_path, engine):
    folder = make_tiny_late(tmp_path, "bert", skiplist=string.punctuation)
    model = MultiVectorEncoder(folder, backend=engine, device="cpu")
    expected = vectors_by_transformers(folder, TEXTS, skip=string.punctuation)
    assert len(expected[0]) < len(vectors_by_transformers(folder, TEXTS)[0])
    assert_close(model.encode(TEXTS), expected)
    assert_close(model.encode(TEXTS, task="query"), vectors_by_transformers(folder, TEXTS))


def test_only_some_numbers_are_kept(model, tmp_path):
    numbers = [model.tokenizer.vocabulary()[word] for word in ("[CLS]", "book")]
    only = MultiVectorEncoder(make_tiny_late(tmp_path, "bert", kept=numbers), backend="openvino")
    rows = only.encode(["The man reads a book.", "hello"], output_value=None)
    assert [row["input_ids"].tolist() for row in rows] == [numbers, numbers[:1]]
    assert [row["token_embeddings"].shape for row in rows] == [(2, 16), (1, 16)]
    assert len(only.encode("hello", task="query")) == len(model.encode("hello"))


def test_the_same_bits_in_any_batch(model):
    together = model.encode_query([*QUERIES, *TEXTS], on_truncation="ignore")
    for text, vectors in zip([*QUERIES, *TEXTS], together, strict=True):
        np.testing.assert_array_equal(model.encode_query(text, on_truncation="ignore"), vectors)
    many = [f"{text} {number}" for number in range(300) for text in QUERIES]
    np.testing.assert_array_equal(model.encode(many)[-1], model.encode(many[-1]))


def test_what_comes_out(model):
    tensors = model.encode(TEXTS[:2], convert_to_numpy=False)
    assert all(isinstance(vectors, torch.Tensor) for vectors in tensors)
    np.testing.assert_array_equal(tensors[1].numpy(), model.encode(TEXTS[1]))
    assert model.encode([]) == []
    row = model.encode("hello", output_value=None)
    assert row["token_embeddings"].shape == (len(row["input_ids"]), 16)
    with model.start_multi_process_pool() as pool:
        np.testing.assert_array_equal(model.encode(TEXTS[0], pool=pool), model.encode(TEXTS[0]))


# --- MaxSim ---------------------------------------------------------------------------------------------------------


def maxsim_by_hand(query, document):
    return sum(max((float(q @ d) for d in document), default=-np.inf) for q in query)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.integers(0, 5), min_size=1, max_size=6),
    st.lists(st.integers(0, 5), min_size=1, max_size=6),
    st.integers(0, 1000),
)
def test_maxsim_is_its_formula(queries, documents, seed):
    generator = np.random.default_rng(seed)
    asked, read_ = ([generator.normal(size=(n, 3)).astype(np.float32) for n in side] for side in (queries, documents))
    expected = np.array([[maxsim_by_hand(q, d) for d in read_] for q in asked])
    np.testing.assert_allclose(maxsim(asked, read_), expected, atol=1e-5)
    mean = expected / np.maximum(queries, 1)[:, None]
    np.testing.assert_allclose(maxsim(asked, read_, length_normalize=True), mean, atol=1e-5)
    n = min(len(asked), len(read_))
    np.testing.assert_allclose(maxsim_pairwise(asked[:n], read_[:n]), np.diag(expected)[:n], atol=1e-5)
    # In parts, and of any choice of documents.
    packed = Packed.of(read_, "documents")
    assert [stop for _, stop in packed.chunks(4)][-1] == len(read_)
    order = generator.permutation(len(read_)).tolist()
    np.testing.assert_allclose(maxsim(asked, packed.chosen(order)), expected[:, order], atol=1e-5)


def test_similarity_of_a_model(model):
    queries, documents = model.encode_query(QUERIES), model.encode(TEXTS)
    expected = [[maxsim_by_hand(q, d) for d in documents] for q in queries]
    np.testing.assert_allclose(model.similarity(queries, documents), expected, atol=1e-4)
    np.testing.assert_allclose(model.similarity(queries[0], documents[1]), [expected[0][1:2]], atol=1e-4)
    np.testing.assert_allclose(model.similarity_pairwise(queries, documents[:3]), np.diag(expected), atol=1e-4)
    model.similarity_fn_name = "meanmaxsim"
    mean = np.array(expected) / [[len(query)] for query in queries]
    np.testing.assert_allclose(model.similarity(queries, documents), mean, atol=1e-4)
    model.similarity_fn_name = "maxsim"


def test_search(model):
    queries, documents = model.encode_query(QUERIES), model.encode_document(TEXTS, on_truncation="ignore")
    corpus = MultiVectorCorpus(documents)
    scores = model.similarity(queries, documents)
    hits = corpus.search(queries, 4)
    for row, ids, found in zip(scores, hits.ids, hits.scores, strict=True):
        order = np.lexsort((np.arange(len(row)), -row))[:4]
        assert ids.tolist() == order.tolist()
        np.testing.assert_allclose(found, row[order], atol=1e-5)
    some = corpus.search(queries, 2, candidates=3)
    for row, ids, found in zip(scores, some.ids, some.scores, strict=True):
        np.testing.assert_allclose(found, row[ids], atol=1e-5)
        assert found[0] >= found[1]
    assert corpus.search(queries, 6, candidates=5).ids.shape == (3, 6)
    texts = TextCorpus(model, TEXTS, documents)
    assert [hit.id for hit in texts.search(QUERIES[0], 4)] == hits.ids[0].tolist()


def test_late_interaction_beside_a_sparse_model(model, tmp_path):
    from sbert import SparseEncoder
    from support.tiny import make_tiny_splade

    sparse = SparseEncoder(make_tiny_splade(tmp_path, "bert"), backend="openvino")
    late = TextCorpus(model, TEXTS, model.encode(TEXTS))
    hybrid = HybridCorpus(late, TextCorpus(sparse, TEXTS), fusion={"dense": 1, "sparse": 0})
    assert [hit.id for hit in hybrid.search(QUERIES[0], 3)] == [hit.id for hit in late.search(QUERIES[0], 3)]


@pytest.mark.parametrize("measure", ["maxsim", "meanmaxsim"])
def test_an_explanation_sums_to_maxsim(folders, tmp_path, measure):
    model = MultiVectorEncoder(folders["bert"], backend="openvino", similarity_fn_name=measure)
    model.query_expansion = {"strategy": "fixed", "length": 10}
    query, document = "the dog", "a cat and a dog"
    found = model.explain(query, document)
    expected = model.similarity(model.encode_query(query), model.encode_document(document))[0, 0]
    assert found.score == pytest.approx(expected, abs=1e-5)
    assert found.measure == measure
    assert len(found.left) == 10
    assert found.left[-1] == "[MASK]"
    assert (np.count_nonzero(found.shares, axis=1) == 1).all()
    assert measure in found.draw(tmp_path / "why.html").read_text(encoding="utf-8")
    with pytest.raises(NotTextError, match="document must be a string"):
        model.explain("a", None)


# --- token pooling --------------------------------------------------------------------------------------------------


def pooled_by_hand(vectors, factor, protected):
    rest = vectors[protected:]
    count = max(int(len(rest) // factor), 1)
    if count < len(rest):
        upper = np.triu_indices(len(rest), 1)
        distances = np.clip(1 - rest @ rest.T, 0, 2)[upper]
        labels = scipy.cluster.hierarchy.fcluster(scipy.cluster.hierarchy.linkage(distances, "ward"), count, "maxclust")
        rest = np.array([rest[labels == label].mean(axis=0) for label in sorted(set(labels))])
    together = np.concatenate([vectors[:protected], rest])
    return together / np.linalg.norm(together, axis=1, keepdims=True)


def test_hierarchical_pooling(model):
    pooling = models.HierarchicalTokenPooling(2.0)
    plain = model.encode(TEXTS)
    found = model.encode(TEXTS, token_pooling=pooling)
    assert_close(found, [pooled_by_hand(vectors, 2.0, 1).astype(np.float32) for vectors in plain])
    assert len(found[4]) < len(plain[4])
    for one, other in zip(model.encode(TEXTS, token_pooling=pooling, task="query"), plain, strict=True):
        np.testing.assert_array_equal(one, other)
    halves = models.LambdaTokenPooling(lambda vectors: vectors[::2])
    assert [len(v) for v in model.encode(TEXTS, token_pooling=halves)] == [(len(v) + 1) // 2 for v in plain]
    with pytest.raises(InputError, match="pool_fn must return"):
        model.encode(TEXTS, token_pooling=models.LambdaTokenPooling(lambda vectors: vectors[0]))
    with pytest.raises(InputError, match="pool_factor must be at least 1"):
        models.HierarchicalTokenPooling(0.5)


@pytest.mark.parametrize("engine", ENGINES)
def test_a_folder_with_pooling(model, tmp_path, engine):
    folder = make_tiny_late(tmp_path, "bert", pool_factor=2.0)
    built_in = MultiVectorEncoder(folder, backend=engine, device="cpu")
    given_ = model.encode(TEXTS, token_pooling=models.HierarchicalTokenPooling(2.0))
    assert_close(built_in.encode(TEXTS), given_)


# --- folders --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("engine", ENGINES)
def test_saved_and_read_again(folders, tmp_path, engine):
    model = MultiVectorEncoder(folders["bert"], backend=engine, device="cpu", similarity_fn_name="meanmaxsim")
    model.query_expansion = {"strategy": "min", "length": 12}
    model.query_length, model.document_length = 20, 30
    model.save_pretrained(tmp_path / "saved")
    again = models.load(tmp_path / "saved", backend=engine, device="cpu")
    assert isinstance(again, MultiVectorEncoder)
    assert again.query_expansion == {"strategy": "min", "length": 12, "attend": False, "token": None}
    assert (again.query_length, again.document_length) == (20, 30)
    assert again.similarity_fn_name == "meanmaxsim"
    assert again.fingerprint == model.fingerprint
    assert_close(again.encode_query(QUERIES), model.encode_query(QUERIES))
    settings_ = json.loads((tmp_path / "saved" / "config_sentence_transformers.json").read_text())
    assert settings_["model_type"] == "MultiVectorEncoder"
    with pytest.warns(SbertWarning, match="saved as a MultiVectorEncoder"):
        SentenceTransformer(tmp_path / "saved", backend="openvino")


def test_put_together_from_modules(folders):
    network = models.Transformer(str(folders["bert"]))
    layer = models.Dense(
        32, 8, bias=False, activation_function=torch.nn.Identity(), module_input_name="token_embeddings"
    )
    made = MultiVectorEncoder(
        modules=[network, layer, models.MultiVectorMask(["."]), models.Normalize("token_embeddings")], device="cpu"
    )
    vectors = made.encode("the man walk .")
    assert vectors.shape == (5, 8)  # [CLS], three words, [SEP]
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)


def test_pylate_s_folders(folders, tmp_path):
    """Two modules, and what follows in the settings; markers that are one token each."""
    folder = make_tiny_late(tmp_path / "old", "bert", pylate=True)
    model = MultiVectorEncoder(folder, backend="openvino")
    assert [module.kind for module in model.spec.modules] == ["Transformer", "Dense", "MultiVectorMask", "Normalize"]
    assert model.prompts["query"] == "[unused0] "
    assert model.query_expansion == {"strategy": "fixed", "length": 9, "attend": False, "token": None}
    assert model.document_length == 20
    first = model.encode_query("a dog", output_value=None)["input_ids"]
    assert first[1] == model.tokenizer.vocabulary()["[unused0]"]
    rows = model.encode_document(["a dog . !"], output_value=None)[0]["input_ids"]
    assert not {model.tokenizer.vocabulary()[mark] for mark in ".!"} & set(rows.tolist())
    model.save_pretrained(tmp_path / "new")
    again = models.load(tmp_path / "new", backend="openvino")
    np.testing.assert_array_equal(again.encode_query("a dog"), model.encode_query("a dog"))
    np.testing.assert_array_equal(again.encode_document("a dog ."), model.encode_document("a dog ."))


def test_stanford_s_folders(folders, tmp_path):
    late = folders["bert"]
    folder = make_tiny_model(tmp_path / "plain", "bert")
    for name in ("modules.json", "sentence_bert_config.json", "config_sentence_transformers.json"):
        (folder / name).unlink(missing_ok=True)
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"architectures": ["HF_ColBERT"]}))
    tensors = {f"bert.{name}": tensor for name, tensor in load_file(folder / "model.safetensors").items()}
    with pytest.raises(CorruptCheckpointError, match=r"linear\.weight"):
        MultiVectorEncoder(folder, backend="openvino")
    layer = load_file(late / "1_Dense" / "model.safetensors")["linear.weight"]
    save_file(tensors | {"linear.weight": layer}, folder / "model.safetensors", {"format": "pt"})
    metadata = {"query_maxlen": 12, "doc_maxlen": 30, "attend_to_mask_tokens": True, "mask_punctuation": False}
    (folder / "artifact.metadata").write_text(json.dumps(metadata))
    model = MultiVectorEncoder(folder, backend="openvino")
    assert model.query_expansion == {"strategy": "fixed", "length": 12, "attend": True, "token": None}
    assert model.document_length == 30
    plain = MultiVectorEncoder(late, backend="openvino", prompts={"document": ""})
    np.testing.assert_allclose(model.encode("a dog ."), plain.encode("a dog ."), atol=1e-5)


def test_a_network_without_a_layer_is_told(tmp_path):
    folder = make_tiny_model(tmp_path, "bert")
    with pytest.warns(SbertWarning, match="layer that is yet to be trained"):
        MultiVectorEncoder(folder, backend="openvino")
    (folder / "modules.json").unlink()
    with pytest.warns(SbertWarning, match="Train it before use"):
        model = MultiVectorEncoder(folder, backend="openvino")
    assert model.encode("hello").shape[1] == 128


def test_folders_of_late_interaction_are_no_other_family_s(folders):
    with pytest.warns(SbertWarning, match="only its network is used"):
        SentenceTransformer(folders["bert"], backend="openvino")
    spec = read(folders["bert"])
    assert spec.model_type == "MultiVectorEncoder"


# --- what is wrong --------------------------------------------------------------------------------------------------


def test_lengths_of_tasks_in_another_family_are_refused(tmp_path):
    folder = make_tiny_model(tmp_path, "bert")
    (folder / "sentence_bert_config.json").write_text(json.dumps({"max_seq_length": 128, "query_length": 8}))
    with pytest.raises(UnsupportedModelError, match="only MultiVectorEncoder reads"):
        SentenceTransformer(folder, backend="openvino")


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ({"strategy": "fixd", "length": 8}, "did you mean 'fixed'"),
        ({"strategy": "fixed"}, "length.*at least 1"),
        ({"strategy": "fixed", "length": True}, "length.*at least 1"),
        ({"strategy": "fixed", "length": 8, "attnd": True}, "no 'attnd'"),
        ({"strategy": "fixed", "length": 8, "attend": 1}, "True or False"),
        ({"strategy": "fixed", "length": 8, "token": "nonsense"}, "does not have"),
        ("fixed", "must be a dict"),
    ],
)
def test_expansions_that_are_wrong(folders, value, message):
    model = MultiVectorEncoder(folders["bert"], backend="openvino")
    with pytest.raises(InputError, match=rf"(?i){message}"):
        model.query_expansion = value
    assert model.query_expansion is None


def test_inputs_that_are_wrong(model, folders, tmp_path):
    with pytest.raises(InputError, match="task must be one of 'query', 'document'; got 'passage'"):
        model.encode("a", task="passage")
    with pytest.raises(NotTextError, match=r"inputs\[0\] is a pair"):
        model.encode([("a", "b")])
    with pytest.raises(NotTextError, match=r"inputs\[1\] must be a string"):
        model.encode(["a", None])
    with pytest.raises(InputError, match="output_value"):
        model.encode("a", output_value="sentence_embedding")
    with pytest.raises(InputError, match="similarity_fn_name must be one of 'maxsim', 'meanmaxsim'"):
        model.similarity_fn_name = "cosine"
    with pytest.raises(DimensionError, match="of two models"):
        model.similarity([np.ones((2, 3), np.float32)], [np.ones((2, 4), np.float32)])
    with pytest.raises(DimensionError, match="of one width"):
        model.similarity([np.ones((2, 3)), np.ones((2, 4))], [])
    with pytest.raises(InputError, match=r"queries\[0\] must be token vectors"):
        model.similarity([np.ones(3)], [np.ones((2, 3))])
    with pytest.raises(InputError, match="must be as many; got 1 and 2"):
        model.similarity_pairwise([np.ones((1, 3))], [np.ones((1, 3)), np.ones((1, 3))])
    with pytest.raises(InputError, match="top_k"):
        MultiVectorCorpus([np.ones((1, 3))]).search([np.ones((1, 3))], 0)
    with pytest.raises(InputError, match="NaN"):
        MultiVectorCorpus([np.full((1, 3), np.nan)])
    model.query_expansion = {"strategy": "fixed", "length": 500}
    with pytest.raises(InputError, match="reads 128 tokens at the most; its settings for a query say 500"):
        model.encode_query("a")
    model.query_expansion = None
    with pytest.raises(InputError, match="makes one a text"):
        MultiVectorEncoder(modules=[models.Transformer(str(folders["bert"])), models.Pooling(32)], device="cpu")
