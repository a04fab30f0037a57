"""Search in indexes of faiss and usearch: against NumPy's formulas, with ranges given, kept, found again or guessed."""

from __future__ import annotations

import functools
import sys
import warnings

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from sbert.errors import DimensionError, InputError, MissingDependencyError, QuantizationWarning
from sbert.quantization import calibrate_ranges, dequantize_embeddings, quantize_embeddings
from sbert.search.recovery import infer_ranges, ranges_of_unit_vectors
from sbert.util import cos_sim, normalize_embeddings, semantic_search, semantic_search_faiss, semantic_search_usearch


def library_of(search):
    name = search.__name__.removeprefix("semantic_search_")
    return pytest.importorskip(name, reason=f"needs {name}: pip install 'sbert[{name}]'")


ALL = [
    (semantic_search_faiss, "float32"),
    (semantic_search_faiss, "uint8"),
    (semantic_search_faiss, "ubinary"),
    (semantic_search_usearch, "float32"),
    (semantic_search_usearch, "int8"),
    (semantic_search_usearch, "binary"),
    (semantic_search_usearch, "ubinary"),
]
BYTES = [case for case in ALL if case[1].endswith("int8")]
BITS = [case for case in ALL if case[1].endswith("binary")]


@pytest.fixture(params=ALL, ids=lambda case: f"{case[0].__name__[16:]}-{case[1]}")
def case(request):
    library_of(request.param[0])
    return request.param


@pytest.fixture(params=BYTES, ids=lambda case: f"{case[0].__name__[16:]}-{case[1]}")
def of_bytes(request):
    library_of(request.param[0])
    return request.param


@pytest.fixture(params=BITS, ids=lambda case: f"{case[0].__name__[16:]}-{case[1]}")
def of_bits(request):
    library_of(request.param[0])
    return request.param


@functools.cache
def unit_vectors(rows, width, seed=0, spread=2.0):
    """Vectors of length 1 whose dimensions differ in scale and in mean."""
    random = np.random.default_rng(seed)
    scales = np.exp(np.random.default_rng(1).uniform(-spread / 2, spread / 2, width))
    means = np.random.default_rng(2).normal(0, 0.3, width) * scales
    return normalize_embeddings((random.standard_normal((rows, width)) * scales + means).astype(np.float32))


def ids_of(results):
    return [[hit["corpus_id"] for hit in hits] for hits in results]


def scores_of(results):
    return np.array([[hit["score"] for hit in hits] for hits in results])


def reference(queries, corpus, top_k):
    """Exact search by inner product."""
    scores = queries.astype(np.float64) @ corpus.astype(np.float64).T
    order = np.argsort(-scores, axis=1, kind="stable")[:, :top_k]
    return order.tolist(), np.take_along_axis(scores, order, axis=1)


# --- scores -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("search", [semantic_search_faiss, semantic_search_usearch])
def test_float32_is_exact_search(search):
    library_of(search)
    queries, corpus = unit_vectors(20, 24, seed=1), unit_vectors(500, 24)
    results, seconds = search(queries, corpus, top_k=7)
    expected = semantic_search(queries, corpus, top_k=7)
    assert ids_of(results) == ids_of(expected)
    np.testing.assert_allclose(scores_of(results), scores_of(expected), atol=1e-5)
    assert 0 < seconds < 60
    assert type(results[0][0]["corpus_id"]) is int
    assert type(results[0][0]["score"]) is float


def test_one_byte_compares_with_what_the_codes_stand_for(of_bytes):
    search, precision = of_bytes
    queries, corpus = unit_vectors(20, 24, seed=1), unit_vectors(500, 24)
    ranges = calibrate_ranges(corpus)
    codes = quantize_embeddings(corpus, precision, ranges)
    ids, scores = reference(queries, dequantize_embeddings(codes, precision, ranges), 7)
    results, _ = search(queries, codes, corpus_precision=precision, top_k=7, ranges=ranges, rescore_multiplier=4)
    # faiss reads the greatest code half a step higher.
    np.testing.assert_allclose(scores_of(results), scores, atol=2e-3)
    assert np.mean(np.array(ids_of(results)) == ids) > 0.97
    plain, _ = search(queries, codes, corpus_precision=precision, top_k=7, ranges=ranges, rescore=False)
    np.testing.assert_allclose(scores_of(plain), scores, atol=2e-2)
    calibrated, _ = search(
        queries, codes, corpus_precision=precision, top_k=7, calibration_embeddings=corpus, rescore_multiplier=4
    )
    assert calibrated == results


