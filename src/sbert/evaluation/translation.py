"""Translations: what should be near, and vectors that should be a teacher's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ..errors import DimensionError, InputError
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
        require_one_shape(found, self._wanted)
        self.outcomes = Outcomes("texts", [-100 * squared_errors(found, self._wanted)])
        return {"negative_mse": self.outcomes.value}, "negative_mse"


class MSEEvaluatorFromDataFrame(Evaluator):
    """How far a model's vectors of texts in several languages are from a teacher's of their translations.

    Measures ``negative_mse``, the mean of those of all pairs of languages, which counts most, and that of each, such as
    ``negative_mse_en-de``; as :class:`MSEEvaluator` measures it.

    Args:
        dataframe: rows that map names of languages to a text each, all of the same meaning; a row without a text of a
            language is left out of its pairs.
        teacher_model: gives the vectors that are wanted, now.
        combinations: pairs of names: what the teacher reads, and what the model does.
        batch_size: texts in a batch at the most; by default the engine chooses.
        name: of the data.
        write_csv: whether a row is added to a table where a call names a folder.
        truncate_dim: keep so many leading dimensions.

    Raises:
        InputError: there are no combinations, or no row with both texts of one.
    """

    table = "mse_evaluation"

    def __init__(
        self,
        dataframe: Sequence[Mapping[str, str]],
        teacher_model: Any,
        combinations: Sequence[tuple[str, str]],
        batch_size: int | None = None,
        name: str = "",
        write_csv: bool = True,
        truncate_dim: int | None = None,
    ) -> None:
        super().__init__(name, write_csv)
        if not combinations:
            raise InputError("combinations must hold a pair of names at least, such as ('en', 'de'); got none.")
        self._options = encode_options(batch_size, False, truncate_dim)
        rows = dataframe.to_dict("records") if hasattr(dataframe, "to_dict") else list(dataframe)
        self.combinations = [(source, target) for source, target in combinations]
        self._texts: list[list[str]] = []
        sources: list[list[str]] = []
        for source, target in self.combinations:
            both = [(row[source], row[target]) for row in rows if _text(row, source) and _text(row, target)]
            if not both:
                raise InputError(f"dataframe has no row with a text of {source!r} and one of {target!r}.")
            sources.append([one for one, _ in both])
            self._texts.append([other for _, other in both])
        distinct = {text: place for place, text in enumerate(dict.fromkeys(text for of in sources for text in of))}
        vectors = teacher_model.encode(list(distinct), **self._options)
        self._wanted = [vectors[[distinct[text] for text in of]] for of in sources]

    def measure(self, model: Any) -> tuple[Metrics, str]:  # noqa: D102
        parts, found = [], {}
        for (source, target), texts, wanted in zip(self.combinations, self._texts, self._wanted, strict=True):
            vectors = model.encode(texts, **self._options)
            require_one_shape(vectors, wanted)
            parts.append(-100 * squared_errors(vectors, wanted))
            found[f"negative_mse_{source}-{target}"] = float(parts[-1].mean())
        self.outcomes = Outcomes.of_parts("texts", parts)
        return {"negative_mse": float(np.mean(list(found.values()))), **found}, "negative_mse"


def require_one_shape(found: Any, wanted: Any) -> None:
    """Raise unless a model's vectors are as wide as a teacher's.

    Raises:
        DimensionError: they are not; both widths are named.
    """
    if found.shape != wanted.shape:
        raise DimensionError(
            f"The model gives vectors of {found.shape[1]} numbers, the teacher of {wanted.shape[1]}: pass "
            "truncate_dim, or a teacher of the same width."
        )


def _text(row: Mapping[str, Any], language: str) -> bool:
    return isinstance(row.get(language), str) and bool(row[language].strip())
