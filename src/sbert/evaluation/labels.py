"""Labels of pairs, told by the classifier that a model was trained under."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import InputError, MissingDependencyError
from .evaluator import Evaluator, Metrics
from .outcomes import Outcomes


class LabelAccuracyEvaluator(Evaluator):
    """How often the classifier of a :class:`~sbert.losses.SoftmaxLoss` tells a pair's label.

    Measures ``accuracy``.

    Args:
        dataloader: of :class:`~sbert.data.examples.InputExample` of pairs with numbers of classes, or a sequence of
            them.
        name: of the data.
        softmax_model: the loss, whose classifier is asked.
        write_csv: whether a row is added to a table where a call names a folder.

    Raises:
        InputError: there are no pairs, one is not of two texts, or there is no classifier.
        MissingDependencyError: torch is not installed.
    """

    table = "accuracy_evaluation"

    def __init__(self, dataloader: Any, name: str = "", softmax_model: Any = None, write_csv: bool = True) -> None:
        super().__init__(name, write_csv)
        if not hasattr(softmax_model, "logits"):
            raise InputError("softmax_model must be a SoftmaxLoss, whose classifier tells labels.")
        data = getattr(dataloader, "dataset", dataloader)
        self.examples = [data[place] for place in range(len(data))]
        if not self.examples:
            raise InputError("dataloader must hold one pair at least; got none.")
        for place, example in enumerate(self.examples):
            if len(example.texts) != 2:
                raise InputError(f"Example {place} must be of two texts; got {len(example.texts)}.")
        self.softmax_model = softmax_model

    def measure(self, model: Any) -> tuple[Metrics, str]:  # noqa: D102
        try:
            import torch
        except ImportError as error:
            raise MissingDependencyError("torch", "ask a loss's classifier", "torch") from error

        both = [model.encode([example.texts[side] for example in self.examples]) for side in (0, 1)]
        weight = next(self.softmax_model.classifier.parameters())
        with torch.no_grad():
            u, v = (torch.as_tensor(vectors).to(weight.device, weight.dtype) for vectors in both)
            told = self.softmax_model.logits(u, v).argmax(dim=1).cpu().numpy()
        self.outcomes = Outcomes("pairs", [told == np.array([int(example.label) for example in self.examples])])
        return {"accuracy": self.outcomes.value}, "accuracy"