def test_bits_are_rescored_by_signs_of_length_one(of_bits):
    search, precision = of_bits
    queries, corpus = unit_vectors(20, 20, seed=1), unit_vectors(300, 20)  # 20 bits: 4 of the last byte fill it up
    codes = quantize_embeddings(corpus, precision)
    signs = np.where(corpus > 0, 1, -1) / np.sqrt(20)
    results, _ = search(queries, codes, corpus_precision=precision, top_k=5, rescore_multiplier=60)
    ids, scores = reference(queries, signs, 5)
    np.testing.assert_allclose(scores_of(results), scores, atol=1e-5)
    assert np.mean(np.array(ids_of(results)) == ids) > 0.95
    plain, _ = search(queries, codes, corpus_precision=precision, top_k=5, rescore=False)
    differing = ((queries > 0)[:, None] != (corpus > 0)[None]).sum(axis=2)
    np.testing.assert_allclose(scores_of(plain), np.sort(1 - 2 * differing / 24, axis=1)[:, ::-1][:, :5], atol=1e-6)
    asked = quantize_embeddings(queries, precision)
    as_bits, _ = search(asked, codes, corpus_precision=precision, top_k=5)
    np.testing.assert_allclose(scores_of(as_bits), scores_of(plain), atol=1e-6)


def test_floats_are_quantised_here_and_rescore(case):
    search, precision = case
    queries, corpus = unit_vectors(10, 24, seed=1), unit_vectors(300, 24)
    results, _ = search(queries, corpus, corpus_precision=precision, top_k=5, rescore_multiplier=60)
    ids, scores = reference(queries, corpus, 5)
    assert ids_of(results) == ids
    np.testing.assert_allclose(scores_of(results), scores, atol=1e-5)


@pytest.mark.parametrize(("search", "precision"), ALL)
@given(st.integers(2, 40), st.integers(2, 12), st.integers(1, 15), st.integers(1, 3))
@settings(max_examples=20, deadline=None)
def test_hits_are_distinct_sorted_and_as_many_as_there_are(search, precision, rows, width, top_k, multiplier):
    library_of(search)
    corpus, queries = unit_vectors(rows, width, spread=0.5), unit_vectors(3, width, seed=5)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", QuantizationWarning)
        results, _ = search(queries, corpus, corpus_precision=precision, top_k=top_k, rescore_multiplier=multiplier)
    for hits in results:
        ids, scores = [hit["corpus_id"] for hit in hits], [hit["score"] for hit in hits]
        assert len(ids) == len(set(ids)) == min(top_k, rows)
        assert set(ids) <= set(range(rows))
        assert scores == sorted(scores, reverse=True)


def test_tensors_lists_other_floats_and_one_query(case):
    search, precision = case
    queries, corpus = unit_vectors(4, 16, seed=1).astype(np.float16), unit_vectors(200, 16).astype(np.float16)
    options = {"corpus_precision": precision, "top_k": 3, "rescore_multiplier": 60}
    expected = search(queries.astype(np.float32), corpus.astype(np.float32), **options)[0]
    for other in (torch.from_numpy, np.ndarray.tolist, lambda rows: rows.astype(np.float64)):
        assert search(other(queries), other(corpus), **options)[0] == expected
    (one,), _ = search(queries[0], corpus, **options)
    assert [hit["corpus_id"] for hit in one] == ids_of(expected)[0]


def test_queries_as_codes_of_bytes(of_bytes):
    search, precision = of_bytes
    queries, corpus = unit_vectors(20, 24, seed=1), unit_vectors(500, 24)
    ranges = calibrate_ranges(corpus)
    asked, codes = (quantize_embeddings(rows, precision, ranges) for rows in (queries, corpus))
    results, _ = search(asked, codes, corpus_precision=precision, ranges=ranges, top_k=5)
    _, scores = reference(*(dequantize_embeddings(rows, precision, ranges) for rows in (asked, codes)), 5)
    np.testing.assert_allclose(scores_of(results), scores, atol=5e-3)


