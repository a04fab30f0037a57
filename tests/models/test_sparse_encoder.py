"""SparseEncoder: weights of words beside transformers' own numbers; what is kept, read, compared and saved."""

import json

import numpy as np
import pytest
import scipy.sparse
import torch
from transformers import AutoModelForMaskedLM, AutoTokenizer

from sbert import SentenceTransformer, SparseEncoder
from sbert.checkpoints import read
from sbert.errors import (
    DimensionError,
    InputError,
    NotTextError,
    SbertWarning,
    TruncationWarning,
    UnsupportedModelError,
)
from sbert.models.sparse_rows import greatest
from sbert.search import SparseCorpus
from support.tiny import ARCHITECTURES, WORDS, make_tiny_model, make_tiny_splade

ENGINES = ("openvino", "torch")
TOLERANCE = 1e-4
TEXTS = [
    "The man reads a book.",
    "hello",
    "",
    "Zebras quickly jumped over 42 lazy foxes!",
    "日本語 привет",
    " ".join(WORDS[:60]),
    " ".join(WORDS[::-1]),
    "hello",
]


def weights_by_transformers(folder, texts, strategy="max", activation="relu"):
    """One text at a time, the activation first and the maximum after, as the paper has it."""
    tokenizer = AutoTokenizer.from_pretrained(folder)
    network = AutoModelForMaskedLM.from_pretrained(folder, dtype=torch.float32).eval()
    found = []
    for text in texts:
        features = tokenizer([text], truncation=True, max_length=128, return_tensors="pt")
        features.pop("token_type_ids", None)
        with torch.no_grad():
            logits = network(**features).logits[0].double().numpy()
        weights = np.log1p(np.maximum(logits, 0))
        weights = np.log1p(weights) if activation == "log1p_relu" else weights
        found.append(weights.max(axis=0) if strategy == "max" else weights.sum(axis=0))
    return np.array(found)


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    root = tmp_path_factory.mktemp("splade")
    return {name: make_tiny_splade(root / name, name) for name in ARCHITECTURES}


@pytest.fixture(scope="module")
def bert(folders):
    return SparseEncoder(folders["bert"], backend="openvino", on_truncation="ignore")


# --- vectors ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("architecture", ARCHITECTURES)
@pytest.mark.parametrize("backend", ENGINES)
def test_weights_are_those_of_transformers(folders, architecture, backend):
    model = SparseEncoder(folders[architecture], backend=backend, device="cpu", on_truncation="ignore")
    expected = weights_by_transformers(folders[architecture], TEXTS)
    found = model.encode(TEXTS)
    assert isinstance(found, scipy.sparse.csr_array)
    assert found.shape == expected.shape == (len(TEXTS), model.get_embedding_dimension())
    assert found.dtype == np.float32
    np.testing.assert_allclose(found.toarray(), expected, atol=TOLERANCE)
    assert 0 < found.nnz == np.count_nonzero(found.toarray()) < found.shape[0] * found.shape[1]


@pytest.mark.parametrize("strategy", ["max", "sum"])
@pytest.mark.parametrize("activation", ["relu", "log1p_relu"])
@pytest.mark.parametrize("backend", ENGINES)
def test_poolings(tmp_path, folders, backend, strategy, activation):
    SparseEncoder(folders["roberta"], backend="openvino").save_pretrained(tmp_path / "saved")
    path = tmp_path / "saved" / "1_SpladePooling" / "config.json"
    settings = json.loads(path.read_text())
    path.write_text(json.dumps(settings | {"pooling_strategy": strategy, "activation_function": activation}))
    model = SparseEncoder(tmp_path / "saved", backend=backend, device="cpu", on_truncation="ignore")
    expected = weights_by_transformers(folders["roberta"], TEXTS, strategy, activation)
    np.testing.assert_allclose(model.encode(TEXTS).toarray(), expected, atol=TOLERANCE, rtol=1e-5)


def test_a_decoder_with_weights_of_its_own(tmp_path):
    folder = make_tiny_splade(tmp_path / "untied", "bert", tie_word_embeddings=False)
    model = SparseEncoder(folder, backend="openvino", on_truncation="ignore")
    np.testing.assert_allclose(model.encode(TEXTS).toarray(), weights_by_transformers(folder, TEXTS), atol=TOLERANCE)


