"""Search with faiss in a corpus of floats, bytes or bits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from ..errors import InputError, MissingDependencyError
from ..types import AnyArray, FloatArray, IntArray, Precision, Vectors
from .library_index import Found, LibraryIndex, Queries
from .quantized import search_index
from .recovery import infer_ranges, sample_step

if TYPE_CHECKING:
    import faiss

# Of the graph of an approximate index: neighbours of a vector, and how many places are kept in mind while it is built
# and while it is followed. With faiss's own 40 and 16, a twentieth of SciFact's nDCG@10 was lost; with these, nothing.
_LINKS, _BUILT_BY, _FOLLOWED_BY = 16, 100, 128
# Vectors that are dequantised together while a graph is built.
_ADDED_AT_A_TIME = 1 << 14
# Vectors of a user's index that show whether it holds codes.
_LOOKED_AT = 100


def semantic_search_faiss(
    query_embeddings: Vectors,
    corpus_embeddings: Vectors | None = None,
    corpus_index: faiss.Index | faiss.IndexBinary | None = None,
    corpus_precision: Literal["float32", "uint8", "ubinary"] = "float32",
    top_k: int = 10,
    ranges: Vectors | None = None,
    calibration_embeddings: Vectors | None = None,
    rescore: bool = True,
    rescore_multiplier: int = 2,
    exact: bool = True,
    output_index: bool = False,
) -> tuple[Any, ...]:
    """Search with faiss in a corpus of floats, of one byte a number (uint8) or of one bit (ubinary).

    Scores are inner products of the queries with the corpus, or with what is left of it: of bytes the middles of their
    steps, in the scale that the vectors had; of bits the signs, scaled to length 1. For vectors of length 1 they are
    cosines or near them. ``rescore`` takes more candidates than hits and chooses among them by the best form of the
    corpus that was passed: floats, or what the codes say.

    Args:
        query_embeddings: (q, d) or (d,) floats; or codes of the corpus's precision, which can rescore nothing if bits.
        corpus_embeddings: (m, d) floats, quantised here; or codes from :func:`~sbert.util.quantize_embeddings`.
        corpus_index: an index of the corpus, as this function returns it or as a faiss index of codes is. With it,
            ``corpus_embeddings`` may be the same corpus as floats, or as int8 or uint8 codes, in memory or an
            np.memmap: they rescore what the index finds. An index of bits with bytes on disk is small and keeps nearly
            all quality.
        corpus_precision: what the index holds.
        top_k: hits for each query.
        ranges: (2, d), those by which codes of one byte were made. Where neither they nor ``calibration_embeddings``
            are passed, they are the corpus's own if it is floats; those kept in the index; or, for codes alone, found
            from the length 1 that most models give vectors (:func:`~sbert.search.recovery.infer_ranges`).
        calibration_embeddings: vectors to take the ranges from.
        rescore: whether to choose among more candidates. In float32 there is nothing to rescore; an index made here of
            uint8 compares float queries with dequantised vectors all along, so that only floats can add to it.
        rescore_multiplier: how many times ``top_k`` candidates are taken.
        exact: whether an index made here compares all; otherwise it is an HNSW graph, faster and approximate.
        output_index: whether to return the index too, for ``corpus_index`` and ``faiss.write_index``. One of uint8
            holds its ranges, also in a file.

    Returns:
        Results and the seconds that searching took; the index too if ``output_index``. Results have for each query a
        list of ``{"corpus_id": int, "score": float}``, the best first, ``top_k`` or as many as there are.

    Raises:
        MissingDependencyError: faiss is not installed.
        InputError: an unknown precision, NaN or infinity, codes of another precision, no corpus, an index of another
            kind, a size below 1.
        DimensionError: queries, corpus, index or ranges differ in width.

    Warns:
        QuantizationWarning: ranges come from few vectors, or are a guess.
    """
    return search_index(
        FaissIndex,
        query_embeddings,
        corpus_embeddings,
        corpus_index,
        corpus_precision,
        top_k,
        ranges,
        calibration_embeddings,
        rescore,
        rescore_multiplier,
        exact,
        output_index,
    )


class FaissIndex(LibraryIndex):
    """An index of faiss.

    Bytes are in a scalar quantiser whose ranges are set to those that the codes were made by: a code means to faiss
    what it means here, and queries stay floats. Where a user's index holds the codes as if they were numbers, queries
    are multiplied by the steps, which gives the same products less a number for each query.
    """

    precisions = ("float32", "uint8", "ubinary")

    def __init__(self, index: Any, precision: Precision, ranges: FloatArray | None = None) -> None:
        faiss = _faiss()
        is_binary = isinstance(index, faiss.IndexBinary)
        if not isinstance(index, (faiss.Index, faiss.IndexBinary)):
            raise InputError(f"corpus_index must be an index of faiss; got {type(index).__name__}.")
        if is_binary != (precision == "ubinary"):
            raise InputError(
                f"corpus_index is a {type(index).__name__}, which holds {'bits' if is_binary else 'numbers'}, and "
                f"corpus_precision is {precision!r}. Name the precision that it was made with."
            )
        super().__init__(index, precision, ranges)
        self._quantizer = _quantizer(index) if precision == "uint8" else None
        self.scores_are_final = precision == "uint8"
        if self._quantizer is not None:
            least, extent = faiss.vector_to_array(self._quantizer.sq.trained).reshape(2, -1)
            self.ranges = np.stack([least, least + extent])
        elif precision == "uint8":
            self._require_codes()
            if ranges is None:
                self.ranges = infer_ranges(
                    self.codes(np.arange(0, len(self), sample_step(len(self), self.width))), stacklevel=5
                )

    @classmethod
    def build(cls, rows: AnyArray, precision: Precision, ranges: FloatArray | None, exact: bool) -> FaissIndex:
        """Make an index: flat, or a graph where it need not be exact."""
        faiss = _faiss()
        width = rows.shape[1]
        if precision == "uint8":
            return cls(_of_bytes(rows, ranges, exact), precision)
        if precision == "ubinary":
            index = faiss.IndexBinaryFlat(8 * width) if exact else _graph(faiss.IndexBinaryHNSW(8 * width, _LINKS))
        elif exact:
            index = faiss.IndexFlatIP(width)
        else:
            index = _graph(faiss.IndexHNSWFlat(width, _LINKS, faiss.METRIC_INNER_PRODUCT))
        index.add(rows)
        return cls(index, precision)

    def __len__(self) -> int:
        return int(self.index.ntotal)

    @property
    def width(self) -> int:
        """How many numbers a vector has; 8 a byte where it holds bits."""
        return int(self.index.d)

    def nearest(self, queries: Queries, count: int, exact: bool) -> Found:  # noqa: ARG002  # the index decides
        """The vectors most like each query."""
        if queries.bits is not None:
            distances, ids = self.index.search(queries.bits, count)
            scores = (1 - 2 * distances / self.width).astype(np.float32)
        elif self.precision == "uint8" and self._quantizer is None and self.ranges is not None:
            steps = (self.ranges[1] - self.ranges[0]) / np.float32(255)
            scores, ids = self.index.search(queries.floats * steps, count)
            scores += (queries.floats @ (self.ranges[0] + steps / 2))[:, None]
        else:
            scores, ids = self.index.search(queries.floats, count)
            if self.index.metric_type != _faiss().METRIC_INNER_PRODUCT:
                scores = -scores  # a distance, of which the smaller one is better
        return Found(np.where(ids < 0, np.float32(-np.inf), scores), ids)

    def codes(self, ids: IntArray) -> AnyArray:
        """What it holds of some vectors: (n, d) uint8 codes, or (n, d / 8) bytes of bits."""
        return self._numbers(ids).astype(np.uint8, copy=False)

    def _numbers(self, ids: IntArray) -> AnyArray:
        """What faiss gives back of some vectors."""
        try:
            if self.precision != "ubinary":
                numbers: AnyArray = self.index.reconstruct_batch(ids)
                return numbers
            found = np.empty((len(ids), self.width // 8), np.uint8)
            for place, number in enumerate(ids.tolist()):
                found[place] = self.index.reconstruct(number)
            return found
        except RuntimeError as error:
            raise InputError(
                f"corpus_index is a {type(self.index).__name__} that does not give its vectors back: {error}. "
                "Pass corpus_embeddings beside it, or rescore=False."
            ) from error

    def _require_codes(self) -> None:
        """Refuse an index whose numbers are no codes: what faiss makes smaller by itself is floats to its users."""
        numbers = self._numbers(np.arange(min(len(self), _LOOKED_AT)))
        is_codes = (numbers == np.floor(numbers)).all() and (numbers >= 0).all() and (numbers <= 255).all()
        if not is_codes or self.index.metric_type != _faiss().METRIC_INNER_PRODUCT:
            raise InputError(
                f"corpus_index is a {type(self.index).__name__}, which holds no uint8 codes for inner products. "
                "Where floats were added to it, its corpus_precision is 'float32', however faiss keeps them."
            )


def _of_bytes(codes: AnyArray, ranges: FloatArray | None, exact: bool) -> Any:
    """An index of uint8 codes that reads them by their ranges."""
    faiss = _faiss()
    assert ranges is not None  # noqa: S101  # for the type checker: bytes always come with ranges
    bytes_, metric = faiss.ScalarQuantizer.QT_8bit, faiss.METRIC_INNER_PRODUCT
    if exact:
        index = faiss.IndexScalarQuantizer(codes.shape[1], bytes_, metric)
    else:
        index = _graph(faiss.IndexHNSWSQ(codes.shape[1], bytes_, _LINKS, metric))
    flat = _quantizer(index)
    trained = np.concatenate([ranges[0], ranges[1] - ranges[0]]).astype(np.float32)
    faiss.copy_array_to_vector(trained, flat.sq.trained)
    index.is_trained = flat.is_trained = True
    if exact:
        index.add_sa_codes(codes)
        return index
    for start in range(0, len(codes), _ADDED_AT_A_TIME):  # a graph takes floats alone, which it encodes to these codes
        index.add(flat.sq.decode(codes[start : start + _ADDED_AT_A_TIME]))
    return index


def _graph(index: Any) -> Any:
    index.hnsw.efConstruction, index.hnsw.efSearch = _BUILT_BY, _FOLLOWED_BY
    return index


def _quantizer(index: Any) -> Any:
    """The part of an index that holds codes and their ranges; None where there is none."""
    faiss = _faiss()
    if isinstance(index, faiss.IndexHNSWSQ):
        index = faiss.downcast_index(index.storage)
    is_ours = isinstance(index, faiss.IndexScalarQuantizer) and index.sq.qtype == faiss.ScalarQuantizer.QT_8bit
    return index if is_ours else None


def _faiss() -> Any:
    try:
        import faiss
    except ImportError as error:
        raise MissingDependencyError("faiss", "search with semantic_search_faiss", "faiss") from error
    return faiss
