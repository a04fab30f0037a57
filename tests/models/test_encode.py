"""What goes into ``encode`` and what comes out, on the real MiniLM."""

import threading
import warnings
from contextlib import contextmanager

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from sbert import SentenceTransformer
from sbert.errors import (
    EngineError,
    InputError,
    NotTextError,
    SbertError,
    SbertWarning,
    TruncationError,
    TruncationWarning,
)
from sbert.models import encoding

TEXTS = ["A man is eating food.", "The girl is carrying a baby.", "Two words", "", "Ünïcödé 日本語 😀"]


def test_known_values(minilm):
    """The published model's vector for a known text."""
    np.testing.assert_allclose(minilm.encode("hello world")[:4], [-0.0345, 0.0310, 0.0067, 0.0261], atol=5e-5)


def test_shapes_and_dtypes(minilm):
    assert minilm.encode(TEXTS).shape == (5, 384)
    assert minilm.encode(TEXTS).dtype == np.float32
    assert minilm.encode("one").shape == (384,)
    assert minilm.encode(["one"]).shape == (1, 384)
    np.testing.assert_allclose(np.linalg.norm(minilm.encode(TEXTS), axis=1), 1, atol=1e-6)


@pytest.mark.parametrize("empty", [[], (), iter([]), np.array([], dtype=str)])
def test_no_texts_give_no_rows(minilm, empty):
    vectors = minilm.encode(empty)
    assert vectors.shape == (0, 384)
    assert vectors.dtype == np.float32
    tensors = minilm.encode([], convert_to_tensor=True)
    assert tensors.shape == (0, 384)
    assert tensors.dtype == torch.float32
    assert minilm.encode([], precision="int8").shape == (0, 384)
    assert minilm.encode([], precision="ubinary").shape == (0, 48)


@pytest.mark.parametrize(
    "inputs",
    [
        tuple(TEXTS),
        (text for text in TEXTS),
        np.array(TEXTS),
        np.array(TEXTS, dtype=object),
        dict.fromkeys(TEXTS).keys(),
    ],
    ids=["tuple", "generator", "array", "object array", "keys view"],
)
def test_any_collection_of_texts(minilm, inputs):
    np.testing.assert_array_equal(minilm.encode(inputs), minilm.encode(TEXTS))


def test_the_old_name_of_inputs(minilm):
    np.testing.assert_array_equal(minilm.encode(sentences=TEXTS), minilm.encode(TEXTS))


def test_a_tuple_is_a_batch_and_a_tuple_in_a_list_is_a_pair(minilm):
    assert minilm.encode(("a", "b")).shape == (2, 384)
    assert minilm.encode([("a", "b")]).shape == (1, 384)


def test_tensors(minilm):
    vectors = minilm.encode(TEXTS)
    tensors = minilm.encode(TEXTS, convert_to_tensor=True)
    np.testing.assert_array_equal(tensors.numpy(), vectors)
    (tensors * torch.ones(384, requires_grad=True)).sum().backward()  # usable in a graph
    rows = minilm.encode(TEXTS, convert_to_numpy=False)
    assert isinstance(rows, list)
    np.testing.assert_array_equal(torch.stack(rows).numpy(), vectors)


def test_token_embeddings(minilm):
    tokens = minilm.encode(TEXTS[:2], output_value="token_embeddings")
    assert [rows.shape for rows in tokens] == [(8, 384), (9, 384)]
    means = np.stack([rows.mean(axis=0) for rows in tokens])
    means /= np.linalg.norm(means, axis=1, keepdims=True)
    np.testing.assert_allclose(means, minilm.encode(TEXTS[:2]), atol=1e-6)
    everything = minilm.encode(TEXTS[:2], output_value=None)
    np.testing.assert_array_equal(everything[1]["sentence_embedding"], minilm.encode(TEXTS[:2])[1])
    np.testing.assert_array_equal(everything[1]["token_embeddings"], tokens[1])
    assert len(everything[1]["input_ids"]) == 9


