"""Texts longer than the model reads: in chunks, by late chunking, or refused."""

import warnings
from itertools import pairwise

import numpy as np
import pytest

from sbert import SentenceTransformer
from sbert.errors import InputError, NotTextError, TruncationError, TruncationWarning
from sbert.models import long_documents
from sbert.text import make_batch
from sbert.text.chunking import Framed, documents, plan_chunks
from support.tiny import WORDS, make_tiny_model


def words(count, seed=0):
    return " ".join(np.random.default_rng(seed).choice(WORDS, count))


def unit(vector):
    return vector / np.linalg.norm(vector)


@pytest.fixture(scope="module", params=["openvino", "torch"])
def tiny(request, tmp_path_factory):
    """A model that reads 24 tokens and has positions for 128."""
    folder = make_tiny_model(tmp_path_factory.mktemp("tiny"), "bert")
    model = SentenceTransformer(folder, backend=request.param, device="cpu", prompts={"query": "a dog "})
    model.max_seq_length = 24
    return model


TEXTS = ["the cat", words(100), "", words(22), words(300, 1), words(23, 2)]


@pytest.mark.parametrize("method", ["chunk", "late"])
@pytest.mark.parametrize("prompt", [None, "a dog "])
def test_short_texts_get_the_vectors_that_they_always_get(tiny, method, prompt):
    texts = [text for text in TEXTS if len(text.split()) <= 20]
    np.testing.assert_array_equal(tiny.encode(texts, on_long=method, prompt=prompt), tiny.encode(texts, prompt=prompt))
    chunks = tiny.encode_chunks(texts, prompt=prompt, on_long=method)
    np.testing.assert_array_equal(chunks.vectors, tiny.encode(texts, prompt=prompt))
    assert chunks.spans.tolist() == [[0, len(text)] for text in texts]


@pytest.mark.parametrize("method", ["chunk", "late"])
def test_short_texts_among_long_ones(minilm, method):
    """Same bits in any company, on the engine that promises it."""
    texts = ["the cat", words(600), "", words(50)]
    found = minilm.encode(texts, on_long=method)
    short = [0, 2, 3]
    np.testing.assert_array_equal(found[short], minilm.encode([texts[index] for index in short]))
    np.testing.assert_array_equal(found[1], minilm.encode(texts[1], on_long=method))


def test_a_chunk_is_the_text_of_its_tokens(tiny):
    """Where words are whole tokens, a chunk's vector is the vector of its own passage."""
    chunks = tiny.encode_chunks(TEXTS, chunk_overlap=4)
    np.testing.assert_allclose(chunks.vectors, tiny.encode(chunks.passages(TEXTS)), atol=2e-6)
    assert chunks.tokens.max() == 22
    assert chunks.text_index.tolist() == sorted(chunks.text_index)
    assert set(chunks.text_index) == set(range(len(TEXTS)))
    words_of = [passage.split() for passage in chunks.of(1).passages(TEXTS)]
    assert all(one[-4:] == other[:4] for one, other in pairwise(words_of))


def test_the_pooled_vector_is_the_mean_by_new_tokens(tiny):
    chunks = tiny.encode_chunks(TEXTS, chunk_overlap=4).of(1)
    weights = chunks.tokens - np.array([0] + [4] * (len(chunks) - 1))
    assert weights.sum() == 100
    expected = unit(np.average(chunks.vectors, axis=0, weights=weights))
    np.testing.assert_allclose(tiny.encode(TEXTS[1], on_long="chunk", chunk_overlap=4), expected, atol=1e-6)


def test_a_prompt_stands_in_front_of_each_chunk(tiny):
    chunks = tiny.encode_chunks(TEXTS, prompt_name="query")
    assert chunks.tokens.max() == 20  # two tokens are the prompt's
    np.testing.assert_allclose(chunks.vectors, tiny.encode(chunks.passages(TEXTS), prompt_name="query"), atol=2e-6)
    query = tiny.encode_query(TEXTS, on_long="chunk")
    np.testing.assert_array_equal(query, tiny.encode(TEXTS, prompt_name="query", on_long="chunk"))


def test_nothing_goes_unread(tiny):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        tiny.encode(TEXTS, on_long="chunk", on_truncation="error")
        tiny.encode(TEXTS, on_long="late")
    assert (tiny.truncation.texts, tiny.truncation.truncated) == (len(TEXTS), 0)
    with pytest.warns(TruncationWarning):
        tiny.encode(TEXTS)
    assert tiny.truncation.truncated == 3


