"""Pairs that belong together or do not, told apart by a threshold of their similarity."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..errors import InputError
from ..similarity import SimilarityFunction
from .binary import Cuts
from .comparing import DISTANCES, chosen_names, scores_of_rows
from .evaluator import Evaluator, Metrics, encode_options, same_length
from .outcomes import Outcomes


class BinaryClassificationEvaluator(Evaluator):
    """How well the similarity of two texts tells pairs of the label 1 from those of 0: paraphrases, duplicates.

    Measures, for each similarity: ``_accuracy`` and ``_f1`` at their best thresholds, which are told (of distances as
    distances), ``_precision`` and ``_recall`` at that of F1, ``_ap`` (average precision) and ``_mcc`` (Matthews'
    correlation, at that of F1). With several, the greatest of each as ``max_*``. Average precision counts most.

    Args:
        sentences1: texts.
        sentences2: as many others.
        labels: 1 for each pair that belongs together, 0 for the others.
        name: of the data.
        batch_size: texts in a batch at the most; by default the engine chooses.
        show_progress_bar: as for ``encode``.
        write_csv: whether a row is added to a table where a call names a folder.
        truncate_dim: keep so many leading dimensions.
        similarity_fn_names: ``cosine``, ``dot``, ``euclidean``, ``manhattan``; by default the model's own.

    Raises:
        InputError: the three are not as many, or a label is neither 0 nor 1.
    """

    table = "binary_classification_evaluation"

    def __init__(
        self,
        sentences1: Sequence[str],
        sentences2: Sequence[str],
        labels: Sequence[int],
        name: str = "",
        batch_size: int | None = None,
        show_progress_bar: bool = False,
        write_csv: bool = True,
        truncate_dim: int | None = None,
        similarity_fn_names: Sequence[str | SimilarityFunction] | None = None,
    ) -> None:
        super().__init__(name, write_csv)
        same_length(sentences1=sentences1, sentences2=sentences2, labels=labels)
        self.sentences1, self.sentences2, self.labels = list(sentences1), list(sentences2), np.asarray(labels)
        wrong = ~np.isin(self.labels, (0, 1))
        if wrong.any():
            place = int(wrong.argmax())
            raise InputError(f"labels[{place}] must be 0 or 1; got {self.labels[place]!r}.")
        self.similarity_fn_names = similarity_fn_names
        self._options = encode_options(batch_size, show_progress_bar, truncate_dim)

    def measure(self, model: Any) -> tuple[Metrics, str]:  # noqa: D102
        names = chosen_names(model, self.similarity_fn_names)
        both = model.encode(self.sentences1 + self.sentences2, **self._options)
        a, b = both[: len(self.labels)], both[len(self.labels) :]
        scores = {name: scores_of_rows(model, name, a, b) for name in names}
        found: Metrics = {}
        for name in names:
            of_one = measures(scores[name], self.labels, distance=name in DISTANCES)
            found |= {f"{name}_{key}": value for key, value in of_one.items()}
        best = max(names, key=lambda name: found[f"{name}_ap"])
        self.outcomes = Outcomes("pairs", (scores[best], self.labels), average_precision)
        if len(names) == 1:
            return found, f"{names[0]}_ap"
        for key in of_one:
            # The greatest of thresholds of different similarities would say nothing, but readers expect the names.
            found[f"max_{key}"] = max(found[f"{name}_{key}"] for name in names)
        return found, "max_ap"


def average_precision(scores: Any, labels: Any) -> float:
    """The average precision of some scores, of which greater ones speak for the label 1; both (n,)."""
    return Cuts.of(scores, labels).average_precision()


def measures(scores: Any, labels: Any, *, distance: bool = False) -> Metrics:
    """The measures of some scores, of which greater ones speak for the label 1.

    Args:
        scores: (n,).
        labels: (n,) of 0 and 1.
        distance: whether scores are negated distances, so that thresholds are told as distances.
    """
    cuts = Cuts.of(scores, labels)
    sign = -1.0 if distance else 1.0
    accuracy, accuracy_threshold = cuts.accuracy()
    f1, precision, recall, f1_threshold = cuts.f1()
    return {
        "accuracy": accuracy,
        "accuracy_threshold": sign * accuracy_threshold,
        "f1": f1,
        "f1_threshold": sign * f1_threshold,
        "precision": precision,
        "recall": recall,
        "ap": cuts.average_precision(),
        "mcc": cuts.correlation(f1_threshold),
    }
