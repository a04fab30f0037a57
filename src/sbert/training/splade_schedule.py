"""Weights of SPLADE's regularisers that grow while a model trains, so that it learns words before it must drop them."""

from __future__ import annotations

from typing import Any

import transformers

from ..errors import InputError, one_of
from ..losses.sparse import SpladeLoss

SCHEDULES = ("quadratic", "linear")


class SpladeRegularizerWeightSchedulerCallback(transformers.TrainerCallback):  # type: ignore[misc]
    """Raises both weights from 0 to what they were set to, over the first part of the steps.

    Formal et al., https://arxiv.org/abs/2109.10086, section 4: quadratically, over a third of the steps.

    Args:
        loss: whose weights they are.
        scheduler_type: ``quadratic`` or ``linear``.
        warmup_ratio: part of the steps in which they rise.

    Raises:
        InputError: the loss has no such weights, the schedule is not known, or the ratio is not from 0 to 1.
    """

    def __init__(self, loss: SpladeLoss, scheduler_type: str = "quadratic", warmup_ratio: float = 1 / 3) -> None:
        if not isinstance(loss, SpladeLoss):
            raise InputError(f"loss must be a SpladeLoss, whose weights rise; got {type(loss).__name__}.")
        if scheduler_type not in SCHEDULES:
            raise one_of("scheduler_type", scheduler_type, SCHEDULES)
        if not 0 <= warmup_ratio <= 1:
            raise InputError(f"warmup_ratio must be from 0 to 1; got {warmup_ratio}.")
        self.loss, self.scheduler_type, self.warmup_ratio = loss, scheduler_type, warmup_ratio
        self.greatest = loss.document_regularizer_weight, loss.query_regularizer_weight

    def at(self, step: int, steps: int) -> float:
        """What part of the weights holds at a step."""
        rising = max(1, round(steps * self.warmup_ratio))
        part = min(1.0, step / rising)
        return part**2 if self.scheduler_type == "quadratic" else part

    def on_step_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:  # noqa: ARG002
        """Set the weights of a step, of which a resumed run needs nothing but the number."""
        part = self.at(state.global_step, state.max_steps)
        documents, queries = self.greatest
        self.loss.document_regularizer_weight = part * documents
        self.loss.query_regularizer_weight = None if queries is None else part * queries

    def on_train_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:  # noqa: ARG002
        """Leave the weights as they were set."""
        self.loss.document_regularizer_weight, self.loss.query_regularizer_weight = self.greatest
