"""Search in an index of another library: what is the same for all of them.

The index holds a corpus as floats, bytes or bits and finds candidates; from more than are asked for, the best are taken
by comparing the float queries with the best form of the corpus that is at hand.
"""

from __future__ import annotations

import time
from typing import Any

import numpy as np

from ..errors import DimensionError, InputError, one_of, positive
from ..quantization import calibrate_ranges, dequantize_embeddings, quantize_embeddings, read_ranges
from ..types import AnyArray, FloatArray, Precision, Vectors
from ..vectors import as_array, as_floats, as_rows, require_finite
from .library_index import BITS, BYTES, Found, LibraryIndex, Queries
from .recovery import infer_ranges
from .rescoring import candidates_source, is_codes, rescored


def search_index(
    kind: type[LibraryIndex],
    query_embeddings: Vectors,
    corpus_embeddings: Vectors | None,
    corpus_index: Any,
    precision: Precision,
    top_k: int,
    ranges: Vectors | None,
    calibration_embeddings: Vectors | None,
    rescore: bool,
    rescore_multiplier: int,
    exact: bool,
    output_index: bool,
) -> tuple[Any, ...]:
    """What :func:`~sbert.util.semantic_search_faiss` says, for the index of any library."""
    if precision not in kind.precisions:
        raise one_of("corpus_precision", precision, kind.precisions)
    top_k, multiplier = positive("top_k", top_k), positive("rescore_multiplier", rescore_multiplier)
    rows = None if corpus_embeddings is None else as_array(as_rows(corpus_embeddings, "corpus_embeddings"))
    asked = as_array(as_rows(query_embeddings, "query_embeddings"))
    given = ranges
    if ranges is None and calibration_embeddings is not None and _needs_ranges(precision, rows, corpus_index):
        given = calibrate_ranges(calibration_embeddings)
    if corpus_index is not None:
        needed = given is not None and precision in BYTES
        index = kind(
            corpus_index, precision, read_ranges(given, asked, "query_embeddings", precision) if needed else None
        )
    elif rows is None:
        raise InputError("Pass corpus_embeddings or corpus_index: there is nothing to search in.")
    elif len(rows):
        codes, limits = _encoded(rows, precision, given)
        index = kind.build(codes, precision, limits, exact)
    elif output_index:
        raise InputError("corpus_embeddings is empty: there is nothing to make an index of.")
    else:
        return [[] for _ in asked], 0.0
    queries = _read_queries(asked, index)
    source = None
    if rescore and precision != "float32" and queries.floats is not None:
        source = candidates_source(index, rows, queries.floats, given, is_original=corpus_index is None)
    start = time.perf_counter()
    count = min(top_k * multiplier if source else top_k, len(index))
    found = Found(np.empty((len(queries), 0), np.float32), np.empty((len(queries), 0), np.int64))
    if count and len(queries):
        found = index.nearest(queries, count, exact)
        if source is not None and queries.floats is not None:
            found = rescored(found, queries.floats, source)
        found = found.first(top_k)
    seconds = time.perf_counter() - start
    results = found.to_dicts()
    return (results, seconds, index.index) if output_index else (results, seconds)


def _needs_ranges(precision: Precision, rows: AnyArray | None, corpus_index: Any) -> bool:
    """Whether there are bytes to make or to read: in the index, or in the corpus that rescores what it finds."""
    return precision in BYTES or (corpus_index is not None and rows is not None and is_codes(rows))


def _require_codes(rows: AnyArray, argument: str, precision: Precision) -> None:
    """Refuse codes of another precision than the one that was named."""
    expected = np.int8 if precision in ("int8", "binary") else np.uint8
    if precision == "float32":
        raise InputError(
            f"{argument} holds codes ({rows.dtype}) where corpus_precision is 'float32'. Name their precision."
        )
    if rows.dtype != expected:
        raise InputError(
            f"{argument} must be floats, or {np.dtype(expected)} codes for corpus_precision {precision!r}; "
            f"got {rows.dtype}. Quantise to {precision!r}."
        )


def _as_bits(codes: AnyArray) -> AnyArray:
    """Bytes of bits as uint8, from those of binary too: it is 128 less, which turns the highest bit."""
    return codes.view(np.uint8) ^ np.uint8(128) if codes.dtype == np.int8 else codes


def _encoded(rows: AnyArray, precision: Precision, given: Vectors | None) -> tuple[AnyArray, FloatArray | None]:
    """A corpus in the form that an index holds, and the ranges that it is quantised by."""
    codes = rows
    limits: FloatArray | None = None
    if is_codes(rows):
        _require_codes(rows, "corpus_embeddings", precision)
        if precision in BYTES:
            known = infer_ranges(rows, stacklevel=5) if given is None else given
            limits = read_ranges(known, rows, "corpus_embeddings", precision)
    else:
        floats = as_floats(rows).astype(np.float32, copy=False)
        if precision in BYTES:
            limits = read_ranges(
                calibrate_ranges(floats) if given is None else given, rows, "corpus_embeddings", precision
            )
        elif precision == "float32":
            require_finite(floats, "corpus_embeddings")
        codes = as_array(quantize_embeddings(floats, precision, limits))
    return np.ascontiguousarray(_as_bits(codes) if precision in BITS else codes), limits


def _read_queries(rows: AnyArray, index: LibraryIndex) -> Queries:
    """Queries as they are passed, brought to the forms that an index asks for."""
    precision = index.precision
    floats: FloatArray | None = None
    if not is_codes(rows):
        floats = np.ascontiguousarray(as_floats(rows).astype(np.float32, copy=False))
        require_finite(floats, "query_embeddings")
    else:
        _require_codes(rows, "query_embeddings", precision)
        if precision in BYTES:
            floats = dequantize_embeddings(rows, precision, index.ranges)
    bits = None
    if precision in BITS:
        bits = _as_bits(rows) if floats is None else np.packbits(floats > 0, axis=-1)
    width = rows.shape[1] if bits is None else 8 * bits.shape[1]
    if len(rows) and width != index.width:
        raise DimensionError(
            f"query_embeddings and the corpus must have the same width; got {width} and {index.width} numbers"
            f"{', as whole bytes of bits' if bits is not None else ''}. "
            "Embed both with the same model, truncated alike."
        )
    return Queries(floats, bits)