# --- indexes ----------------------------------------------------------------------------------------------------------


def test_an_index_is_used_again_and_keeps_its_ranges(case):
    search, precision = case
    queries, corpus = unit_vectors(10, 24, seed=1), unit_vectors(100, 24)
    first, _, index = search(queries, corpus, corpus_precision=precision, rescore=False, output_index=True)
    second, _, same = search(queries, corpus_index=index, corpus_precision=precision, rescore=False, output_index=True)
    assert second == first
    assert same is index
    # What was lost is not much, for ranges of 100 vectors that could not be found again from so few.
    if precision.endswith("int8"):
        np.testing.assert_allclose(scores_of(second), reference(queries, corpus, 10)[1], atol=0.03)


def test_bytes_on_disk_rescore_an_index_of_bits(of_bits, tmp_path):
    search, precision = of_bits
    queries, corpus = unit_vectors(10, 24, seed=1), unit_vectors(300, 24)
    ranges = calibrate_ranges(corpus)
    _, _, index = search(queries, corpus, corpus_precision=precision, output_index=True)
    np.save(tmp_path / "codes.npy", quantize_embeddings(corpus, "int8", ranges))
    codes = np.load(tmp_path / "codes.npy", mmap_mode="r")
    found, _ = search(queries, codes, index, corpus_precision=precision, ranges=ranges, top_k=5, rescore_multiplier=60)
    ids, scores = reference(queries, dequantize_embeddings(np.array(codes), "int8", ranges), 5)
    assert ids_of(found) == ids
    np.testing.assert_allclose(scores_of(found), scores, atol=1e-5)


def test_a_faiss_index_of_bytes_holds_its_ranges_in_its_file(tmp_path):
    faiss = library_of(semantic_search_faiss)
    queries, corpus = unit_vectors(10, 24, seed=1), unit_vectors(100, 24)
    for exact in (True, False):
        first, _, index = semantic_search_faiss(
            queries, corpus, corpus_precision="uint8", rescore=False, exact=exact, output_index=True
        )
        faiss.write_index(index, str(tmp_path / "index"))
        read = faiss.read_index(str(tmp_path / "index"))
        assert semantic_search_faiss(queries, None, read, "uint8", rescore=False)[0] == first
        assert scores_of(first) == pytest.approx(reference(queries, corpus, 10)[1], abs=0.03)


def test_a_faiss_index_that_holds_codes_as_numbers():
    """As other libraries make it: the ranges are given, or found from the length 1 of the vectors."""
    faiss = library_of(semantic_search_faiss)
    queries, corpus = unit_vectors(10, 24, seed=1), unit_vectors(2000, 24)
    ranges = calibrate_ranges(corpus)
    codes = quantize_embeddings(corpus, "uint8", ranges)
    index = faiss.IndexFlatIP(24)
    index.add(codes)
    ids, scores = reference(queries, dequantize_embeddings(codes, "uint8", ranges), 5)
    for options in ({"ranges": ranges}, {}):
        found, _ = semantic_search_faiss(queries, None, index, "uint8", top_k=5, **options)
        np.testing.assert_allclose(scores_of(found), scores, atol=0.02)
        assert np.mean(np.array(ids_of(found)) == ids) > 0.9


def test_a_faiss_index_of_floats_is_not_taken_for_one_of_codes():
    faiss = library_of(semantic_search_faiss)
    corpus = unit_vectors(300, 24)
    flat, inverted = faiss.IndexFlatIP(24), faiss.IndexIVFFlat(faiss.IndexFlatIP(24), 24, 4)
    inverted.train(corpus)
    distances = faiss.IndexFlatL2(24)
    flat.add(corpus)
    inverted.add(corpus)
    distances.add(quantize_embeddings(corpus, "uint8"))
    for index, message in ((flat, "no uint8 codes"), (distances, "no uint8 codes"), (inverted, "not give its vectors")):
        with pytest.raises(InputError, match=message):
            semantic_search_faiss(corpus, corpus_index=index, corpus_precision="uint8")
    assert ids_of(semantic_search_faiss(corpus, corpus_index=inverted, top_k=1)[0]) == [[row] for row in range(300)]


