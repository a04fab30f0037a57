"""Triplets: a text should be nearer to one that belongs to it than to one that does not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..errors import InputError
from ..similarity import SimilarityFunction
from .comparing import chosen_names, scores_of_rows
from .evaluator import Evaluator, Metrics, encode_options, same_length
from .outcomes import Outcomes


class TripletEvaluator(Evaluator):
    """The part of triplets in which the anchor is more similar to the positive than to the negative.

    The anchor is encoded as a query, the others as documents, which is the same for models that tell no difference.
    Measures ``{name}_accuracy`` of each similarity, and with several ``max_accuracy``. A tie is lost.

    Args:
        anchors: texts.
        positives: as many, each of which belongs to its anchor.
        negatives: as many, each of which does not.
        similarity_fn_names: ``cosine``, ``dot``, ``euclidean``, ``manhattan``; by default the model's own.
        margin: by how much more similar it must be; one number, or one for each similarity by its name.
        name: of the data.
        batch_size: texts in a batch at the most; by default the engine chooses.
        show_progress_bar: as for ``encode``.
        write_csv: whether a row is added to a table where a call names a folder.
        truncate_dim: keep so many leading dimensions.

    Raises:
        InputError: the three are not as many.
    """

    table = "triplet_evaluation"

    def __init__(
        self,
        anchors: Sequence[str],
        positives: Sequence[str],
        negatives: Sequence[str],
        similarity_fn_names: Sequence[str | SimilarityFunction] | None = None,
        margin: float | Mapping[str, float] = 0.0,
        name: str = "",
        batch_size: int | None = None,
        show_progress_bar: bool = False,
        write_csv: bool = True,
        truncate_dim: int | None = None,
    ) -> None:
        super().__init__(name, write_csv)
        same_length(anchors=anchors, positives=positives, negatives=negatives)
        self.anchors, self.positives, self.negatives = list(anchors), list(positives), list(negatives)
        self.similarity_fn_names, self.margin = similarity_fn_names, margin
        self._options = encode_options(batch_size, show_progress_bar, truncate_dim)

    def measure(self, model: Any) -> tuple[Metrics, str]:  # noqa: D102
        names = chosen_names(model, self.similarity_fn_names)
        count = len(self.anchors)
        anchors = model.encode_query(self.anchors, **self._options)
        others = model.encode_document(self.positives + self.negatives, **self._options)
        right = {}
        for name in names:
            near = scores_of_rows(model, name, anchors, others[:count])
            far = scores_of_rows(model, name, anchors, others[count:])
            right[name] = near > far + self._margin(name)
        found = {f"{name}_accuracy": float(of_each.mean()) for name, of_each in right.items()}
        self.outcomes = Outcomes("triplets", [max(right.values(), key=lambda of_each: float(of_each.mean()))])
        if len(names) == 1:
            return found, f"{names[0]}_accuracy"
        found["max_accuracy"] = max(found.values())
        return found, "max_accuracy"

    def _margin(self, name: str) -> float:
        if not isinstance(self.margin, Mapping):
            return float(self.margin)
        if name not in self.margin:
            raise InputError(f"margin has no number for {name!r}; got those of {sorted(self.margin)}.")
        return float(self.margin[name])
