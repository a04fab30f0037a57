"""Sparse encoders: the measures of every evaluator, and how sparse the vectors are that they were measured by."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ..errors import InputError, positive
from ..models.sparse_encoder import as_csr
from .classification import BinaryClassificationEvaluator
from .evaluator import Evaluator, Metrics
from .reranking import RerankingEvaluator
from .retrieval import InformationRetrievalEvaluator
from .similarity import EmbeddingSimilarityEvaluator
from .translation import MSEEvaluator, TranslationEvaluator
from .triplets import TripletEvaluator

_ENCODE, _QUERY, _DOCUMENT = "encode", "encode_query", "encode_document"


@dataclass(frozen=True)
class Active:
    """Which numbers of some vectors are not zero.

    Args:
        of_rows: (n,) how many of each vector are not.
        of_columns: (d,) of how many vectors each is not.
    """

    of_rows: npt.NDArray[np.int64]
    of_columns: npt.NDArray[np.int64]

    @classmethod
    def of(cls, rows: Any) -> Active:
        """Those of sparse rows of SciPy."""
        shown = rows.tocsr().astype(bool)
        return cls(np.diff(shown.indptr), np.bincount(shown.indices, minlength=shown.shape[1]))

    def __add__(self, other: Active) -> Active:
        return Active(np.concatenate([self.of_rows, other.of_rows]), self.of_columns + other.of_columns)

    def measures(self, front: str = "") -> Metrics:
        """``active_dims``, on average, and ``sparsity_ratio``, the part of zeros."""
        mean = float(self.of_rows.mean())
        return {f"{front}active_dims": mean, f"{front}sparsity_ratio": 1 - mean / len(self.of_columns)}

    def flops(self, other: Active) -> float:
        """Products of two numbers that are not zero in comparing a vector of these with one of others, on average."""
        return float((self.of_columns / len(self.of_rows)) @ (other.of_columns / len(other.of_rows)))


class Watched:
    """A sparse encoder that takes note of what it gives.

    Args:
        model: the encoder.
        max_active_dims: words kept of each text; the model's own setting by default.
    """

    def __init__(self, model: Any, max_active_dims: int | None) -> None:
        if not hasattr(model, "sparsity"):
            raise InputError(f"This evaluator is for a SparseEncoder; got a {type(model).__name__}.")
        self._model = model
        self._kept = {} if max_active_dims is None else {"max_active_dims": max_active_dims}
        self.active: dict[str, Active] = {}

    def __getattr__(self, name: str) -> Any:
        return getattr(self._model, name)

    def encode(self, texts: Any, **options: Any) -> Any:
        """As the model's."""
        return self._noted(_ENCODE, texts, options)

    def encode_query(self, texts: Any, **options: Any) -> Any:
        """As the model's."""
        return self._noted(_QUERY, texts, options)

    def encode_document(self, texts: Any, **options: Any) -> Any:
        """As the model's."""
        return self._noted(_DOCUMENT, texts, options)

    def _noted(self, way: str, texts: Any, options: Mapping[str, Any]) -> Any:
        # Models may give tensors too: those of sentence-transformers' names do.
        rows = as_csr(getattr(self._model, way)(texts, **options, **self._kept))
        active = Active.of(rows)
        self.active[way] = self.active[way] + active if way in self.active else active
        return rows


class Sparse(Evaluator):
    """Mixed in front of an evaluator: takes ``max_active_dims`` in place of ``truncate_dim``, and tells of sparsity."""

    def __init__(self, *arguments: Any, max_active_dims: int | None = None, **options: Any) -> None:
        if options.get("truncate_dim") is not None:
            raise InputError("truncate_dim is of dense vectors: pass max_active_dims for sparse ones.")
        self.max_active_dims = None if max_active_dims is None else positive("max_active_dims", max_active_dims)
        super().__init__(*arguments, **options)

    def measure(self, model: Any) -> tuple[Metrics, str]:  # noqa: D102
        watched = Watched(model, self.max_active_dims)
        found, primary = super().measure(watched)  # type: ignore[safe-super]
        return found | self.sparsity(watched.active), primary

    def sparsity(self, active: Mapping[str, Active]) -> Metrics:
        """``active_dims`` and ``sparsity_ratio``, by how texts were encoded."""
        return active[_ENCODE].measures()


class _OfTwoSides(Sparse):
    def sparsity(self, active: Mapping[str, Active]) -> Metrics:
        return active[_QUERY].measures("query_") | active[_DOCUMENT].measures("corpus_")


class SparseEmbeddingSimilarityEvaluator(Sparse, EmbeddingSimilarityEvaluator):
    """As its second base, with ``max_active_dims`` and the measures ``active_dims`` and ``sparsity_ratio``."""


class SparseBinaryClassificationEvaluator(Sparse, BinaryClassificationEvaluator):
    """As its second base, with ``max_active_dims`` and the measures ``active_dims`` and ``sparsity_ratio``."""


class SparseTranslationEvaluator(Sparse, TranslationEvaluator):
    """As its second base, with ``max_active_dims`` and the measures ``active_dims`` and ``sparsity_ratio``."""


class SparseMSEEvaluator(Sparse, MSEEvaluator):
    """As its second base, with ``max_active_dims`` and the measures ``active_dims`` and ``sparsity_ratio``."""

    def __init__(
        self,
        source_sentences: Any,
        target_sentences: Any,
        teacher_model: Any = None,
        *arguments: Any,
        max_active_dims: int | None = None,
        **options: Any,
    ) -> None:
        super().__init__(
            source_sentences,
            target_sentences,
            Watched(teacher_model, max_active_dims),
            *arguments,
            max_active_dims=max_active_dims,
            **options,
        )


class SparseTripletEvaluator(Sparse, TripletEvaluator):
    """As its second base, with ``max_active_dims`` and the sparsity of anchors, positives and negatives.

    Measures ``anchor_active_dims``, ``anchor_sparsity_ratio`` and so on.
    """

    def sparsity(self, active: Mapping[str, Active]) -> Metrics:
        """Those of the three columns."""
        both = active[_DOCUMENT]
        found = active[_QUERY].measures("anchor_")
        for name, counts in zip(("positive_", "negative_"), np.split(both.of_rows, 2), strict=True):
            found |= Active(counts, both.of_columns).measures(name)
        return found


class SparseRerankingEvaluator(_OfTwoSides, RerankingEvaluator):
    """As its last base, with ``max_active_dims`` and the sparsity of queries and documents.

    Measures ``query_active_dims``, ``query_sparsity_ratio``, ``corpus_active_dims`` and ``corpus_sparsity_ratio``.
    """


class SparseInformationRetrievalEvaluator(_OfTwoSides, InformationRetrievalEvaluator):
    """As its last base, with ``max_active_dims`` and the sparsity of queries and documents.

    Measures ``query_active_dims``, ``query_sparsity_ratio``, ``corpus_active_dims``, ``corpus_sparsity_ratio``, and
    ``avg_flops``, the products of numbers that comparing a query with a document takes on average, which is what
    search by an inverted index costs.
    """

    #: Of the last call, by how texts were encoded.
    active: Mapping[str, Active]

    def sparsity(self, active: Mapping[str, Active]) -> Metrics:
        """Those of both sides, and the cost of comparing them."""
        self.active = active
        return super().sparsity(active) | {"avg_flops": active[_QUERY].flops(active[_DOCUMENT])}