def test_truncate_dim_then_normalise(minilm):
    whole = minilm.encode(TEXTS)
    np.testing.assert_array_equal(minilm.encode(TEXTS, truncate_dim=32), whole[:, :32])
    unit = minilm.encode(TEXTS, truncate_dim=32, normalize_embeddings=True)
    np.testing.assert_allclose(unit, whole[:, :32] / np.linalg.norm(whole[:, :32], axis=1, keepdims=True), rtol=1e-5)
    with minilm.truncate_embeddings(16):
        assert minilm.encode("x").shape == (16,)
        assert minilm.get_embedding_dimension() == 16
    assert minilm.get_embedding_dimension() == 384


@pytest.mark.parametrize(
    ("precision", "dtype", "width"),
    [("int8", np.int8, 384), ("uint8", np.uint8, 384), ("binary", np.int8, 48), ("ubinary", np.uint8, 48)],
)
def test_precisions(minilm, precision, dtype, width):
    texts = [f"text number {number}" for number in range(120)]
    codes = minilm.encode(texts, precision=precision)
    assert (codes.dtype, codes.shape) == (dtype, (120, width))
    if "binary" in precision:
        bits = minilm.encode(texts) > 0
        packed = np.packbits(bits, axis=1)
        np.testing.assert_array_equal(codes.view(np.uint8) ^ (128 if precision == "binary" else 0), packed)


@pytest.mark.parametrize("precision", ["int8", "uint8"])
def test_one_text_has_no_ranges(minilm, precision):
    with pytest.raises(InputError, match="ranges"):
        minilm.encode("one text", precision=precision)
    assert minilm.encode("one text", precision="ubinary").shape == (48,)


# --- the same text, the same bits -----------------------------------------------------------------------------------


words = st.text(st.characters(codec="utf-8"), max_size=30)
texts = st.lists(st.one_of(words, st.lists(words, max_size=40).map(" ".join)), min_size=2, max_size=24)


@given(texts=texts, data=st.data())
@settings(max_examples=25, deadline=None)
def test_same_text_same_bits(minilm, texts, data):
    """Alone, in any batch and in any order, a text has the same vector, bit for bit, in float32."""
    same_bits(minilm, texts, data)


@given(texts=texts, data=st.data())
@settings(max_examples=15, deadline=None)
def test_same_text_same_bits_in_bfloat16(minilm_bf16, texts, data):
    same_bits(minilm_bf16, texts, data)


def same_bits(model, texts, data):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", TruncationWarning)
        together = model.encode(texts)
        order = data.draw(st.permutations(range(len(texts))))
        np.testing.assert_array_equal(model.encode([texts[i] for i in order]), together[order])
        np.testing.assert_array_equal(model.encode(texts, batch_size=data.draw(st.integers(1, 5))), together)
        index = data.draw(st.integers(0, len(texts) - 1))
        np.testing.assert_array_equal(model.encode(texts[index]), together[index])
        # Among many others of all padded lengths.
        filler = ["word " * count for count in range(1, 40, 3)]
        np.testing.assert_array_equal(model.encode([*filler, *texts])[len(filler) :], together)
        # As in a big job: several batches at once, window after window.
        with in_bulk(model, window=data.draw(st.integers(1, 30))):
            np.testing.assert_array_equal(model.encode([*filler, *texts])[len(filler) :], together)


@contextmanager
def in_bulk(model, window):
    """Let a model run small jobs as it runs those of millions of tokens."""
    choose, before = model.engine.for_bulk, encoding.WINDOW
    model.engine.for_bulk = lambda _: choose(1 << 40)
    encoding.WINDOW = window
    try:
        yield
    finally:
        del model.engine.for_bulk
        encoding.WINDOW = before


