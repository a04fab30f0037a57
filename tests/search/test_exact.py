"""Exact search: against sorting all scores, whatever the chunks, with ties; and what it refuses."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from sbert import util
from sbert.errors import DimensionError, InputError
from sbert.search import Corpus, Hits, search
from sbert.search.selection import _best_columns_by_partition, best, best_columns, best_of_tensor, places_above
from sbert.similarity import SimilarityFunction, cos_sim, dot_score, euclidean_sim


def vectors(rows, width, seed=0):
    return np.random.default_rng(seed).standard_normal((rows, width)).astype(np.float32)


def by_sorting(scores, top_k):
    """The reference: every score sorted, ties in the order of the corpus."""
    ids = np.argsort(-scores, axis=1, kind="stable")[:, :top_k]
    return np.take_along_axis(scores, ids, axis=1), ids


@st.composite
def whole_numbers(draw):
    """Queries and a corpus whose dot products are whole numbers, exact in float32 and full of ties."""
    width = draw(st.integers(1, 3))
    rows = st.integers(1, 40)
    elements = st.integers(-2, 2)
    queries = draw(hnp.arrays(np.int8, st.tuples(st.integers(1, 5), st.just(width)), elements=elements))
    return queries, draw(hnp.arrays(np.int8, st.tuples(rows, st.just(width)), elements=elements))


@given(whole_numbers(), st.integers(1, 45), st.integers(1, 6), st.integers(1, 45), st.booleans())
def test_ties_are_in_the_order_of_the_corpus_whatever_the_chunks(inputs, top_k, query_step, corpus_step, as_tensor):
    """Also those at the end, where only some of the rows that tie are hits."""
    queries, corpus = inputs
    scores, ids = by_sorting(queries.astype(int) @ corpus.T.astype(int), top_k)
    hits = search(
        torch.from_numpy(queries) if as_tensor else queries,
        torch.from_numpy(corpus) if as_tensor else corpus,
        top_k=top_k,
        score_function="dot",
        query_chunk_size=query_step,
        corpus_chunk_size=corpus_step,
    )
    assert (hits.scores.dtype, hits.ids.dtype) == (np.float32, np.int64)
    np.testing.assert_array_equal(hits.scores, scores)
    np.testing.assert_array_equal(hits.ids, ids)


@pytest.mark.parametrize("score_function", [cos_sim, dot_score, euclidean_sim])
@pytest.mark.parametrize("of", [np.asarray, torch.from_numpy])
def test_hits_are_those_of_sorting_all_scores(score_function, of):
    """On a corpus wide enough for the search by blocks."""
    queries, corpus = vectors(7, 16), vectors(5000, 16, 1)
    scores, ids = by_sorting(score_function(queries, corpus), 10)
    for corpus_step in (100_000, 1700):
        hits = search(of(queries), of(corpus), score_function=score_function, corpus_chunk_size=corpus_step)
        np.testing.assert_allclose(hits.scores, scores, rtol=1e-4, atol=1e-5)
        np.testing.assert_array_equal(hits.ids, ids)


@pytest.mark.parametrize("name", SimilarityFunction.possible_values())
def test_a_name_and_a_function_of_ones_own_give_the_same(name):
    queries, corpus = vectors(5, 8), vectors(60, 8, 1)
    function = SimilarityFunction.to_similarity_fn(name)
    by_name = search(queries, corpus, score_function=name)
    by_call = search(queries, corpus, score_function=lambda a, b: function(a, b), query_chunk_size=2)
    np.testing.assert_allclose(by_name.scores, by_call.scores, rtol=1e-5, atol=1e-6)
    np.testing.assert_array_equal(by_name.ids, by_call.ids)


def test_a_function_of_ones_own_gets_the_kind_of_the_corpus():
    seen = []

    def product(a, b):
        seen.append((type(a), type(b)))
        return a @ b.T

    queries, corpus = vectors(2, 4), vectors(9, 4, 1)
    hits = search(queries, torch.from_numpy(corpus).requires_grad_(), score_function=product)
    np.testing.assert_array_equal(hits.ids, search(queries, corpus, score_function=dot_score).ids)
    search(torch.from_numpy(queries), corpus, score_function=product)
    assert seen == [(torch.Tensor, torch.Tensor), (np.ndarray, np.ndarray)]


@pytest.mark.parametrize("dtype", [torch.float64, torch.float16, torch.bfloat16])
def test_other_floats_are_searched_in_float32(dtype):
    queries, corpus = torch.from_numpy(vectors(3, 8)).to(dtype), torch.from_numpy(vectors(50, 8, 1)).to(dtype)
    hits = search(queries, corpus)
    np.testing.assert_array_equal(hits.ids, search(queries.float().numpy(), corpus.float().numpy()).ids)
    np.testing.assert_array_equal(hits.ids, search(queries, corpus.float().numpy()).ids)


def test_one_query_and_a_short_corpus():
    """(d,) is one query; a corpus smaller than top_k is given whole; a zero row has the cosine 0, not NaN."""
    hits = search([1.0, 0.0], [[0.0, 0.0], [-1.0, 0.0], [3.0, 0.0]])
    np.testing.assert_array_equal(hits.ids, [[2, 0, 1]])
    np.testing.assert_array_equal(hits.scores, [[1, 0, -1]])


@pytest.mark.parametrize("empty", [[], np.empty((0, 4), np.float32), torch.empty(0, 4)])
def test_nothing_is_found_in_nothing(empty):
    assert search(vectors(3, 4), empty).ids.shape == (3, 0)
    assert search(empty, vectors(3, 4)).ids.shape == (0, 3)
    assert util.semantic_search(vectors(3, 4), empty) == [[], [], []]


@pytest.mark.parametrize("k", [1, 3, 16])
@pytest.mark.parametrize("width", [16, 100, 128 * 32, 128 * 32 + 5])
def test_the_ways_to_select_agree(k, width):
    """By blocks, by partition, on a device: the same columns, ties to the left, -inf among the scores."""
    generator = np.random.default_rng(k + width)
    for levels in (2, 50, 100_000):
        scores = generator.integers(0, levels, (5, width)).astype(np.float32)
        scores[0] = -np.inf
        scores[1, 1:] = -np.inf
        expected = np.sort(by_sorting(scores, k)[1], axis=1)
        np.testing.assert_array_equal(best_columns(scores, k), expected)
        np.testing.assert_array_equal(_best_columns_by_partition(scores, k), expected)
        np.testing.assert_array_equal(best_of_tensor(torch.from_numpy(scores), k)[1], expected)
        np.testing.assert_array_equal(best(scores, k)[1], by_sorting(scores, k)[1])


@given(hnp.arrays(np.int8, st.tuples(st.integers(1, 3), st.integers(256, 600)), elements=st.integers(-3, 3)))
def test_blocks_lose_nothing(scores):
    scores = scores.astype(np.float32)
    np.testing.assert_array_equal(best_columns(scores, 1)[:, 0], scores.argmax(axis=1))
    np.testing.assert_array_equal(best_columns(scores, 2), _best_columns_by_partition(scores, 2))


@given(hnp.arrays(np.int8, st.integers(0, 600), elements=st.integers(-9, 9)), st.integers(-10, 10))
def test_places_above_a_threshold_lose_nothing(scores, threshold):
    scores = scores.astype(np.float32)
    np.testing.assert_array_equal(places_above(scores, threshold), np.flatnonzero(scores >= threshold))


def test_memory_is_one_block_of_scores():
    """No copy of the corpus, which is 20 MB: a block of scores (0.4 MB) and what is made of a chunk."""
    queries, corpus = vectors(100, 50), vectors(100_000, 50, 1)
    tracemalloc.start()
    search(queries, corpus, corpus_chunk_size=1000)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 3 * 2**20


def test_a_memory_map_is_searched(tmp_path):
    corpus = vectors(50, 4)
    np.save(tmp_path / "corpus.npy", corpus)
    mapped = np.load(tmp_path / "corpus.npy", mmap_mode="r")
    np.testing.assert_array_equal(search(corpus[:3], mapped, top_k=1, corpus_chunk_size=7).ids[:, 0], [0, 1, 2])


def test_hits_show_themselves():
    hits = Hits(np.array([[0.5, 0.25, 0.125, 0]], np.float32), np.array([[7, 3, 2, 1]]))
    assert repr(hits) == "Hits(1 query x 4 hits; first query: 7 at 0.5000, 3 at 0.2500, 2 at 0.1250, ...)"
    assert repr(search(vectors(2, 4), [])) == "Hits(2 queries x 0 hits)"
    assert len(hits) == 1
    assert hits.to_dicts()[0][0] == {"corpus_id": 7, "score": 0.5}
    assert [type(value) for value in hits.to_dicts()[0][0].values()] == [int, float]


def test_semantic_search_is_search_as_dicts():
    queries, corpus = vectors(4, 8), vectors(30, 8, 1)
    assert (
        util.semantic_search(queries, corpus, 2, 7, 3, dot_score)
        == search(queries, corpus, top_k=3, score_function="dot", query_chunk_size=2, corpus_chunk_size=7).to_dicts()
    )


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("score_function", ["cosine", "dot", "euclidean"])
@pytest.mark.parametrize("of", [np.asarray, torch.from_numpy])
def test_nan_and_infinity_are_refused(bad, score_function, of):
    """The first such row is named, counted from the start of the argument and not of its chunk."""
    good, spoilt = vectors(20, 4), vectors(20, 4)
    spoilt[13, 2] = spoilt[17, 0] = bad
    options = {"score_function": score_function, "query_chunk_size": 5, "corpus_chunk_size": 5}
    with pytest.raises(InputError, match="corpus_embeddings holds NaN or infinity, first in row 13"):
        search(of(good), of(spoilt), **options)
    with pytest.raises(InputError, match="query_embeddings holds NaN or infinity, first in row 13"):
        search(of(spoilt), of(good), **options)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda x: search(x, x[:, :3]), DimensionError, "query_embeddings and corpus_embeddings .* got 4 and 3"),
        (
            lambda x: search(x, x[None]),
            InputError,
            r"corpus_embeddings must have one or two dimensions, .* \(1, 9, 4\)",
        ),
        (lambda x: search(x, x, top_k=0), InputError, "top_k must be a whole number of at least 1; got 0"),
        (lambda x: search(x, x, top_k=1.5), InputError, "top_k must be a whole number of at least 1; got 1.5"),
        (lambda x: search(x, x, query_chunk_size=0), InputError, "query_chunk_size must be .* got 0"),
        (lambda x: search(x, x, corpus_chunk_size=-1), InputError, "corpus_chunk_size must be .* got -1"),
        (lambda x: search(x, x, score_function="cosin"), InputError, "Did you mean 'cosine'"),
        (lambda x: search(x, x, score_function=3), InputError, "score_function must be a function or .* got 3"),
        (lambda x: search(x, x, score_function=util.pairwise_cos_sim), InputError, r"the shape \(9, 9\); got \(1, 9\)"),
        (lambda x: search(x, x, score_function=lambda a, b: a @ b.T * np.nan), InputError, "NaN, first for query 0"),
        (lambda x: search(x, x * np.float32(1e30)), InputError, "corpus_embeddings holds numbers too great .* row 0"),
    ],
)
def test_what_cannot_be_searched_is_refused(call, error, message):
    with pytest.raises(error, match=message):
        call(vectors(9, 4))


def test_normalize_keeps_shape_and_kind():
    rows = vectors(3, 4)
    expected = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    np.testing.assert_allclose(util.normalize_embeddings(rows), expected, rtol=1e-6)
    np.testing.assert_allclose(util.normalize_embeddings(torch.from_numpy(rows)), expected, rtol=1e-6)
    np.testing.assert_allclose(util.normalize_embeddings(rows.tolist()), expected, rtol=1e-6)
    np.testing.assert_allclose(util.normalize_embeddings(rows[0]), expected[0], rtol=1e-6)
    assert util.normalize_embeddings(torch.ones(2, 3, 4)).shape == (2, 3, 4)
    assert not util.normalize_embeddings(np.zeros((1, 4))).any()


def test_truncate_keeps_the_first_numbers():
    rows = vectors(3, 4)
    np.testing.assert_array_equal(util.truncate_embeddings(rows, 2), rows[:, :2])
    assert util.truncate_embeddings(torch.ones(3, 4), None).shape == (3, 4)
    assert util.truncate_embeddings(rows[0], 9).shape == (4,)
    with pytest.raises(InputError, match="truncate_dim must be at least 1, or None to keep all; got 0"):
        util.truncate_embeddings(rows, 0)


def test_batch_to_device_moves_tensors_only():
    batch = {"input_ids": torch.ones(1, 2), "modality": "text"}
    assert util.batch_to_device(batch, "meta") is batch
    assert (batch["input_ids"].device.type, batch["modality"]) == ("meta", "text")


def test_public_names_are_there():
    for name in util.__all__:
        assert hasattr(util, name)
    assert util.pytorch_cos_sim is util.cos_sim is cos_sim


# --- a prepared corpus ------------------------------------------------------------------------------------------------


@given(
    hnp.arrays(np.int8, (17, 3), elements=st.integers(-3, 3)),
    st.integers(1, 20),
    st.integers(1, 20),
    st.sampled_from(["dot", "euclidean"]),
)
def test_a_prepared_corpus_gives_what_search_gives(rows, top_k, chunk_size, score_function):
    corpus = Corpus(rows, score_function=score_function, chunk_size=chunk_size)
    expected = search(rows[:5], rows, top_k=top_k, score_function=score_function)
    for _ in range(2):
        found = corpus.search(rows[:5], top_k)
        np.testing.assert_array_equal(found.ids, expected.ids)
        np.testing.assert_array_equal(found.scores, expected.scores)


def test_a_prepared_corpus_of_cosines_tensors_and_nothing():
    rows = np.random.default_rng(0).standard_normal((300, 16)).astype(np.float32)
    expected = search(rows[:7], rows, top_k=9)
    for same in (rows, torch.from_numpy(rows), rows.astype(np.float64)):
        found = Corpus(same, chunk_size=64).search(rows[:7], top_k=9)
        np.testing.assert_array_equal(found.ids, expected.ids)
        np.testing.assert_allclose(found.scores, expected.scores, atol=1e-6)
    assert len(Corpus(rows)) == 300
    assert Corpus(np.empty((0, 4), np.float32)).search([[1.0] * 4]).ids.shape == (1, 0)
    with pytest.raises(InputError, match=r"embeddings holds NaN or infinity, first in row 2"):
        Corpus([[1.0], [2.0], [np.nan]])
    with pytest.raises(DimensionError):
        Corpus(rows).search([[1.0, 2.0]])


@settings(max_examples=30)
@given(
    st.integers(0, 2**32 - 1), st.integers(1, 400), st.sampled_from([1, 7, 30, 500]), st.sampled_from(["cosine", "dot"])
)
def test_a_first_pass_in_bytes_loses_nothing(seed, rows, top_k, score_function):
    """Copies, near-copies, zeros, and vectors of very different lengths among them."""
    generator = np.random.default_rng(seed)
    corpus = generator.standard_normal((rows, 12)).astype(np.float32)
    corpus *= 10.0 ** generator.integers(-3, 3, (rows, 1))
    corpus[generator.integers(0, rows, rows // 3)] = corpus[0]
    corpus[::5] += np.float32(1e-3) * generator.standard_normal(corpus[::5].shape).astype(np.float32)
    corpus[rows // 2] = 0
    queries = generator.standard_normal((3, 12)).astype(np.float32)
    expected = Corpus(corpus, score_function=score_function).search(queries, top_k)
    found = Corpus(corpus, score_function=score_function, first_pass="int8").search(queries, top_k)
    assert found.ids.shape == expected.ids.shape
    sizes = np.linalg.norm(corpus, axis=1).max() if score_function == "dot" else 1
    np.testing.assert_allclose(found.scores, expected.scores, atol=4e-6 * sizes, rtol=1e-6)
    assert all(len(set(ids)) == len(ids) for ids in found.ids.tolist())
    if score_function == "dot":
        of_ids = np.einsum("qd,qkd->qk", queries, corpus[found.ids])
        np.testing.assert_allclose(of_ids, found.scores, atol=4e-6 * sizes, rtol=1e-6)


def test_equal_vectors_keep_their_order_in_a_first_pass():
    corpus = np.eye(4, dtype=np.float32)[[1, 0, 1, 0, 2, 0, 1] * 30]
    expected = search(np.eye(4)[:3], corpus, top_k=40)
    found = Corpus(corpus, first_pass="int8").search(np.eye(4)[:3], 40)
    np.testing.assert_array_equal(found.ids, expected.ids)


def test_a_first_pass_looks_at_few_vectors(monkeypatch):
    rows = np.random.default_rng(0).standard_normal((5000, 64)).astype(np.float32)
    corpus = Corpus(rows, first_pass="int8")
    counts = []
    candidates = corpus._first_pass._candidates
    monkeypatch.setattr(
        corpus._first_pass, "_candidates", lambda *given: counts.append(len(found := candidates(*given))) or found
    )
    corpus.search(rows[:20] + 0.5, 10)
    assert len(counts) == 20
    assert min(counts) >= 10
    assert max(counts) < 200


def test_first_passes_that_are_not_possible():
    with pytest.raises(InputError, match="first_pass must be one of 'int8'; got 'int4'"):
        Corpus([[1.0]], first_pass="int4")
    with pytest.raises(InputError, match="for the cosine and the dot product"):
        Corpus([[1.0]], first_pass="int8", score_function="euclidean")
    assert Corpus(np.empty((0, 4), np.float32), first_pass="int8").search([[1.0] * 4]).ids.shape == (1, 0)
    assert Corpus(np.ones((3, 4)), first_pass="int8").search(np.empty((0, 4))).ids.shape == (0, 3)
