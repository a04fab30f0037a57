"""Search with usearch in a corpus of floats, bytes or bits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from ..errors import InputError, MissingDependencyError
from ..types import AnyArray, FloatArray, IntArray, Precision, Vectors
from .library_index import Found, LibraryIndex, Queries
from .quantized import search_index
from .recovery import infer_ranges, sample_step

if TYPE_CHECKING:
    from usearch.index import Index

# Under this name an index made here keeps the ranges that its codes were made by, as long as it is in memory.
_RANGES = "sbert_ranges"
# The greatest number of a byte; queries are scaled to it.
_GREATEST = 127


def semantic_search_usearch(
    query_embeddings: Vectors,
    corpus_embeddings: Vectors | None = None,
    corpus_index: Index | None = None,
    corpus_precision: Literal["float32", "int8", "binary", "ubinary"] = "float32",
    top_k: int = 10,
    ranges: Vectors | None = None,
    calibration_embeddings: Vectors | None = None,
    rescore: bool = True,
    rescore_multiplier: int = 2,
    exact: bool = True,
    output_index: bool = False,
) -> tuple[Any, ...]:
    """Search with usearch in a corpus of floats, of one byte a number (int8) or of one bit (binary, ubinary).

    As :func:`~sbert.util.semantic_search_faiss`, with three differences. In float32, scores are cosines. An index of
    int8 compares bytes with bytes, of the queries too, so that rescoring has rounding to make good. And a file of such
    an index does not hold its ranges: pass them again with an index that was read from one.

    Args:
        query_embeddings: (q, d) or (d,) floats, or codes of the corpus's precision.
        corpus_embeddings: (m, d) floats, quantised here, or codes; beside an index, what rescores.
        corpus_index: an index of the corpus, as this function returns it.
        corpus_precision: what the index holds.
        top_k: hits for each query.
        ranges: (2, d), those by which codes of int8 were made.
        calibration_embeddings: vectors to take the ranges from.
        rescore: whether to choose among more candidates.
        rescore_multiplier: how many times ``top_k`` candidates are taken.
        exact: whether to compare all; otherwise the graph is followed, which is faster and approximate.
        output_index: whether to return the index too.

    Returns:
        Results and the seconds that searching took; the index too if ``output_index``.

    Raises:
        MissingDependencyError: usearch is not installed.
        InputError: as for faiss.
        DimensionError: queries, corpus, index or ranges differ in width.

    Warns:
        QuantizationWarning: ranges come from few vectors, or are a guess.
    """
    return search_index(
        UsearchIndex,
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


class UsearchIndex(LibraryIndex):
    """An index of usearch.

    Its bytes are compared with bytes: queries are multiplied by the steps of the corpus and scaled, each by itself, to
    what a byte holds. So products of bytes differ from those of the vectors by that scale, by a number for each query,
    and by the rounding of the queries.
    """

    precisions = ("float32", "int8", "binary", "ubinary")

    def __init__(self, index: Any, precision: Precision, ranges: FloatArray | None = None) -> None:
        library = _usearch()
        if not isinstance(index, library.Index):
            raise InputError(f"corpus_index must be a usearch.index.Index; got {type(index).__name__}.")
        held = str(index.dtype).rpartition(".")[2]
        if held not in _HELD[precision]:
            raise InputError(
                f"corpus_index holds {held} and corpus_precision is {precision!r}. "
                "Name the precision that it was made with."
            )
        self._metric = str(index.metric_kind).rpartition(".")[2]
        if precision == "int8" and self._metric != "IP":
            raise InputError(f"corpus_index of int8 must have the metric 'ip'; got {self._metric!r}.")
        super().__init__(index, precision, ranges)
        if precision == "int8" and ranges is None:
            kept = getattr(index, _RANGES, None)
            if kept is None:
                keys = np.asarray(index.keys)
                kept = infer_ranges(self.codes(keys[:: sample_step(len(keys), self.width)]), stacklevel=5)
                setattr(index, _RANGES, kept)
            self.ranges = kept

    @classmethod
    def build(cls, rows: AnyArray, precision: Precision, ranges: FloatArray | None, exact: bool) -> UsearchIndex:  # noqa: ARG003  # the search decides
        """Make an index; it is a graph that can be searched in both ways."""
        bits = precision in ("binary", "ubinary")
        metric, dtype = ("hamming", "b1") if bits else ("ip", "i8") if precision == "int8" else ("cos", "f32")
        index = _usearch().Index(ndim=rows.shape[1] * (8 if bits else 1), metric=metric, dtype=dtype)
        index.add(np.arange(len(rows)), rows)
        if ranges is not None:
            setattr(index, _RANGES, ranges)
        return cls(index, precision, ranges)

    def __len__(self) -> int:
        return len(self.index)

    @property
    def width(self) -> int:
        """How many numbers a vector has; 8 a byte where it holds bits."""
        return int(self.index.ndim)

    def nearest(self, queries: Queries, count: int, exact: bool) -> Found:
        """The vectors most like each query."""
        if queries.bits is not None:
            distances, found = self._search(queries.bits, count, exact)
            return Found(1 - 2 * distances / self.width, found)
        assert queries.floats is not None  # noqa: S101  # for the type checker: only bits go without
        if self.precision != "int8" or self.ranges is None:
            distances, found = self._search(queries.floats, count, exact)
            return Found((1 if self._metric in ("Cos", "IP") else 0) - distances, found)
        steps = (self.ranges[1] - self.ranges[0]) / np.float32(255)
        scaled = queries.floats * steps
        greatest = np.abs(scaled).max(axis=1, keepdims=True)
        scale = _GREATEST / np.where(greatest > 0, greatest, 1)
        distances, found = self._search(np.rint(scaled * scale).astype(np.int8), count, exact)
        middle = queries.floats @ (self.ranges[0] + np.float32(128.5) * steps)
        return Found((1 - distances) / scale + middle[:, None], found)

    def codes(self, ids: IntArray) -> AnyArray:
        """What it holds of some vectors: (n, d) int8 codes, or (n, d / 8) bytes of bits."""
        width = self.width // 8 if self.precision in ("binary", "ubinary") else self.width
        found = self.index.get(ids) if len(ids) else ()
        return np.stack(found) if len(found) else np.empty((0, width), np.int8)

    def _search(self, queries: AnyArray, count: int, exact: bool) -> tuple[FloatArray, IntArray]:
        """Distances (q, k), infinite where fewer are found, and keys."""
        matches = self.index.search(queries, count=count, exact=exact)
        # One query gives (k,) without padding.
        keys, distances = np.atleast_2d(matches.keys), np.atleast_2d(matches.distances).astype(np.float32)
        found: IntArray = np.asarray(getattr(matches, "counts", keys.shape[1])).reshape(-1, 1)
        distances[np.arange(keys.shape[1]) >= found] = np.inf
        return distances, keys


# The numbers that an index of each precision may hold, as usearch names them.
_HELD: dict[str, tuple[str, ...]] = {
    "float32": ("F32", "F64", "F16", "BF16"),
    "int8": ("I8",),
    "binary": ("B1",),
    "ubinary": ("B1",),
}


def _usearch() -> Any:
    try:
        import usearch.index
    except ImportError as error:
        raise MissingDependencyError("usearch", "search with semantic_search_usearch", "usearch") from error
    return usearch.index