def test_a_faiss_index_of_distances_ranks_by_them():
    faiss = library_of(semantic_search_faiss)
    index = faiss.IndexFlatL2(2)
    index.add(np.array([[0, 0], [1, 0], [5, 0]], np.float32))
    assert semantic_search_faiss([1.0, 0.0], corpus_index=index, top_k=2)[0] == [
        [{"corpus_id": 1, "score": 0.0}, {"corpus_id": 0, "score": -1.0}]
    ]


def test_a_usearch_index_with_keys_of_its_own():
    library_of(semantic_search_usearch)
    from usearch.index import Index

    index = Index(ndim=2, metric="ip", dtype="f32")
    index.add(np.array([70, 2**40]), np.array([[1, 0], [3, 4]], np.float32))
    assert semantic_search_usearch([1.0, 0.0], corpus_index=index)[0] == [
        [{"corpus_id": 2**40, "score": 3.0}, {"corpus_id": 70, "score": 1.0}]
    ]


def test_an_index_that_numbers_otherwise_cannot_be_rescored_by_rows():
    library_of(semantic_search_usearch)
    from usearch.index import Index

    corpus = unit_vectors(10, 8)
    index = Index(ndim=8, metric="hamming", dtype="b1")
    index.add(np.arange(10) + 1, quantize_embeddings(corpus, "ubinary"))
    with pytest.raises(InputError, match="names a vector 10 that corpus_embeddings, with 10 rows, does not have"):
        semantic_search_usearch(corpus, corpus, index, "ubinary")


def test_an_index_read_from_a_file_finds_its_ranges_again(tmp_path):
    library_of(semantic_search_usearch)
    from usearch.index import Index

    queries, corpus = unit_vectors(10, 16, seed=1), unit_vectors(1000, 16)
    first, _, index = semantic_search_usearch(
        queries, corpus, corpus_precision="int8", output_index=True, rescore=False
    )
    index.save(tmp_path / "index")
    read = Index.restore(tmp_path / "index")
    second, _ = semantic_search_usearch(queries, None, read, "int8", rescore=False)
    np.testing.assert_allclose(scores_of(second), scores_of(first), atol=0.02)


def test_approximate_search_finds_most(case):
    search, precision = case
    queries, corpus = unit_vectors(20, 24, seed=1), unit_vectors(1000, 24)
    options = {"corpus_precision": precision, "rescore_multiplier": 8}
    exact, _ = search(queries, corpus, **options)
    approximate, _ = search(queries, corpus, exact=False, **options)
    both = [len(set(a) & set(b)) for a, b in zip(ids_of(exact), ids_of(approximate), strict=True)]
    assert np.mean(both) > 8


# --- ranges that nobody passed ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("precision", ["int8", "uint8"])
def test_ranges_are_found_from_the_length_of_the_vectors(precision):
    corpus = unit_vectors(4000, 32)
    ranges = calibrate_ranges(corpus)
    found = ranges_of_unit_vectors(quantize_embeddings(corpus, precision, ranges))
    np.testing.assert_allclose(found[1] - found[0], ranges[1] - ranges[0], rtol=0.1)
    np.testing.assert_allclose(found, ranges, atol=0.05)


@given(st.integers(2, 16), st.integers(0, 2**31), st.floats(0, 1.5))
@settings(max_examples=30, deadline=None)
def test_found_ranges_give_the_vectors_back_or_are_none(width, seed, spread):
    corpus = unit_vectors(60 * width, width, seed=seed, spread=spread)
    ranges = calibrate_ranges(corpus)
    codes = quantize_embeddings(corpus, "int8", ranges)
    found = ranges_of_unit_vectors(codes)
    if found is not None:
        lengths = np.linalg.norm(dequantize_embeddings(codes, "int8", found), axis=1)
        assert np.abs(lengths - 1).mean() < 0.02


