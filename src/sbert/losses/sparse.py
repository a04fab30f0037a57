"""Losses of sparse vectors: those of dense ones, by dot products, and what keeps vectors sparse beside them."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from ..errors import InputError
from ..similarity import dot_score, pairwise_cos_sim, pairwise_dot_score
from .base import CachedLoss, Loss, Value, check_is_loss
from .distillation import DistillKLDivLoss, MarginMSELoss, MSELoss
from .flops import FlopsLoss
from .pairs import AnglELoss, CoSENTLoss, CosineSimilarityLoss
from .ranking import MultipleNegativesRankingLoss
from .triplets import TripletLoss


class SpladeLoss(Loss):
    """A loss of sparse vectors, and what makes them sparse: ``L + a FLOPS(documents) + b FLOPS(queries)``.

    The first column is queries, the others documents. Formal et al., https://arxiv.org/abs/2107.05720.

    Args:
        model: to be trained.
        loss: of its vectors, such as :class:`SparseMultipleNegativesRankingLoss`.
        document_regularizer_weight: ``a``; the greater, the fewer words documents keep.
        query_regularizer_weight: ``b``; None leaves queries alone.
        document_regularizer: of documents' vectors, by its ``compute_loss_from_embeddings`` of (n, words);
            :class:`~sbert.losses.flops.FlopsLoss` by default.
        query_regularizer: of queries' vectors; likewise.
        document_regularizer_threshold: documents with so many words at the most are left alone.
        query_regularizer_threshold: queries likewise.
        use_document_regularizer_only: whether all columns are documents.

    Raises:
        InputError: a weight is negative.
    """

    columns = (1, None)

    def __init__(
        self,
        model: Any,
        loss: Loss,
        document_regularizer_weight: float,
        query_regularizer_weight: float | None = None,
        document_regularizer: Any = None,
        query_regularizer: Any = None,
        document_regularizer_threshold: int | None = None,
        query_regularizer_threshold: int | None = None,
        use_document_regularizer_only: bool = False,
    ) -> None:
        super().__init__(model)
        weights = {
            "document_regularizer_weight": document_regularizer_weight,
            "query_regularizer_weight": query_regularizer_weight,
        }
        for name, weight in weights.items():
            if weight is not None and weight < 0:
                raise InputError(f"{name} must be 0 or more; got {weight}.")
        check_is_loss("loss", loss)
        self.of_vectors, self.label, self.chunks = loss, loss.label, loss.chunks
        #: May change while a model trains: see :mod:`sbert.training.splade_schedule`.
        self.document_regularizer_weight = document_regularizer_weight
        self.query_regularizer_weight = query_regularizer_weight
        self.document_regularizer: Any = document_regularizer or FlopsLoss(model, document_regularizer_threshold)
        self.query_regularizer: Any = query_regularizer or FlopsLoss(model, query_regularizer_threshold)
        self.use_document_regularizer_only = use_document_regularizer_only

    def check_columns(self, columns: int, labels: bool) -> None:  # noqa: D102
        self.of_vectors.check_columns(columns, labels)

    def check_labels(self, labels: Any) -> None:  # noqa: D102
        self.of_vectors.check_labels(labels)

    def loss(self, embeddings: list[Tensor], labels: Any) -> Value:  # noqa: D102
        found = self.of_vectors.compute_loss_from_embeddings(embeddings, labels)
        parts = dict(found) if isinstance(found, dict) else {"base_loss": found}
        documents = embeddings if self.use_document_regularizer_only else embeddings[1:]
        if documents:
            cost = self.document_regularizer.compute_loss_from_embeddings(torch.cat(documents))
            parts["document_regularizer_loss"] = self.document_regularizer_weight * cost
        if self.query_regularizer_weight is not None and not self.use_document_regularizer_only:
            cost = self.query_regularizer.compute_loss_from_embeddings(embeddings[0])
            parts["query_regularizer_loss"] = self.query_regularizer_weight * cost
        return parts

    def get_config_dict(self) -> dict[str, Any]:  # noqa: D102
        return {
            "loss": type(self.of_vectors).__name__,
            "document_regularizer_weight": self.document_regularizer_weight,
            "query_regularizer_weight": self.query_regularizer_weight,
        }


class CachedSpladeLoss(CachedLoss, SpladeLoss):
    """:class:`SpladeLoss` of batches of any size in the memory of a small one, by GradCache.

    Args:
        model: to be trained.
        loss: of its vectors.
        document_regularizer_weight: as for :class:`SpladeLoss`.
        query_regularizer_weight: as for :class:`SpladeLoss`.
        mini_batch_size: texts that go through the network at a time.
        mini_batch_num_tokens: tokens at a time, in its place.
        **settings: the others of :class:`SpladeLoss`.
    """

    def __init__(
        self,
        model: Any,
        loss: Loss,
        document_regularizer_weight: float,
        query_regularizer_weight: float | None = None,
        mini_batch_size: int = 32,
        mini_batch_num_tokens: int | None = None,
        **settings: Any,
    ) -> None:
        super().__init__(model, loss, document_regularizer_weight, query_regularizer_weight, **settings)
        self.cached(mini_batch_size, mini_batch_num_tokens)


class SparseMultipleNegativesRankingLoss(MultipleNegativesRankingLoss):
    """:class:`~sbert.losses.MultipleNegativesRankingLoss` by dot products, whose size is free: their scale is 1.

    Args:
        model: to be trained.
        scale: of similarities.
        similarity_fct: compares all rows with all.
        gather_across_devices: whether negatives come from all processes.
        **settings: the others of :class:`~sbert.losses.MultipleNegativesRankingLoss`.
    """

    def __init__(
        self,
        model: Any,
        scale: float = 1.0,
        similarity_fct: Any = dot_score,
        gather_across_devices: bool = False,
        **settings: Any,
    ) -> None:
        super().__init__(model, scale, similarity_fct, gather_across_devices, **settings)


class SparseMarginMSELoss(MarginMSELoss):
    """:class:`~sbert.losses.MarginMSELoss` of sparse vectors."""


class SparseDistillKLDivLoss(DistillKLDivLoss):
    """:class:`~sbert.losses.DistillKLDivLoss` of sparse vectors, with a temperature of 2.

    Args:
        model: to be trained.
        similarity_fct: compares row i with row i.
        temperature: as for :class:`~sbert.losses.DistillKLDivLoss`.
        **settings: the others of it.
    """

    def __init__(
        self, model: Any, similarity_fct: Any = pairwise_dot_score, temperature: float = 2.0, **settings: Any
    ) -> None:
        super().__init__(model, similarity_fct, temperature, **settings)


class SparseTripletLoss(TripletLoss):
    """:class:`~sbert.losses.TripletLoss` of sparse vectors."""


class SparseCosineSimilarityLoss(CosineSimilarityLoss):
    """:class:`~sbert.losses.CosineSimilarityLoss` of sparse vectors."""


class SparseCoSENTLoss(CoSENTLoss):
    """:class:`~sbert.losses.CoSENTLoss` of sparse vectors.

    Args:
        model: to be trained.
        scale: of similarities.
        similarity_fct: compares row i with row i.
    """

    def __init__(self, model: Any, scale: float = 20.0, similarity_fct: Any = pairwise_cos_sim) -> None:
        super().__init__(model, scale, similarity_fct)


class SparseAnglELoss(AnglELoss):
    """:class:`~sbert.losses.AnglELoss` of sparse vectors."""


class SparseMSELoss(MSELoss):
    """:class:`~sbert.losses.MSELoss` of sparse vectors."""


__all__ = [
    "CachedSpladeLoss", "FlopsLoss", "SparseAnglELoss", "SparseCoSENTLoss", "SparseCosineSimilarityLoss",
    "SparseDistillKLDivLoss", "SparseMSELoss", "SparseMarginMSELoss", "SparseMultipleNegativesRankingLoss",
    "SparseTripletLoss", "SpladeLoss",
]  # fmt: skip
