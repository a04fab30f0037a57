"""Translations: what should be near, and vectors that should be a teacher's."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..errors import DimensionError
from .comparing import nearest_by_cosine, squared_errors
from .evaluator import Evaluator, Metrics, encode_options, same_length
from .outcomes import Outcomes


class TranslationEvaluator(Evaluator):
    """How often the nearest text of the other language, by cosine, is the translation: as for Tatoeba.

    Measures ``src2trg_accuracy``, ``trg2src_accuracy`` and their mean, ``mean_accuracy``, which counts most.

    Args:
        source_sentences: texts.
        target_sentences: their translations, in the same order.
        show_progress_bar: as for ``encode``.
        batch_size: texts in a batch at the most; by default the engine chooses.
        name: of the data.
        write_csv: whether a row is added to a table where a call names a folder.
        truncate_dim: keep so many leading dimensions.

    Raises:
        InputError: the two are not as many.
    """

    table = "translation_evaluation"

    def __init__(
        self,
        source_sentences: Sequence[str],
        target_sentences: Sequence[str],
        show_progress_bar: bool = False,
        batch_size: int | None = None,
        name: str = "",
        write_csv: bool = True,
        truncate_dim: int | None = None,
    ) -> None:
        super().__init__(name, write_csv)
        same_length(source_sentences=source_sentences, target_sentences=target_sentences)
        self.source_sentences, self.target_sentences = list(source_sentences), list(target_sentences)
        self._options = encode_options(batch_size, show_progress_bar, truncate_dim)

    def measure(self, model: Any) -> tuple[Metrics, str]:  # noqa: D102
        both = model.encode(self.source_sentences + self.target_sentences, **self._options)
        count = len(self.source_sentences)
        source, target, numbers = both[:count], both[count:], np.arange(count)
        right = [nearest_by_cosine(*way) == numbers for way in ((source, target), (target, source))]
        forward, backward = (float(of_each.mean()) for of_each in right)
        found = {"src2trg_accuracy": forward, "trg2src_accuracy": backward, "mean_accuracy": (forward + backward) / 2}
        self.outcomes = Outcomes("pairs", [np.mean(right, axis=0)])
        return found, "mean_accuracy"


class MSEEvaluator(Evaluator):
    """How far a model's vectors of some texts are from a teacher's of others, mostly their translations.

    Measures ``negative_mse``: the mean squared difference of their numbers, times -100, so that more is better.

    Args:
        source_sentences: what the teacher reads, now.
        target_sentences: what the model reads, in the same order.
        teacher_model: gives the vectors that are wanted.
        show_progress_bar: as for ``encode``.
        batch_size: texts in a batch at the most; by default the engine chooses.
        name: of the data.
        write_csv: whether a row is added to a table where a call names a folder.
        truncate_dim: keep so many leading dimensions.

    Raises:
        InputError: the two are not as many.
    """

    table = "mse_evaluation"

    def __init__(
        self,
        source_sentences: Sequence[str],
        target_sentences: Sequence[str],
        teacher_model: Any = None,
        show_progress_bar: bool = False,
        batch_size: int | None = None,
        name: str = "",
        write_csv: bool = True,
        truncate_dim: int | None = None,
    ) -> None:
        super().__init__(name, write_csv)
        same_length(source_sentences=source_sentences, target_sentences=target_sentences)
        self.target_sentences = list(target_sentences)
        self._options = encode_options(batch_size, show_progress_bar, truncate_dim)
        self._wanted = teacher_model.encode(list(source_sentences), **self._options)

    def measure(self, model: Any) -> tuple[Metrics, str]:  # noqa: D102
        found = model.encode(self.target_sentences, **self._options)
        if found.shape != self._wanted.shape:
            raise DimensionError(
                f"The model gives vectors of {found.shape[1]} numbers, the teacher of {self._wanted.shape[1]}: pass "
                "truncate_dim, or a teacher of the same width."
            )
        self.outcomes = Outcomes("texts", [-100 * squared_errors(found, self._wanted)])
        return {"negative_mse": self.outcomes.value}, "negative_mse"