def test_ranges_are_found_of_vectors_that_lie_close_together():
    """As those of many models do: cosines of 0.8 and more between any two."""
    direction = np.random.default_rng(4).standard_normal(32) * 0.8
    corpus, queries = (
        normalize_embeddings(unit_vectors(rows, 32, seed) + direction) for rows, seed in ((4000, 0), (50, 1))
    )
    assert cos_sim(queries, corpus).min() > 0.8
    ranges = calibrate_ranges(corpus)
    codes = quantize_embeddings(corpus, "int8", ranges)
    exact = reference(queries, corpus, 10)[0]

    def kept(limits):
        hits = reference(queries, dequantize_embeddings(codes, "int8", limits), 10)[0]
        return np.mean([len(set(a) & set(b)) for a, b in zip(hits, exact, strict=True)])

    assert kept(ranges_of_unit_vectors(codes)) > kept(ranges) - 1.2


def test_a_dimension_without_variation_does_not_hinder():
    corpus = np.hstack([unit_vectors(2000, 16) * np.sqrt(0.75), np.full((2000, 1), 0.5)]).astype(np.float32)
    ranges = calibrate_ranges(corpus)
    codes = quantize_embeddings(corpus, "int8", ranges)
    queries = unit_vectors(10, 17, seed=1)
    found = dequantize_embeddings(codes, "int8", ranges_of_unit_vectors(codes))
    ids, _ = reference(queries, dequantize_embeddings(codes, "int8", ranges), 3)
    assert np.mean(np.array(reference(queries, found, 3)[0]) == ids) > 0.9


def test_ranges_of_other_vectors_are_not_found():
    random = np.random.default_rng(0)
    assert ranges_of_unit_vectors(random.integers(-128, 128, (2000, 16)).astype(np.int8)) is None
    assert ranges_of_unit_vectors(quantize_embeddings(unit_vectors(100, 64), "int8", [[-1.0] * 64, [1.0] * 64])) is None
    assert ranges_of_unit_vectors(np.zeros((100, 4), np.int8)) is None


def test_a_guess_warns(of_bytes):
    search, precision = of_bytes
    corpus = unit_vectors(100, 64, spread=0.0)
    codes = quantize_embeddings(corpus, precision)
    with pytest.warns(QuantizationWarning, match="The ranges that the corpus was quantised by are not known"):
        results, _ = search(corpus[:20], codes, corpus_precision=precision, top_k=1)
    assert ids_of(results) == [[number] for number in range(20)]


def test_the_guess_has_the_mean_length_one():
    codes = np.random.default_rng(0).integers(0, 256, (50, 20)).astype(np.uint8)
    with pytest.warns(QuantizationWarning):
        vectors = dequantize_embeddings(codes, "uint8", infer_ranges(codes))
    assert np.square(vectors).sum(axis=1).mean() == pytest.approx(1, rel=0.02)


# --- what is refused --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("search", [semantic_search_faiss, semantic_search_usearch])
def test_a_missing_library_names_the_pip_line(search, monkeypatch):
    name = search.__name__[16:]
    for module in [name, f"{name}.index"]:
        monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(MissingDependencyError, match=rf"{name} is needed to search .*pip install 'sbert\[{name}\]'"):
        search([[1.0, 0.0]], [[1.0, 0.0]])


@pytest.mark.parametrize(
    ("search", "precision", "hint"),
    [
        (semantic_search_faiss, "int8", "uint8"),
        (semantic_search_faiss, "binary", "ubinary"),
        (semantic_search_usearch, "uint8", "int8"),
    ],
)
def test_a_precision_of_the_other_library_offers_the_nearest(search, precision, hint):
    with pytest.raises(InputError, match=f"corpus_precision must be one of .*got '{precision}'.*Did you mean '{hint}'"):
        search([[1.0, 0.0]], [[1.0, 0.0]], corpus_precision=precision)


def test_widths_are_compared(case):
    search, precision = case
    corpus = unit_vectors(100, 24)
    with pytest.raises(DimensionError, match="query_embeddings and the corpus must have the same width; got 32 and 24"):
        search(unit_vectors(3, 32), corpus, corpus_precision=precision)


