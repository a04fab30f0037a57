"""Several evaluators as one."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import Any

from ..errors import InputError
from .evaluator import Evaluator, Metrics


class SequentialEvaluator(Evaluator):
    """Calls one evaluator after another; what counts most of all is ``sequential_score``.

    Args:
        evaluators: with names of their own, lest one's measures hide another's.
        main_score_function: of the list of what counts most for each; by default the last one's.

    Raises:
        InputError: there are none.
    """

    primary_metric = "sequential_score"

    def __init__(
        self,
        evaluators: Sequence[Evaluator],
        main_score_function: Callable[[list[float]], float] = lambda scores: scores[-1],
    ) -> None:
        super().__init__(write_csv=False)
        if not evaluators:
            raise InputError("evaluators must hold one at least.")
        self.evaluators, self.main_score_function = list(evaluators), main_score_function

    def __call__(
        self, model: Any, output_path: str | os.PathLike[str] | None = None, epoch: float = -1, steps: int = -1
    ) -> Metrics:
        """Measure a model by all of them; arguments as for each."""
        found: Metrics = {}
        scores = []
        for evaluator in self.evaluators:
            metrics = evaluator(model, output_path, epoch, steps)
            twice = set(found).intersection(metrics)
            if twice:
                raise InputError(f"Two evaluators measure {min(twice)!r}: give each a name of its own.")
            found |= metrics
            scores.append(metrics[str(evaluator.primary_metric)])
        return found | {"sequential_score": float(self.main_score_function(scores))}

    def measure(self, model: Any) -> tuple[Metrics, str]:  # noqa: D102
        return self(model), "sequential_score"