def test_the_company_of_a_text_changes_no_bit(bert):
    alone = [bert.encode(text).toarray()[0] for text in TEXTS]
    np.testing.assert_array_equal(bert.encode(TEXTS * 5).toarray(), np.array(alone * 5))
    np.testing.assert_array_equal(bert.encode(TEXTS, batch_size=1).toarray(), alone)


def test_lower_precision_is_near(tmp_path):
    """Of a vocabulary that is long enough to be stored in bytes, and that the head shares."""
    import warnings

    folder = make_tiny_splade(tmp_path / "wide", "bert", vocab_size=1200)
    exact = SparseEncoder(folder, on_truncation="ignore").encode(TEXTS).toarray()
    for dtype in ("bfloat16", "int8"):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # where the processor has no such dtype
            model = SparseEncoder(folder, dtype=dtype, on_truncation="ignore")
        found = model.encode(TEXTS).toarray()
        cosines = (found * exact).sum(1) / np.linalg.norm(found, axis=1) / np.linalg.norm(exact, axis=1)
        assert cosines.min() > 0.99, dtype


# --- what goes in and out -----------------------------------------------------------------------------------------


def test_forms(bert):
    rows = bert.encode(TEXTS)
    single = bert.encode(TEXTS[0])
    assert single.shape == (1, rows.shape[1])
    np.testing.assert_array_equal(single.toarray()[0], rows.toarray()[0])
    empty = bert.encode([])
    assert empty.shape == (0, rows.shape[1])
    assert empty.dtype == np.float32
    tensor = bert.encode(TEXTS, convert_to_tensor=True)
    assert tensor.is_sparse
    np.testing.assert_array_equal(tensor.to_dense().numpy(), rows.toarray())
    full = bert.encode(TEXTS[0], convert_to_tensor=True, convert_to_sparse_tensor=False)
    np.testing.assert_array_equal(full.numpy(), rows.toarray()[0])
    with pytest.raises(NotTextError, match=r"inputs\[1\]"):
        bert.encode(["a", 3])


def test_the_weightiest_words_are_kept(folders, bert):
    exact = bert.encode(TEXTS).toarray()
    for model, options in (
        (bert, {"max_active_dims": 5}),
        (SparseEncoder(folders["bert"], backend="openvino", max_active_dims=5, on_truncation="ignore"), {}),
    ):
        kept = model.encode(TEXTS, **options).toarray()
        assert (np.count_nonzero(kept, axis=1) == 5).all()
        for row, whole in zip(kept, exact, strict=True):
            assert set(np.flatnonzero(row)) == set(np.argsort(-whole, kind="stable")[:5])
            assert (row[row > 0] == whole[row > 0]).all()
    assert np.count_nonzero(bert.encode(TEXTS, max_active_dims=10**6).toarray()) == np.count_nonzero(exact)
    with pytest.raises(InputError, match="max_active_dims"):
        bert.encode(TEXTS, max_active_dims=0)


def test_greatest_is_a_stable_sort():
    generator = np.random.default_rng(0)
    for k in (1, 3, 8, 9):
        rows = generator.integers(0, 4, (40, 8)).astype(np.float32)
        for row, kept in zip(rows, greatest(rows, k), strict=True):
            order = np.argsort(-row, kind="stable")[:k]
            assert set(np.flatnonzero(kept)) == {place for place in order if row[place] > 0}


def test_prompts_and_lengths(folders, bert):
    model = SparseEncoder(folders["bert"], backend="openvino", prompts={"query": "what is "})
    with pytest.warns(TruncationWarning, match="1 of 8 texts"):
        found = model.encode_query(TEXTS)
    np.testing.assert_array_equal(found.toarray(), bert.encode(["what is " + text for text in TEXTS]).toarray())
    np.testing.assert_array_equal(
        model.encode_document(TEXTS, on_truncation="ignore").toarray(), bert.encode(TEXTS).toarray()
    )


# --- comparing and reading ----------------------------------------------------------------------------------------


