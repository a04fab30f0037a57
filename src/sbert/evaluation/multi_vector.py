"""Late interaction: evaluators by the names that scripts know, and one of a teacher's scores."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from ..errors import InputError
from ..vectors import as_array
from .correlation import spearman
from .evaluator import Evaluator, Metrics, same_length
from .outcomes import Numbers, Outcomes
from .reranking import RerankingEvaluator
from .retrieval import InformationRetrievalEvaluator, Relevant
from .triplets import TripletEvaluator


class MultiVectorInformationRetrievalEvaluator(InformationRetrievalEvaluator):
    """As its base, whose measures are called ``maxsim_ndcg@10`` and so on, with fewer documents at a time.

    Args:
        queries: texts by their names.
        corpus: texts by their names.
        relevant_docs: for each query the names of relevant documents, or their gains.
        corpus_chunk_size: documents at a time: each has as many vectors as tokens.
        chunk_elements: taken from scripts that pass it; MaxSim bounds its memory by itself.
        **options: as for the base.

    Raises:
        InputError: as for the base.
    """

    def __init__(
        self,
        queries: Mapping[str, str],
        corpus: Mapping[str, str],
        relevant_docs: Relevant,
        *,
        corpus_chunk_size: int = 5000,
        chunk_elements: int | None = None,  # noqa: ARG002
        **options: Any,
    ) -> None:
        refuse_truncation(options)
        super().__init__(queries, corpus, relevant_docs, corpus_chunk_size, **options)


class MultiVectorRerankingEvaluator(RerankingEvaluator):
    """As its base, which compares in the model's own way: by MaxSim."""

    def __init__(self, samples: Sequence[Mapping[str, Any]], **options: Any) -> None:
        refuse_truncation(options)
        super().__init__(samples, **options)


class MultiVectorTripletEvaluator(TripletEvaluator):
    """As its base, whose measure is called ``maxsim_accuracy``, or ``meanmaxsim_accuracy``.

    MaxSim grows with the length of the anchor, so a ``margin`` means something else for either.
    """

    def __init__(
        self,
        anchors: Sequence[str],
        positives: Sequence[str],
        negatives: Sequence[str],
        *arguments: Any,
        **options: Any,
    ) -> None:
        refuse_truncation(options)
        super().__init__(anchors, positives, negatives, *arguments, **options)


class MultiVectorDistillationEvaluator(Evaluator):
    """How far a model's scores of documents are from a teacher's.

    Measures ``spearman``, the correlation of ranks, which counts most, and ``kl_divergence`` of the distributions that
    softmax makes of the scores, as :class:`~sbert.losses.MultiVectorDistillKLDivLoss` has it. With several documents a
    query both are the mean over queries; a query whose scores are all equal has no correlation, and is left out of it.
    With one a query both are of all pairs together, and the divergence can be compared with nothing else.

    Args:
        queries: texts.
        documents: for each query as many documents; or one.
        scores: the teacher's: (queries, documents), or (queries,).
        temperature: scores are divided by it before softmax.
        student_temperature: the model's alone.
        teacher_temperature: the teacher's alone.
        similarity_fct: compares queries and documents row by row; the model's own way by default.
        name: of the data.
        batch_size: texts in a batch at the most; by default the engine chooses.
        show_progress_bar: as for ``encode``.
        write_csv: whether a row is added to a table where a call names a folder.

    Raises:
        InputError: the three do not fit each other, a score is not finite, or a temperature is not above 0.
    """

    table = "distillation_evaluation"

    def __init__(
        self,
        queries: Sequence[str],
        documents: Sequence[str] | Sequence[Sequence[str]],
        scores: Any,
        *,
        temperature: float = 1.0,
        student_temperature: float | None = None,
        teacher_temperature: float | None = None,
        similarity_fct: Callable[[Any, Any], Any] | None = None,
        name: str = "",
        batch_size: int | None = None,
        show_progress_bar: bool = False,
        write_csv: bool = True,
    ) -> None:
        super().__init__(name, write_csv)
        same_length(queries=queries, documents=documents, scores=scores)
        nested = not isinstance(documents[0], str)
        self.queries, self.documents = list(queries), [list(of) if nested else [str(of)] for of in documents]
        self.scores: Numbers = np.asarray(as_array(scores), np.float64)
        ways = len(self.documents[0])
        wanted = (len(self.queries), ways) if nested else (len(self.queries),)
        if any(len(of) != ways for of in self.documents) or self.scores.shape != wanted:
            raise InputError(
                f"scores must be one for each document of each query, and every query must have as many; got scores of "
                f"the shape {self.scores.shape} and {sorted({len(of) for of in self.documents})} documents a query."
            )
        if not np.isfinite(self.scores).all():
            raise InputError("scores must be finite numbers.")
        self._nested = nested
        self._student = _checked("student_temperature", student_temperature, temperature)
        self._teacher = _checked("teacher_temperature", teacher_temperature, temperature)
        self.similarity_fct = similarity_fct
        self._options = {"batch_size": batch_size, "show_progress_bar": show_progress_bar}

    def measure(self, model: Any) -> tuple[Metrics, str]:  # noqa: D102
        compare = self.similarity_fct or model.similarity_pairwise
        asked = model.encode_query(self.queries, **self._options)
        ways = len(self.documents[0])
        read = model.encode_document([text for of in self.documents for text in of], **self._options)
        found = np.stack([as_array(compare(asked, read[way::ways])) for way in range(ways)], axis=1).astype(np.float64)
        if not self._nested:
            scores = found[:, 0]
            self.outcomes = Outcomes("pairs", (scores, self.scores), spearman)
            distance = self._divergences(self.scores[None], scores[None])
            return {"kl_divergence": float(distance.sum()), "spearman": _or_zero(self.outcomes.value)}, "spearman"
        of_each = [spearman(*both) for both in zip(found, self.scores, strict=True)]
        self.outcomes = Outcomes("queries", [of_each], _mean_of_known)
        distance = self._divergences(self.scores, found)
        return {"kl_divergence": float(distance.mean()), "spearman": self.outcomes.value}, "spearman"

    def _divergences(self, wanted: Numbers, found: Numbers) -> Numbers:
        """Of each row the divergence of the model's distribution from the teacher's, (n,)."""
        p, q = _log_softmax(wanted / self._teacher), _log_softmax(found / self._student)
        of_each: Numbers = (np.exp(p) * (p - q)).sum(axis=1) * self._student**2
        return of_each


def refuse_truncation(options: Mapping[str, Any]) -> None:
    """Raise where dimensions are to be left out of token vectors.

    Raises:
        InputError: they are.
    """
    if options.get("truncate_dim") is not None:
        raise InputError("truncate_dim is of one vector a text: token vectors are compared as they are.")


def _checked(argument: str, value: float | None, shared: float) -> float:
    found = float(shared if value is None else value)
    if not 0 < found < math.inf:
        raise InputError(f"{argument if value is not None else 'temperature'} must be above 0; got {found!r}.")
    return found


def _log_softmax(rows: Numbers) -> Numbers:
    above = rows - rows.max(axis=1, keepdims=True)
    found: Numbers = above - np.log(np.exp(above).sum(axis=1, keepdims=True))
    return found


def _mean_of_known(values: npt.NDArray[np.float64]) -> float:
    known = values[~np.isnan(values)]
    return float(known.mean()) if len(known) else 0.0


def _or_zero(value: float) -> float:
    return 0.0 if math.isnan(value) else value