def test_a_big_job_runs_several_batches_at_once(minilm):
    """And a small one does not, since it would wait for a second graph."""
    workers, _ = minilm.engine.for_bulk(1 << 40)
    assert workers == minilm.engine.cores
    assert SentenceTransformer("all-MiniLM-L6-v2", backend="openvino").engine.for_bulk(30_000)[0] == 1


# --- texts that come more than once ---------------------------------------------------------------------------------


@pytest.mark.parametrize("window", [1, 3, 100])
def test_the_same_text_is_computed_once(minilm, monkeypatch, window):
    """Its vector stands wherever the text does, and counts are of all texts."""
    texts = [f"text {number % 7}" for number in range(50)] + [("text 0", "text 1")] * 2 + ["word " * 300] * 3
    expected = np.stack([minilm.encode([text], on_truncation="ignore")[0] for text in texts])
    tokens = minilm.encode(texts, output_value="token_embeddings", on_truncation="ignore")
    computed = []
    real = minilm.engine.embed
    monkeypatch.setattr(minilm.engine, "embed", lambda batch: computed.append(len(batch.ids)) or real(batch))
    monkeypatch.setattr(encoding, "WINDOW", window)
    np.testing.assert_array_equal(minilm.encode(texts, on_truncation="ignore"), expected)
    assert sum(computed) == 9
    assert (minilm.truncation.texts, minilm.truncation.truncated) == (55, 3)
    assert minilm.truncation.dropped_tokens == 3 * 46
    assert len(tokens) == 55
    np.testing.assert_array_equal(tokens[0], tokens[49])
    assert not np.shares_memory(tokens[0], tokens[49])  # changing one's must not change the other's


def test_errors_name_the_place_in_the_input(minilm, monkeypatch, threads):
    """Though repeated texts are taken together, and in whatever window they are."""
    monkeypatch.setattr(encoding, "WINDOW", 2)
    texts = ["a", "a", "b", "b", "c", "word " * 300, "word " * 300]
    with pytest.raises(TruncationError, match=r"inputs\[5\] has 302 tokens"):
        minilm.encode(texts, on_truncation="error")
    with pytest.raises(NotTextError, match=r"inputs\[4\] is not valid Unicode"):
        minilm.encode(["a", "a", "b", "b", "c\ud800"])
    assert not threads()


def test_an_error_in_one_of_several_batches_ends_the_call(minilm, monkeypatch, threads):
    """The first error is raised, and no thread goes on."""
    choose = minilm.engine.for_bulk

    def failing(batch):
        raise EngineError("broken")

    monkeypatch.setattr(minilm.engine, "for_bulk", lambda _: (3, failing))
    with pytest.raises(EngineError, match="broken"):
        minilm.encode([f"text {number}" for number in range(50)], batch_size=1)
    assert not threads()
    assert choose(1)[0] == 1


