"""Translations: what should be near, and vectors that should be a teacher's."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..errors import DimensionError
from ..search.bitext import translation_accuracy
from ..vectors import as_array
from .evaluator import Evaluator, Metrics, encode_options, same_length


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
        forward, backward = translation_accuracy(both[:count], both[count:])
        found = {"src2trg_accuracy": forward, "trg2src_accuracy": backward, "mean_accuracy": (forward + backward) / 2}
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
        self._wanted = as_array(teacher_model.encode(list(source_sentences), **self._options)).astype(np.float64)

    def measure(self, model: Any) -> tuple[Metrics, str]:  # noqa: D102
        found = as_array(model.encode(self.target_sentences, **self._options)).astype(np.float64)
        if found.shape != self._wanted.shape:
            raise DimensionError(
                f"The model gives vectors of {found.shape[1]} numbers, the teacher of {self._wanted.shape[1]}: pass "
                "truncate_dim, or a teacher of the same width."
            )
        return {"negative_mse": -100 * float(np.square(found - self._wanted).mean())}, "negative_mse"
