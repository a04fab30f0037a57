"""The trainer under the names of the families, each with the loss that it uses where none is given."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from torch import nn

from ..models.cross_encoder import CrossEncoder
from ..models.multi_vector_encoder import MultiVectorEncoder
from ..models.sentence_transformer import SentenceTransformer
from ..models.sparse_encoder import SparseEncoder
from .arguments import TrainingArguments
from .trainer import Trainer


@dataclass
class SentenceTransformerTrainingArguments(TrainingArguments):
    """:class:`~sbert.training.arguments.TrainingArguments` of a :class:`SentenceTransformerTrainer`."""


@dataclass
class CrossEncoderTrainingArguments(TrainingArguments):
    """:class:`~sbert.training.arguments.TrainingArguments` of a :class:`CrossEncoderTrainer`."""


@dataclass
class SparseEncoderTrainingArguments(TrainingArguments):
    """:class:`~sbert.training.arguments.TrainingArguments` of a :class:`SparseEncoderTrainer`."""


@dataclass
class MultiVectorEncoderTrainingArguments(TrainingArguments):
    """:class:`~sbert.training.arguments.TrainingArguments` of a :class:`MultiVectorEncoderTrainer`."""


class SentenceTransformerTrainer(Trainer):
    """:class:`~sbert.training.trainer.Trainer` of a :class:`~sbert.SentenceTransformer`; CoSENT by default."""

    family: ClassVar[type | None] = SentenceTransformer
    arguments = SentenceTransformerTrainingArguments


class CrossEncoderTrainer(Trainer):
    """:class:`~sbert.training.trainer.Trainer` of a :class:`~sbert.CrossEncoder`.

    By default binary cross-entropy for one label, cross-entropy for several.
    """

    family: ClassVar[type | None] = CrossEncoder
    arguments = CrossEncoderTrainingArguments

    def default_loss(self, model: Any) -> nn.Module:  # noqa: D102
        from ..losses.cross_encoder import BinaryCrossEntropyLoss, CrossEntropyLoss

        made: nn.Module = BinaryCrossEntropyLoss(model) if model.num_labels == 1 else CrossEntropyLoss(model)
        return made


class SparseEncoderTrainer(Trainer):
    """:class:`~sbert.training.trainer.Trainer` of a :class:`~sbert.SparseEncoder`.

    By default ranking with SPLADE's regularisers, whose weights grow over the first third of the steps.
    """

    family: ClassVar[type | None] = SparseEncoder
    arguments = SparseEncoderTrainingArguments

    def default_loss(self, model: Any) -> nn.Module:  # noqa: D102
        from ..losses.sparse import SparseMultipleNegativesRankingLoss, SpladeLoss

        ranking = SparseMultipleNegativesRankingLoss(model)
        return SpladeLoss(model, ranking, document_regularizer_weight=3e-5, query_regularizer_weight=5e-5)

    def _callbacks(self, losses: Any) -> list[Any]:
        from ..losses.sparse import SpladeLoss
        from .splade_schedule import SpladeRegularizerWeightSchedulerCallback

        splade = {id(loss): loss for loss in losses.values() if isinstance(loss, SpladeLoss)}
        return [SpladeRegularizerWeightSchedulerCallback(loss) for loss in splade.values()]


class MultiVectorEncoderTrainer(Trainer):
    """:class:`~sbert.training.trainer.Trainer` of a :class:`~sbert.MultiVectorEncoder`.

    The first column is read as queries, the others as documents; ranking by default.
    """

    family: ClassVar[type | None] = MultiVectorEncoder
    arguments = MultiVectorEncoderTrainingArguments

    def default_loss(self, model: Any) -> nn.Module:  # noqa: D102
        from ..losses.multi_vector import MultiVectorMultipleNegativesRankingLoss

        return MultiVectorMultipleNegativesRankingLoss(model)
