"""Classes of pairs: the way in which SBERT was first trained."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from ..errors import InputError
from .base import Loss
from .labels import classes


class SoftmaxLoss(Loss):
    """The cross-entropy of a linear classifier of ``[u, v, |u - v|]``: the classification objective of SBERT.

    Reimers and Gurevych, https://arxiv.org/abs/1908.10084, section 3. The classifier is thrown away after training.

    Args:
        model: to be trained. Its columns are two, its labels numbers of classes, (B,), or how likely each class is,
            (B, num_labels).
        embedding_dimension: of the vectors; the model's by default.
        num_labels: how many classes there are.
        concatenation_sent_rep: whether ``u`` and ``v`` are read.
        concatenation_sent_difference: whether ``|u - v|`` is.
        concatenation_sent_multiplication: whether ``u * v`` is.
        loss_fct: of logits and labels; cross-entropy by default.
        sentence_embedding_dimension: the older name of ``embedding_dimension``.

    Raises:
        InputError: none of the three is read, or a label is none of the classes.
    """

    columns = (2, 2)
    label = "the number of each pair's class"

    def __init__(
        self,
        model: Any,
        embedding_dimension: int | None = None,
        num_labels: int = 2,
        concatenation_sent_rep: bool = True,
        concatenation_sent_difference: bool = True,
        concatenation_sent_multiplication: bool = False,
        loss_fct: nn.Module | None = None,
        sentence_embedding_dimension: int | None = None,
    ) -> None:
        super().__init__(model)
        parts = 2 * concatenation_sent_rep + concatenation_sent_difference + concatenation_sent_multiplication
        if not parts:
            raise InputError("SoftmaxLoss must read something of u and v: leave one of concatenation_* True.")
        width = embedding_dimension or sentence_embedding_dimension or model.get_embedding_dimension()
        self.num_labels = num_labels
        self.concatenation_sent_rep = concatenation_sent_rep
        self.concatenation_sent_difference = concatenation_sent_difference
        self.concatenation_sent_multiplication = concatenation_sent_multiplication
        self.classifier = nn.Linear(parts * width, num_labels).to(next(self.network.parameters()).device)
        self.loss_fct = loss_fct or nn.CrossEntropyLoss()

    def loss(self, embeddings: list[Tensor], labels: Any) -> Tensor:  # noqa: D102
        logits = self.logits(*embeddings)
        if labels.shape == logits.shape and labels.is_floating_point():
            labels = labels.to(logits.dtype)
        else:
            labels = labels.view(-1)
            if int(labels.min()) < 0 or int(labels.max()) >= self.num_labels:
                raise InputError(
                    f"labels must be from 0 to {self.num_labels - 1}; got {int(labels.min())} to {int(labels.max())}. "
                    "Pass num_labels, or number the classes anew."
                )
        found: Tensor = self.loss_fct(logits, labels)
        return found

    def check_labels(self, labels: Any) -> None:  # noqa: D102
        if labels.ndim == 1:
            classes(type(self).__name__, labels, self.num_labels)

    def get_config_dict(self) -> dict[str, Any]:  # noqa: D102
        names = ("concatenation_sent_rep", "concatenation_sent_difference", "concatenation_sent_multiplication")
        return {"num_labels": self.num_labels} | {name: getattr(self, name) for name in names}

    def logits(self, u: Tensor, v: Tensor) -> Tensor:
        """What the classifier tells of pairs of vectors: (B, d) twice to (B, num_labels)."""
        parts = [u, v] if self.concatenation_sent_rep else []
        if self.concatenation_sent_difference:
            parts.append((u - v).abs())
        if self.concatenation_sent_multiplication:
            parts.append(u * v)
        found: Tensor = self.classifier(torch.cat(parts, dim=1))
        return found
