"""Cross-encoders: scores of pairs beside numbers and labels, and the order that they give to documents."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from ..errors import InputError, positive
from .classes import f1_macro, f1_of_classes
from .classification import average_precision, measures
from .correlation import pearson, spearman
from .evaluator import Evaluator, Metrics, same_length
from .outcomes import Outcomes
from .ranking import Judged

#: The class of inference that says that one text follows from the other.
ENTAILMENT = "entailment"


class CrossEncoderCorrelationEvaluator(Evaluator):
    """Correlation of a cross-encoder's scores with numbers that people gave: ``pearson`` and ``spearman``.

    Spearman's counts most.

    Args:
        sentence_pairs: pairs of texts.
        scores: as many numbers.
        name: of the data.
        batch_size: pairs in a batch at the most; by default the engine chooses.
        show_progress_bar: as for ``predict``.
        write_csv: whether a row is added to a table where a call names a folder.

    Raises:
        InputError: the two are not as many.
    """

    table = "cross_encoder_correlation_evaluation"

    def __init__(
        self,
        sentence_pairs: Sequence[Sequence[str]],
        scores: Sequence[float],
        name: str = "",
        batch_size: int | None = None,
        show_progress_bar: bool = False,
        write_csv: bool = True,
    ) -> None:
        super().__init__(name, write_csv)
        same_length(sentence_pairs=sentence_pairs, scores=scores)
        self.sentence_pairs, self.scores = [tuple(pair) for pair in sentence_pairs], np.asarray(scores, np.float64)
        self._options = {"batch_size": batch_size, "show_progress_bar": show_progress_bar}

    def measure(self, model: Any) -> tuple[Metrics, str]:  # noqa: D102
        _require_one_score(model)
        found = model.predict(self.sentence_pairs, **self._options)
        self.outcomes = Outcomes("pairs", (found, self.scores), spearman)
        return {"pearson": pearson(found, self.scores), "spearman": spearman(found, self.scores)}, "spearman"


class CrossEncoderClassificationEvaluator(Evaluator):
    """Labels of pairs, told by a cross-encoder.

    With one score a pair: ``accuracy`` and ``f1`` at their best thresholds, which are told, ``precision`` and
    ``recall`` at that of F1, and ``average_precision``, which counts most. With several: ``f1_macro``, which counts
    most, ``f1_micro`` and ``f1_weighted`` of the greatest.

    Args:
        sentence_pairs: pairs of texts.
        labels: as many: 0 or 1, or the number of the score that should be the greatest; or what the model's
            configuration calls that score (``id2label``), in any case. With one score, ``entailment`` is 1 and every
            other name 0.
        name: of the data.
        batch_size: pairs in a batch at the most; by default the engine chooses.
        show_progress_bar: as for ``predict``.
        write_csv: whether a row is added to a table where a call names a folder.

    Raises:
        InputError: the two are not as many, or a label is neither a whole number of at least 0 nor a name; when it is
            called, also where the model has no score of that number or name.
    """

    table = "cross_encoder_classification_evaluation"

    def __init__(
        self,
        sentence_pairs: Sequence[Sequence[str]],
        labels: Sequence[int] | Sequence[str],
        *,
        name: str = "",
        batch_size: int | None = None,
        show_progress_bar: bool = False,
        write_csv: bool = True,
    ) -> None:
        super().__init__(name, write_csv)
        same_length(sentence_pairs=sentence_pairs, labels=labels)
        self.sentence_pairs, self.labels = [tuple(pair) for pair in sentence_pairs], np.asarray(labels)
        if self.labels.dtype.kind == "U":
            self.labels = np.char.lower(self.labels)
        elif self.labels.dtype.kind not in "iub" or self.labels.min() < 0:
            raise InputError(f"labels must be whole numbers of at least 0, or names; got {list(labels)[:3]} and so on.")
        else:
            self.labels = self.labels.astype(np.int64)
        self._options = {"batch_size": batch_size, "show_progress_bar": show_progress_bar}

    def measure(self, model: Any) -> tuple[Metrics, str]:  # noqa: D102
        labels = self.labels if self.labels.dtype.kind == "i" else _numbers(model, self.labels)
        most = max(model.num_labels, 2)
        if labels.max() >= most:
            place = int((labels >= most).argmax())
            raise InputError(
                f"labels[{place}] is {labels[place]}; the model gives {model.num_labels} scores, for labels from "
                f"0 to {most - 1}."
            )
        scores = model.predict(self.sentence_pairs, **self._options)
        if model.num_labels == 1:
            found = measures(scores, labels)
            self.outcomes = Outcomes("pairs", (scores, labels), average_precision)
            del found["mcc"]
            return found | {"average_precision": found.pop("ap")}, "average_precision"
        told = np.asarray(scores).argmax(axis=1)
        self.outcomes = Outcomes("pairs", (told, labels), f1_macro)
        return f1_of_classes(told, labels), "f1_macro"


class CrossEncoderRerankingEvaluator(Evaluator):
    """The order that a cross-encoder gives to the documents of each query.

    Measures ``map``, ``mrr@k`` and ``ndcg@k``, which counts most; where samples bring ``documents`` in an order, also
    that order's, ``base_map``, ``base_mrr@k`` and ``base_ndcg@k``. Relevant documents that are not among those ordered
    count as not found. Of equal scores those that are not relevant come first.

    Args:
        samples: mappings with ``query``, ``positive`` (relevant documents), and ``negative`` (others) or ``documents``
            (as a search has found them, the best first).
        at_k: how far MRR and nDCG look.
        always_rerank_positives: with ``documents``, whether relevant ones that are not among them are ordered too.
        name: of the data.
        batch_size: pairs in a batch at the most; by default the engine chooses.
        show_progress_bar: as for ``predict``.
        write_csv: whether a row is added to a table where a call names a folder.

    Raises:
        InputError: a sample lacks what it needs.
    """

    table = "cross_encoder_reranking_evaluation"

    def __init__(
        self,
        samples: Sequence[Mapping[str, Any]],
        at_k: int = 10,
        always_rerank_positives: bool = True,
        name: str = "",
        batch_size: int | None = None,
        show_progress_bar: bool = False,
        write_csv: bool = True,
    ) -> None:
        super().__init__(name, write_csv)
        for place, sample in enumerate(samples):
            if not {"query", "positive"} <= set(sample) or ("negative" in sample) == ("documents" in sample):
                raise InputError(
                    f"samples[{place}] must have query, positive, and either negative or documents; it has "
                    f"{sorted(sample)}."
                )
        self.samples = [sample for sample in samples if len(sample["positive"])]
        if not self.samples or len({"documents" in sample for sample in self.samples}) > 1:
            raise InputError(
                "samples must hold one at least with a relevant document, and all of them negative, or all documents."
            )
        self.at_k, self.always_rerank_positives = positive("at_k", at_k), always_rerank_positives
        self._options = {"batch_size": batch_size, "show_progress_bar": show_progress_bar}

    def measure(self, model: Any) -> tuple[Metrics, str]:  # noqa: D102
        _require_one_score(model)
        texts = [self._ordered(sample) for sample in self.samples]
        pairs = [(sample["query"], text) for sample, of in zip(self.samples, texts, strict=True) for text in of]
        scores = model.predict(pairs, **self._options) if pairs else np.empty(0)
        rows, start = [], 0
        for sample, of in zip(self.samples, texts, strict=True):
            good = np.isin(np.array(of, object), list(sample["positive"]))
            some = np.asarray(scores[start : start + len(of)], np.float64)
            rows.append(good[np.lexsort((good, -some))])
            start += len(of)
        judged = self._judged(rows)
        self.outcomes = Outcomes("queries", [judged.ndcg_of_each(self.at_k)])
        found = judged.reranking(self.at_k)
        if "documents" in self.samples[0]:
            base = [np.isin(np.array(s["documents"], object), list(s["positive"])) for s in self.samples]
            found = {f"base_{key}": value for key, value in self._judged(base).reranking(self.at_k).items()} | found
        return found, f"ndcg@{self.at_k}"

    def _ordered(self, sample: Mapping[str, Any]) -> list[str]:
        """The documents that the model is asked about, each once."""
        if "negative" in sample:
            return list(dict.fromkeys([*sample["positive"], *sample["negative"]]))
        first = sample["positive"] if self.always_rerank_positives else []
        return list(dict.fromkeys([*first, *sample["documents"]]))

    def _judged(self, rows: Sequence[npt.NDArray[np.bool_]]) -> Judged:
        gains = np.zeros((len(rows), max(1, *map(len, rows))))
        for row, good in zip(gains, rows, strict=True):
            row[: len(good)] = good
        relevant = np.array([len(set(sample["positive"])) for sample in self.samples])
        return Judged(gains, relevant)


def _numbers(model: Any, names: npt.NDArray[np.str_]) -> npt.NDArray[np.int64]:
    """The scores that should be the greatest, by what the model's configuration calls them."""
    if model.num_labels == 1:
        return np.asarray(names == ENTAILMENT, np.int64)
    called = model.spec.transformer.config.get("id2label") or {}
    number = {str(name).lower(): int(place) for place, name in called.items()}
    unknown = sorted(set(names.tolist()).difference(number))
    if unknown:
        raise InputError(
            f"labels holds {unknown[0]!r}; the model calls its {model.num_labels} scores "
            f"{', '.join(map(repr, number)) or 'nothing'}. Pass numbers of scores."
        )
    return np.array([number[name] for name in names.tolist()])


def _require_one_score(model: Any) -> None:
    if model.num_labels != 1:
        raise InputError(f"This evaluator needs a model of 1 score a pair; this one gives {model.num_labels}.")
