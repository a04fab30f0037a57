"""Candidates of a coarse index, put in order by a better form of the same vectors."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ..errors import InputError
from ..quantization import dequantize_embeddings, read_ranges
from ..types import AnyArray, FloatArray, IntArray, Precision, Vectors
from ..vectors import as_floats, require_finite, require_width
from .library_index import Found, LibraryIndex
from .recovery import infer_ranges

# How many numbers are looked at together: 64 MB.
_AT_A_TIME = 1 << 24


def is_codes(rows: AnyArray) -> bool:
    """Whether rows are codes of bytes or bits, not numbers."""
    return rows.dtype in (np.int8, np.uint8)


def candidates_source(
    index: LibraryIndex, rows: AnyArray | None, queries: FloatArray, given: Vectors | None, *, is_original: bool
) -> Callable[[IntArray], FloatArray] | None:
    """What gives the vectors that candidates are rescored by: the best form of them that there is.

    Args:
        index: where the candidates come from.
        rows: the corpus as it was passed.
        queries: (q, d).
        given: ranges that were passed.
        is_original: whether the index was made of those rows just now, so that codes add nothing to it.

    Returns:
        A function of ids; None where the scores of the index are as good.
    """
    if rows is not None and not (is_original and is_codes(rows)):
        require_width(queries, rows, "query_embeddings", "corpus_embeddings")
        if len(rows) != len(index):
            raise InputError(
                f"corpus_embeddings has {len(rows):,} rows and corpus_index {len(index):,}. With both, the index finds "
                "candidates and the embeddings, row by row the same corpus, rescore them."
            )
        return _reader(rows, given)
    if index.scores_are_final:
        return None
    return lambda ids: index.vectors(ids, queries.shape[1])


def rescored(found: Found, queries: FloatArray, source: Callable[[IntArray], FloatArray]) -> Found:
    """The same hits, their scores the products of the queries with the vectors that a function gives."""
    scores = np.full(found.ids.shape, -np.inf, np.float32)
    step = max(1, _AT_A_TIME // (found.ids.shape[1] * queries.shape[1]))
    for top in range(0, len(queries), step):
        part = slice(top, top + step)
        query, place = np.nonzero(found.scores[part] > -np.inf)
        vectors = source(found.ids[part][query, place].astype(np.int64))
        scores[part][query, place] = np.einsum("nd,nd->n", vectors, queries[part][query])
    return Found(scores, found.ids)


def _reader(rows: AnyArray, given: Vectors | None) -> Callable[[IntArray], FloatArray]:
    """A function that gives some rows of a corpus as floats; of a memory-mapped one, no others are read."""

    def numbered(ids: IntArray) -> IntArray:
        if len(ids) and ids.max() >= len(rows):
            raise InputError(
                f"corpus_index names a vector {ids.max()} that corpus_embeddings, with {len(rows):,} rows, "
                "does not have. To rescore, the index must number its vectors as the rows are numbered."
            )
        return ids

    if is_codes(rows):
        precision: Precision = "int8" if rows.dtype == np.int8 else "uint8"
        known = infer_ranges(rows, stacklevel=6) if given is None else given
        limits = read_ranges(known, rows, "corpus_embeddings", precision)
        return lambda ids: dequantize_embeddings(rows[numbered(ids)], precision, limits)

    def read(ids: IntArray) -> FloatArray:
        found: FloatArray = as_floats(rows[numbered(ids)]).astype(np.float32, copy=False)
        finite = np.isfinite(found).all(axis=1)
        if not finite.all():
            worst = int(ids[finite.argmin()])
            require_finite(as_floats(rows[worst : worst + 1]), "corpus_embeddings", worst)
        return found

    return read