@pytest.mark.parametrize("prompt", ["", "a dog "])
def test_late_chunks_are_means_over_one_long_forward_pass(tiny, prompt):
    text = words(90)
    chunks = tiny.encode_chunks(text, prompt=prompt, on_long="late", chunk_tokens=10, chunk_overlap=2)
    tokens = tiny._tokenizer.with_max_length(128).batch([prompt + text])
    whole = tiny.engine.embed_tokens(make_batch(tokens, np.array([0]), 96, 0))[0]
    first = 1 + len(prompt.split())
    expected = [unit(whole[first + start : first + end].mean(axis=0)) for start, end in plan_chunks(90, 10, 2)]
    np.testing.assert_allclose(chunks.vectors, expected, atol=1e-5)
    alone = tiny.encode_chunks(text, prompt=prompt, chunk_tokens=10, chunk_overlap=2)
    assert (chunks.spans == alone.spans).all()
    assert np.abs(chunks.vectors - alone.vectors).max() > 0.01  # context makes a difference


def test_documents_beyond_all_positions_are_read_in_windows(tiny):
    """300 tokens where 126 fit: each token is taken from the window that has more around it."""
    text = words(300)
    chunks = tiny.encode_chunks(text, on_long="late", chunk_tokens=20, chunk_overlap=0)
    (document,) = documents(tiny._tokenizer, [text])
    rows = []
    for start, end, first, last in ((0, 126, 0, 110), (95, 221, 110, 197), (174, 300, 197, 300)):
        tokens = Framed(128, 0).batch([document.framed(start, end).tobytes()])
        vectors = tiny.engine.embed_tokens(make_batch(tokens, np.array([0]), 128, 0))[0]
        rows.append(vectors[1 + first - start : 1 + last - start])
    vectors = np.concatenate(rows)
    assert len(vectors) == 300
    expected = [unit(vectors[start : start + 20].mean(axis=0)) for start in range(0, 300, 20)]
    np.testing.assert_allclose(chunks.vectors, expected, atol=1e-5)


def test_small_windows_of_texts_change_nothing(tiny, monkeypatch):
    texts = TEXTS * 3
    seen = []
    expected = tiny.encode_chunks(texts, on_long="late")
    monkeypatch.setattr(long_documents, "WINDOW", 200)
    found = tiny.encode_chunks(texts, on_long="late")
    np.testing.assert_allclose(found.vectors, expected.vectors, atol=2e-6)
    for name in ("text_index", "spans", "tokens"):
        np.testing.assert_array_equal(getattr(found, name), getattr(expected, name))
    for first, window in long_documents._by_characters(texts):
        assert first == len(seen)
        seen += window
    assert seen == texts


def test_refusals(tiny, tmp_path):
    for method in ("chunk", "late"):
        with pytest.raises(InputError, match=r"inputs\[1\] is a pair"):
            tiny.encode(["a", ("a", "b")], on_long=method)
        with pytest.raises(InputError, match="sentence embeddings alone"):
            tiny.encode(TEXTS, on_long=method, output_value="token_embeddings")
        with pytest.raises(InputError, match="prompt leaves no room"):
            tiny.encode(TEXTS, on_long=method, prompt=words(30))
        with pytest.raises(NotTextError, match=r"inputs\[1\] is not valid Unicode"):
            tiny.encode(["a", "b\ud800"], on_long=method)
    with pytest.raises(InputError, match=r"on_long must be one of .* Did you mean 'chunk'"):
        tiny.encode(TEXTS, on_long="chunks")
    with pytest.raises(InputError, match="on_long must be one of 'chunk', 'late'"):
        tiny.encode_chunks(TEXTS, on_long="truncate")
    with pytest.raises(InputError, match="chunk_tokens can be 22 at the most"):
        tiny.encode_chunks(TEXTS, chunk_tokens=23)
    with pytest.raises(InputError, match="chunk_tokens must be a whole number"):
        tiny.encode_chunks(TEXTS, chunk_tokens=0)
    with pytest.raises(InputError, match="chunk_overlap must be a whole number from 0 to 21"):
        tiny.encode(TEXTS, on_long="chunk", chunk_overlap=22)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"pooling": ("cls",)}, "pools by the mean; this one has cls"),
        ({"pooling": ("cls", "mean")}, "pools by the mean; this one has cls, mean"),
        ({"dense": 8}, "does not run the module Dense"),
        ({}, "room for 128 and max_seq_length is 128"),
    ],
)
def test_models_that_late_chunking_does_not_fit(tmp_path, options, message):
    model = SentenceTransformer(make_tiny_model(tmp_path, "bert", **options), backend="openvino")
    with pytest.raises(InputError, match=message):
        model.encode("short", on_long="late")
    assert model.encode(words(300), on_long="chunk").shape == model.encode("x").shape
    if not options:  # room, since the chunks are shorter
        assert len(model.encode_chunks(words(120), on_long="late", chunk_tokens=50, chunk_overlap=0)) == 3