@pytest.mark.parametrize("name", ["minilm", "minilm_bf16"])
def test_same_text_same_bits_from_any_thread(request, name):
    model = request.getfixturevalue(name)
    texts = [f"{'some words ' * (number % 23)}number {number}" for number in range(200)]
    expected = model.encode(texts)
    wrong: list[int] = []

    def work(offset: int) -> None:
        mine = texts[offset:] + texts[:offset]
        for size in (None, 1, 7):
            found = model.encode(mine[:60], batch_size=size)
            if not np.array_equal(found, np.concatenate([expected[offset:], expected[:offset]])[:60]):
                wrong.append(offset)

    threads = [threading.Thread(target=work, args=(offset,)) for offset in (0, 31, 64, 97)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


# --- prompts --------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def prompted():
    prompts = {"query": "query: ", "passage": "passage: ", "other": "o: "}
    return SentenceTransformer("all-MiniLM-L6-v2", prompts=prompts, default_prompt_name="other", backend="openvino")


def test_prompts_go_in_front(prompted, minilm):
    def plain(text):
        return minilm.encode(text)

    np.testing.assert_array_equal(prompted.encode("x", prompt_name="query"), plain("query: x"))
    np.testing.assert_array_equal(prompted.encode("x", prompt="p: "), plain("p: x"))
    np.testing.assert_array_equal(prompted.encode("x", prompt=""), plain("x"))
    np.testing.assert_array_equal(prompted.encode("x"), plain("o: x"))
    np.testing.assert_array_equal(prompted.encode_query("x"), plain("query: x"))
    np.testing.assert_array_equal(prompted.encode_document("x"), plain("passage: x"))
    np.testing.assert_array_equal(minilm.encode_query("x"), plain("x"))
    np.testing.assert_array_equal(prompted.encode([("x", "y")]), minilm.encode([("o: x", "y")]))


def test_every_model_has_the_two_usual_prompts(minilm):
    assert minilm.prompts == {"query": "", "document": ""}


def test_prompt_and_its_name_together_are_told(prompted, minilm):
    with pytest.warns(SbertWarning, match="Both prompt and prompt_name"):
        vector = prompted.encode("x", prompt_name="query", prompt="p: ")
    np.testing.assert_array_equal(vector, minilm.encode("p: x"))


def test_unknown_prompts_offer_the_closest(prompted):
    with pytest.raises(
        InputError, match=r"prompt_name 'quary' is not one of the model's prompts.*Did you mean 'query'"
    ):
        prompted.encode("x", prompt_name="quary")
    with pytest.raises(InputError, match="default_prompt_name 'nope' is not one of"):
        SentenceTransformer("all-MiniLM-L6-v2", default_prompt_name="nope")


# --- truncation -----------------------------------------------------------------------------------------------------


def test_truncation_is_told_once_with_counts():
    model = SentenceTransformer("all-MiniLM-L6-v2", backend="openvino")
    long = "word " * 300  # and two special tokens
    with pytest.warns(
        TruncationWarning, match="2 of 3 texts were longer than 256 tokens and were cut: 92 tokens"
    ) as told:
        model.encode([long, "short", long])
    assert len(told) == 1
    assert told[0].filename == __file__  # it points at the caller's line
    assert (model.truncation.texts, model.truncation.truncated, model.truncation.dropped_tokens) == (3, 2, 92)
    model.encode(["short"])
    assert model.truncation.truncated == 0


def test_truncation_can_be_an_error_or_nothing(minilm):
    long = "word " * 300
    with pytest.raises(TruncationError, match=r"inputs\[1\] has 302 tokens; the model reads 256"):
        minilm.encode(["short", long], on_truncation="error")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        minilm.encode([long], on_truncation="ignore")
    assert minilm.truncation.truncated == 1
    with pytest.raises(
        InputError, match=r"on_truncation must be one of 'warn', 'error', 'ignore'; got 'wran'\. Did you mean 'warn'"
    ):
        minilm.encode("x", on_truncation="wran")


def test_max_seq_length_can_be_set():
    model = SentenceTransformer("all-MiniLM-L6-v2", backend="openvino", on_truncation="ignore")
    assert model.max_seq_length == model.get_max_seq_length() == 256
    whole = model.encode("one two three four five")
    model.max_seq_length = 5
    np.testing.assert_array_equal(model.encode("one two three four five"), model.encode("one two three"))
    model.max_seq_length = 512
    np.testing.assert_array_equal(model.encode("one two three four five"), whole)
    with pytest.raises(InputError, match="max_seq_length can be 512 at the most for this model; got 513"):
        model.max_seq_length = 513
    with pytest.raises(InputError, match="max_seq_length must be at least 1; got 0"):
        model.max_seq_length = 0
    with pytest.raises(InputError, match="max_seq_length must be at least 3, as 2 tokens are special ones; got 2"):
        model.max_seq_length = 2


# --- bad input ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        (["a", None], r"inputs\[1\] must be a string; got NoneType None"),
        (["a", "b", 3.5], r"inputs\[2\] must be a string; got float 3.5"),
        ([["a", "b", "c"]], r"inputs\[0\] must be a string; got list"),
        ([b"bytes"], r"inputs\[0\] must be a string; got bytes"),
        (3, "inputs must be a text or texts; got int"),
        (None, "inputs must be a text or texts; got NoneType"),
        ({"a": "b"}, "inputs must be a text or texts; got dict"),
        (["a", "b\ud800"], r"inputs\[1\] is not valid Unicode: half of a surrogate pair at character 1"),
        ([float("nan")], r"inputs\[0\] must be a string; got float nan"),
    ],
)
def test_what_is_not_text_is_named(minilm, inputs, message):
    with pytest.raises(NotTextError, match=message):
        minilm.encode(inputs)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"batch_size": 0}, "batch_size must be a whole number of at least 1, or None; got 0"),
        ({"precision": "int4"}, "precision must be one of 'float32', 'int8'.*got 'int4'"),
        ({"output_value": "sentence"}, "output_value must be one of .*got 'sentence'"),
        ({"truncate_dim": 0}, "truncate_dim must be a whole number of at least 1, or None; got 0"),
        ({"batch_size": "2"}, "batch_size must be a whole number.*got '2'"),
        ({"truncate_dim": 2.5}, r"truncate_dim must be a whole number.*got 2\.5"),
        ({"prompt": 3}, "prompt must be a string, or None; got 3"),
        ({"device": "cuda"}, "The openvino engine computes on the cpu; got device 'cuda'"),
    ],
)
def test_bad_options_are_named(minilm, options, message):
    with pytest.raises(InputError, match=message):
        minilm.encode(["x"], **options)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"backend": "opnvino"},
            "backend must be one of 'auto', 'openvino', 'torch', 'static'; got 'opnvino'. Did you mean 'openvino'",
        ),
        (
            {"dtype": "float23"},
            "dtype must be one of 'float32', 'bfloat16', 'int8'; got 'float23'. Did you mean 'float32'",
        ),
        ({"backend": "openvino", "device": "cuda"}, "backend='openvino' computes on the cpu"),
        ({"similarity_fn_name": "cosin"}, "got 'cosin'. Did you mean 'cosine'"),
        ({"on_truncation": "x"}, "on_truncation must be one of"),
    ],
)
def test_bad_constructor_arguments_are_named(options, message):
    with pytest.raises(SbertError, match=message):
        SentenceTransformer("all-MiniLM-L6-v2", **options)


