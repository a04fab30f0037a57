"""The trainers, which also take data, a loss or a model that are set after they were made, as libraries do."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

import sbert.training
from sbert.models.base import BaseModel

if TYPE_CHECKING:
    Base = sbert.training.Trainer
else:
    Base = object

#: What a trainer of sbert makes of its data and its loss when it is made.
_PREPARED = (
    "_eval", "_given_loss", "_train", "data_collator", "eval_dataset", "layouts", "model", "model_wrapped", "record",
    "train_dataset", "trained_model",
)  # fmt: skip


class _Settable(Base):
    """Looks at the data when training starts, where it is not what the trainer was made with."""

    #: A loss of its own kind wins over the one that the trainer was made with.
    loss: Any = None

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._made_with = self._now()

    def train(self, *args: Any, **options: Any) -> Any:
        """Train, on what is set now."""
        if any(one is not other for one, other in zip(self._now(), self._made_with, strict=True)):
            self._take_over()
        return super().train(*args, **options)

    def _now(self) -> tuple[Any, ...]:
        return self.train_dataset, self.eval_dataset, self.loss, self.model

    def _take_over(self) -> None:
        # A trainer of sbert, made of what is set, checks it all and makes the parts; callbacks stay this one's.
        quiet = copy.copy(self.args)
        quiet.report_to = []
        kind: Any = next(base for base in type(self).__mro__ if base.__module__.startswith("sbert."))
        made = kind(
            self.model if isinstance(self.model, BaseModel) else self.trained_model,
            quiet,
            self.train_dataset,
            self.eval_dataset,
            loss=self.loss if self.loss is not None else self._given_loss,
        )
        for name in _PREPARED:
            setattr(self, name, getattr(made, name))
        self._made_with = self._now()


class SentenceTransformerTrainer(_Settable, sbert.training.SentenceTransformerTrainer):
    """:class:`sbert.training.SentenceTransformerTrainer`, whose data may be set later."""


class CrossEncoderTrainer(_Settable, sbert.training.CrossEncoderTrainer):
    """:class:`sbert.training.CrossEncoderTrainer`, whose data may be set later."""


class SparseEncoderTrainer(_Settable, sbert.training.SparseEncoderTrainer):
    """:class:`sbert.training.SparseEncoderTrainer`, whose data may be set later."""


class MultiVectorEncoderTrainer(_Settable, sbert.training.MultiVectorEncoderTrainer):
    """:class:`sbert.training.MultiVectorEncoderTrainer`, whose data may be set later."""