@pytest.mark.parametrize("architecture", ["roberta", "mpnet", "modernbert", "xlm-roberta"])
def test_late_chunking_fills_every_position(tmp_path, architecture):
    model = SentenceTransformer(make_tiny_model(tmp_path, architecture), backend="openvino")
    model.max_seq_length = 30
    chunks = model.encode_chunks([words(400), "short"], on_long="late")
    assert np.isfinite(chunks.vectors).all()
    np.testing.assert_array_equal(chunks.of(1).vectors[0], model.encode("short"))


def test_errors_and_what_wins(tmp_path):
    folder = make_tiny_model(tmp_path, "bert")
    long = words(200)
    strict = SentenceTransformer(folder, backend="openvino", on_long="error")
    with pytest.raises(TruncationError):
        strict.encode(long)
    with pytest.raises(TruncationError):
        strict.encode(long, on_long="error", on_truncation="ignore")
    strict.encode(long, on_truncation="ignore")
    with pytest.warns(TruncationWarning):
        strict.encode(long, on_long="truncate")
    whole = SentenceTransformer(folder, backend="openvino", on_long="chunk")
    np.testing.assert_array_equal(whole.encode(long), strict.encode(long, on_long="chunk"))
    assert whole.fingerprint != strict.fingerprint == SentenceTransformer(folder, backend="openvino").fingerprint
    np.testing.assert_array_equal(
        whole.encode(long, on_long="truncate", on_truncation="ignore"), strict.encode(long, on_truncation="ignore")
    )
    with pytest.raises(InputError, match="on_long must be one of"):
        SentenceTransformer(folder, backend="openvino", on_long="cut")
    whole.on_long = "cut"
    with pytest.raises(InputError, match="on_long must be one of"):
        whole.encode(long)


def test_all_forms_of_output(tiny):
    chunked = tiny.encode(TEXTS, on_long="chunk")
    np.testing.assert_array_equal(tiny.encode(TEXTS, on_long="chunk", truncate_dim=5), chunked[:, :5])
    np.testing.assert_array_equal(
        tiny.encode(TEXTS, on_long="chunk", convert_to_tensor=True, device="cpu").numpy(), chunked
    )
    assert tiny.encode(TEXTS, on_long="chunk", precision="binary").shape == (len(TEXTS), 4)
    assert tiny.encode([], on_long="chunk").shape == (0, 32)
    short = tiny.encode_chunks(TEXTS, truncate_dim=5, normalize_embeddings=True)
    np.testing.assert_allclose(np.linalg.norm(short.vectors, axis=1), 1, atol=1e-6)
    none = tiny.encode_chunks([])
    assert (len(none), none.vectors.shape, none.spans.shape) == (0, (0, 32), (0, 2))
    assert repr(none) == "Chunks(0 chunks of 0 texts, vectors (0, 32) float32)"
    assert repr(tiny.encode_chunks(TEXTS)).startswith("Chunks(25 chunks of 6 texts, vectors (25, 32) float32, 0 to 22 ")


def test_an_answer_at_the_end_of_a_long_document_is_found(minilm):
    """10,000 tokens, of which the model reads 256 at a time."""
    filler = (
        "The committee met again on Tuesday to discuss the budget of the library and the repair of its roof. "
        "Several members asked for figures, which the treasurer promised to bring to the next meeting. "
    )
    answer = "The password of the wireless network in the reading room is blue elephant."
    document = filler * 270 + answer
    question = minilm.encode("What is the wifi password?")
    cut = question @ minilm.encode(document, on_long="truncate", on_truncation="ignore")
    chunks = minilm.encode_chunks([document])
    assert chunks.tokens.sum() > 10_000
    scores = chunks.vectors @ question
    assert answer in chunks.passages([document])[int(scores.argmax())]
    assert scores.max() > cut + 0.1
    others = "The wifi is free.", "Guests may ask the staff."
    assert scores.max() > (minilm.encode(others) @ question).min() > cut  # it would win over such, cut it would not
    assert question @ minilm.encode(document, on_long="chunk") > cut
