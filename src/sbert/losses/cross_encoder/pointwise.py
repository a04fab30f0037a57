"""Pairs one by one: whether a document answers, which class a pair is of, or what a teacher scores it."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from ...errors import InputError
from ..labels import between, classes
from .base import CrossEncoderLoss, one_for_each


class BinaryCrossEntropyLoss(CrossEncoderLoss):
    """``-(w y log p + (1 - y) log(1 - p))`` with ``p = sigmoid(score)``, the mean over pairs.

    Nogueira and Cho, https://arxiv.org/abs/1901.04085.

    Args:
        model: to be trained, with one label. Its columns are two, its labels ``y`` from 0 to 1.
        activation_fn: what scores go through before the sigmoid; nothing by default.
        pos_weight: ``w``, greater than 1 where positives are rare: negatives for each positive is usual.
        **options: of ``torch.nn.BCEWithLogitsLoss``.

    Raises:
        InputError: the model has not one label.
    """

    columns = (2, 2)
    label = "1 for a pair that belongs together, 0 for others, or a number between them"

    def __init__(
        self,
        model: Any,
        activation_fn: nn.Module | None = None,
        pos_weight: Tensor | float | None = None,
        **options: Any,
    ) -> None:
        super().__init__(model, activation_fn)
        weight = None
        if pos_weight is not None:
            device = next(self.network.parameters()).device
            weight = torch.as_tensor(pos_weight, dtype=torch.float32, device=device)
        self.loss_fct = nn.BCEWithLogitsLoss(pos_weight=weight, **options)

    def loss(self, logits: Any, labels: Any) -> Tensor:  # noqa: D102
        scores = logits.reshape(-1)
        found: Tensor = self.loss_fct(scores, one_for_each(self, labels, len(scores)).to(scores.dtype))
        return found

    def check_labels(self, labels: Any) -> None:  # noqa: D102
        between(type(self).__name__, labels, 0, 1, "Scale them, or use MSELoss for a teacher's scores.")

    def get_config_dict(self) -> dict[str, Any]:  # noqa: D102
        weight = self.loss_fct.pos_weight
        return super().get_config_dict() | {"pos_weight": None if weight is None else weight.tolist()}


class CrossEntropyLoss(CrossEncoderLoss):
    """``-log softmax(scores)[y]``, the mean over pairs: classes of pairs, such as those of NLI.

    Devlin et al., https://arxiv.org/abs/1810.04805, section 4.1.

    Args:
        model: to be trained, with a label for each class. Its columns are two, its labels ``y`` numbers of classes,
            (B,), or how likely each class is, (B, classes).
        activation_fn: what scores go through before the softmax; nothing by default.
        **options: of ``torch.nn.CrossEntropyLoss``, such as ``weight`` or ``label_smoothing``.

    Raises:
        InputError: the model has one label.
    """

    columns = (2, 2)
    label = "the number of each pair's class, or how likely each class is"
    scores_wanted = (2, None)

    def __init__(self, model: Any, activation_fn: nn.Module | None = None, **options: Any) -> None:
        super().__init__(model, activation_fn)
        device = next(self.network.parameters()).device
        self.loss_fct = nn.CrossEntropyLoss(**options).to(device)

    def loss(self, logits: Any, labels: Any) -> Tensor:  # noqa: D102
        if isinstance(labels, Tensor) and labels.shape == logits.shape:
            likely: Tensor = self.loss_fct(logits, labels.to(logits.dtype))
            return likely
        numbers = one_for_each(self, labels, len(logits)).long()
        # What is ignored on purpose, such as -100, is no class.
        known = numbers[numbers != self.loss_fct.ignore_index]
        if len(known) and (int(known.min()) < 0 or int(known.max()) >= logits.shape[1]):
            raise InputError(
                f"labels must be from 0 to {logits.shape[1] - 1}; got {int(known.min())} to {int(known.max())}. Load "
                "the model with more num_labels, or number the classes anew."
            )
        found: Tensor = self.loss_fct(logits, numbers)
        return found

    def check_labels(self, labels: Any) -> None:  # noqa: D102
        name, count = type(self).__name__, self.model.num_labels
        if labels.ndim == 2 and labels.shape[1] == count:
            between(name, labels, 0, 1)
        else:
            classes(name, labels[labels != self.loss_fct.ignore_index], count)


class MSELoss(CrossEncoderLoss):
    """``(score - teacher's)^2``, the mean over pairs.

    One of the losses that Hofstätter et al. compare, https://arxiv.org/abs/2010.02666.

    Args:
        model: to be trained, with one label. Its columns are two, its labels the teacher's scores.
        activation_fn: what scores go through before; nothing by default, so that teachers whose scores have no bounds
            can be followed.
        **options: of ``torch.nn.MSELoss``.

    Raises:
        InputError: the model has not one label.
    """

    columns = (2, 2)
    label = "the teacher's scores"

    def __init__(self, model: Any, activation_fn: nn.Module | None = None, **options: Any) -> None:
        super().__init__(model, activation_fn)
        self.loss_fct = nn.MSELoss(**options)

    def loss(self, logits: Any, labels: Any) -> Tensor:  # noqa: D102
        scores = logits.reshape(-1)
        found: Tensor = self.loss_fct(scores, one_for_each(self, labels, len(scores)).to(scores.dtype))
        return found