def test_similarity(folders, bert):
    rows = bert.encode(TEXTS)
    full = rows.toarray().astype(np.float64)
    np.testing.assert_allclose(bert.similarity(rows, rows[:3]), full @ full[:3].T, rtol=1e-5)
    np.testing.assert_allclose(bert.similarity_pairwise(rows[:3], rows[3:6]), (full[:3] * full[3:6]).sum(1), rtol=1e-5)
    tensor = bert.encode(TEXTS, convert_to_tensor=True)
    np.testing.assert_allclose(bert.similarity(tensor, rows.toarray()), full @ full.T, rtol=1e-5)
    cosine = SparseEncoder(folders["bert"], backend="openvino", similarity_fn_name="cosine")
    lengths = np.linalg.norm(full, axis=1)
    np.testing.assert_allclose(cosine.similarity(rows, rows), full @ full.T / np.outer(lengths, lengths), rtol=1e-5)
    with pytest.raises(DimensionError):
        bert.similarity(rows, rows[:, :10])


def test_decode(bert):
    rows = bert.encode(TEXTS)
    words = {number: word for word, number in bert.tokenizer.vocabulary().items()}
    for found, row in zip(bert.decode(rows), rows.toarray(), strict=True):
        order = np.argsort(-row, kind="stable")[: np.count_nonzero(row)]
        assert found == [(words[place], float(row[place])) for place in order]
    assert [len(found) for found in bert.decode(rows, top_k=3)] == [3] * len(TEXTS)
    assert bert.decode(rows.toarray()[0], top_k=2) == bert.decode(rows, top_k=2)[0]


def test_intersection_and_sparsity(bert):
    rows = bert.encode(TEXTS)
    full = rows.toarray()
    np.testing.assert_allclose(bert.intersection(rows[[0]], rows).toarray(), full[0] * full, rtol=1e-6)
    np.testing.assert_allclose(
        bert.intersection(rows[[0]], rows).sum(axis=1), bert.similarity(rows[[0]], rows)[0], rtol=1e-5
    )
    with pytest.raises(InputError, match="must be one vector"):
        bert.intersection(rows, rows)
    active = np.count_nonzero(full) / len(full)
    assert bert.sparsity(rows) == pytest.approx({"active_dims": active, "sparsity_ratio": 1 - active / full.shape[1]})


def test_search_is_that_of_all_products(bert):
    generator = np.random.default_rng(0)
    texts = [" ".join(generator.choice(WORDS, 5)) for _ in range(80)]
    documents, queries = bert.encode(texts, max_active_dims=20), bert.encode(TEXTS, max_active_dims=10)
    hits = SparseCorpus(documents).search(queries, 7)
    scores = (queries @ documents.T).toarray()
    np.testing.assert_array_equal(hits.ids, np.argsort(-scores, axis=1, kind="stable")[:, :7])
    np.testing.assert_allclose(hits.scores, -np.sort(-scores, axis=1)[:, :7], rtol=1e-6)
    assert SparseCorpus(documents[:3]).search(queries, 7).ids.shape == (len(TEXTS), 3)
    with pytest.raises(DimensionError, match="of two models"):
        SparseCorpus(documents).search(queries[:, :9])


# --- saving, and other families -----------------------------------------------------------------------------------


@pytest.mark.parametrize("architecture", ["bert", "distilbert", "modernbert"])
@pytest.mark.parametrize("backend", ENGINES)
def test_saved_and_loaded(tmp_path, folders, architecture, backend):
    model = SparseEncoder(
        folders[architecture], backend=backend, device="cpu", max_active_dims=9, on_truncation="ignore"
    )
    model.save_pretrained(tmp_path / "saved")
    again = SparseEncoder(tmp_path / "saved", backend="openvino", on_truncation="ignore")
    np.testing.assert_allclose(again.encode(TEXTS).toarray(), model.encode(TEXTS).toarray(), atol=1e-5)
    assert again.max_active_dims == 9
    assert read(tmp_path / "saved").model_type == "SparseEncoder"
    assert "sparse-encoder" in (tmp_path / "saved" / "README.md").read_text()


def test_a_network_without_the_head(tmp_path):
    folder = make_tiny_model(tmp_path / "dense", "bert")
    told = pytest.warns(SbertWarning, match="saved as a SentenceTransformer; only its network is used, under the head")
    with told, pytest.raises(UnsupportedModelError, match="no head that tells words"):
        SparseEncoder(folder, backend="openvino")


def test_a_sentence_transformer_of_a_sparse_encoder(tmp_path, folders):
    SparseEncoder(folders["bert"], backend="openvino").save_pretrained(tmp_path / "saved")
    with pytest.warns(SbertWarning, match="saved as a SparseEncoder"):
        model = SentenceTransformer(tmp_path / "saved", backend="openvino")
    assert model.encode("hello").shape == (32,)