def test_ranges_have_the_width_too(of_bytes):
    search, precision = of_bytes
    corpus = unit_vectors(100, 24)
    with pytest.raises(DimensionError, match="ranges are for 8 dimensions and corpus_embeddings have 24"):
        search(corpus, corpus, corpus_precision=precision, ranges=[[0.0] * 8, [1.0] * 8])


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_nan_and_infinity_are_refused(case, bad):
    search, precision = case
    corpus = unit_vectors(100, 24)
    broken = corpus.copy()
    broken[13, 1] = bad
    with pytest.raises(InputError, match="embeddings holds NaN or infinity, first in row 13"):
        search(corpus, broken, corpus_precision=precision)
    with pytest.raises(InputError, match="query_embeddings holds NaN or infinity, first in row 13"):
        search(broken, corpus, corpus_precision=precision)
    _, _, index = search(corpus, corpus, corpus_precision=precision, output_index=True)
    if precision != "float32":
        with pytest.raises(InputError, match="corpus_embeddings holds NaN or infinity, first in row 13"):
            search(corpus, broken, index, corpus_precision=precision, rescore_multiplier=10)


def test_codes_of_another_precision_are_refused(case):
    search, precision = case
    corpus = unit_vectors(100, 24)
    other = quantize_embeddings(corpus, "int8" if precision.startswith("u") else "uint8")
    for queries, rows in ((corpus, other), (other, corpus)):
        with pytest.raises(InputError, match=r"codes"):
            search(queries, rows, corpus_precision=precision)


def test_a_corpus_is_needed(case):
    search, precision = case
    with pytest.raises(InputError, match="Pass corpus_embeddings or corpus_index"):
        search([1.0, 0.0], corpus_precision=precision)
    assert search([[1.0, 0.0]] * 3, np.empty((0, 2)), corpus_precision=precision)[0] == [[], [], []]
    with pytest.raises(InputError, match="corpus_embeddings is empty"):
        search([1.0, 0.0], np.empty((0, 2)), corpus_precision=precision, output_index=True)


def test_no_queries_have_no_hits(case):
    search, precision = case
    assert search(np.empty((0, 24), np.float32), unit_vectors(100, 24), corpus_precision=precision)[0] == []


@pytest.mark.parametrize("argument", ["top_k", "rescore_multiplier"])
def test_sizes_must_be_positive(case, argument):
    search, precision = case
    with pytest.raises(InputError, match=f"{argument} must be a whole number of at least 1; got 0"):
        search([[1.0, 0.0]], [[1.0, 0.0]], corpus_precision=precision, **{argument: 0})


@pytest.mark.parametrize("search", [semantic_search_faiss, semantic_search_usearch])
def test_an_index_of_another_kind_is_refused(search):
    library_of(search)
    queries = unit_vectors(100, 24)
    with pytest.raises(InputError, match="corpus_index must be a"):
        search(queries, corpus_index=object())
    _, _, index = search(queries, queries, output_index=True)
    with pytest.raises(InputError, match="Name the precision that it was made with"):
        search(queries, corpus_index=index, corpus_precision="ubinary")
    bits = search(queries, queries, corpus_precision="ubinary", output_index=True)[2]
    with pytest.raises(InputError, match="corpus_embeddings has 99 rows and corpus_index 100"):
        search(queries, queries[:99], bits, corpus_precision="ubinary")


def test_a_query_of_zeros_scores_zero(of_bytes):
    search, precision = of_bytes
    results, _ = search(np.zeros((1, 24), np.float32), unit_vectors(100, 24), corpus_precision=precision, rescore=False)
    np.testing.assert_allclose(scores_of(results), 0, atol=1e-6)


# --- real vectors -----------------------------------------------------------------------------------------------------


def test_real_vectors_keep_their_neighbours(minilm, case):
    """Words' vectors of MiniLM, quantised without passing on the ranges: what users do."""
    search, precision = case
    adjectives = ("red", "old", "big", "new", "dry", "hot", "icy", "raw")
    words = [f"{a} {b}" for a in adjectives for b in ("cat", "tree", "car", "bank", "river", "song")]
    corpus = minilm.encode(words)
    queries = minilm.encode(["a kitten", "a stream", "money", "an automobile"])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", QuantizationWarning)
        results, _ = search(queries, quantize_embeddings(corpus, precision), corpus_precision=precision, top_k=3)
    nearest = np.take_along_axis(cos_sim(queries, corpus), np.array(ids_of(results)), axis=1)
    best = np.sort(cos_sim(queries, corpus), axis=1)[:, ::-1][:, :3]
    assert (best - nearest).mean() < (0.06 if precision.endswith("binary") else 0.01)