def test_nothing_to_load_is_told():
    with pytest.raises(InputError, match="Give model_name_or_path"):
        SentenceTransformer()


def test_torch_only_methods_say_what_to_do(minilm):
    with pytest.raises(InputError, match="train\\(\\) needs the torch engine; this model runs on openvino"):
        minilm.train()


# --- comparing ------------------------------------------------------------------------------------------------------


def test_similarity(minilm):
    vectors = minilm.encode(TEXTS)
    scores = minilm.similarity(vectors, vectors)
    np.testing.assert_allclose(scores, vectors @ vectors.T, atol=1e-6)
    np.testing.assert_allclose(minilm.similarity_pairwise(vectors, vectors), 1, atol=1e-6)
    assert minilm.similarity_fn_name == "cosine"


def test_similarity_function_can_be_chosen():
    model = SentenceTransformer("all-MiniLM-L6-v2", similarity_fn_name="euclidean", backend="openvino")
    vectors = model.encode(TEXTS)
    expected = -np.linalg.norm(vectors[:, None] - vectors[None], axis=2)
    np.testing.assert_allclose(model.similarity(vectors, vectors), expected, atol=1e-5)
    model.similarity_fn_name = "dot"
    np.testing.assert_allclose(model.similarity(vectors, vectors), vectors @ vectors.T, atol=1e-6)
