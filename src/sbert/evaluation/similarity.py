"""Similarities beside human judgements, as of the STS tasks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..errors import InputError
from ..similarity import SimilarityFunction
from ..types import Precision
from .comparing import chosen_names, scores_of_rows
from .correlation import pearson, spearman
from .evaluator import Evaluator, Metrics, encode_options, same_length
from .outcomes import Outcomes


class EmbeddingSimilarityEvaluator(Evaluator):
    """Correlation of the similarity of two texts with a score that people gave.

    Measures ``pearson_{name}`` and ``spearman_{name}`` of each similarity, and with several the greatest of each,
    ``pearson_max`` and ``spearman_max``. Spearman's counts most.

    Args:
        sentences1: texts.
        sentences2: as many others.
        scores: as many numbers, greater ones for more similar texts.
        batch_size: texts in a batch at the most; by default the engine chooses.
        main_similarity: the one whose Spearman counts most; by default the only one, or the greatest of several.
        similarity_fn_names: ``cosine``, ``dot``, ``euclidean``, ``manhattan``; by default the model's own.
        name: of the data.
        show_progress_bar: as for ``encode``.
        write_csv: whether a row is added to a table where a call names a folder.
        precision: of the vectors: ``float32``, or codes.
        truncate_dim: keep so many leading dimensions.

    Raises:
        InputError: the three are not as many, or a score is not a finite number.
    """

    table = "similarity_evaluation"

    def __init__(
        self,
        sentences1: Sequence[str],
        sentences2: Sequence[str],
        scores: Sequence[float],
        batch_size: int | None = None,
        main_similarity: str | SimilarityFunction | None = None,
        similarity_fn_names: Sequence[str | SimilarityFunction] | None = None,
        name: str = "",
        show_progress_bar: bool = False,
        write_csv: bool = True,
        precision: Precision = "float32",
        truncate_dim: int | None = None,
    ) -> None:
        super().__init__(name, write_csv)
        same_length(sentences1=sentences1, sentences2=sentences2, scores=scores)
        self.sentences1, self.sentences2 = list(sentences1), list(sentences2)
        self.scores = np.asarray(scores, np.float64)
        if not np.isfinite(self.scores).all():
            raise InputError(f"scores[{int(np.isfinite(self.scores).argmin())}] is not a finite number.")
        self.main_similarity, self.similarity_fn_names = main_similarity, similarity_fn_names
        self._options = encode_options(batch_size, show_progress_bar, truncate_dim)
        if precision != "float32":
            self._options["precision"] = precision

    def measure(self, model: Any) -> tuple[Metrics, str]:  # noqa: D102
        names = chosen_names(model, self.similarity_fn_names)
        both = model.encode(self.sentences1 + self.sentences2, **self._options)
        a, b = both[: len(self.scores)], both[len(self.scores) :]
        scores = {name: scores_of_rows(model, name, a, b) for name in names}
        found: Metrics = {}
        for name in names:
            found[f"pearson_{name}"] = pearson(scores[name], self.scores)
            found[f"spearman_{name}"] = spearman(scores[name], self.scores)
        if len(names) > 1:
            for kind in ("pearson", "spearman"):
                found[f"{kind}_max"] = max(found[f"{kind}_{name}"] for name in names)
        main = "max" if len(names) > 1 else names[0]
        if self.main_similarity is not None:
            main = SimilarityFunction(self.main_similarity).value
            if main not in names:
                raise InputError(f"main_similarity must be one of those compared, {names}; got {main!r}.")
        shown = max(names, key=lambda name: found[f"spearman_{name}"]) if main == "max" else main
        self.outcomes = Outcomes("pairs", (scores[shown], self.scores), spearman)
        return found, f"spearman_{main}"
