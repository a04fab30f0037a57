"""NanoBEIR: 13 small sets of retrieval, measured one by one, and what they come to together."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from ..errors import InputError, positive
from ..similarity import SimilarityFunction
from .cross_encoder import CrossEncoderRerankingEvaluator
from .evaluator import Evaluator, Metrics
from .multi_vector import MultiVectorInformationRetrievalEvaluator, refuse_truncation
from .nano_data import NANO_BEIR, NanoData, set_name
from .outcomes import Outcomes
from .retrieval import InformationRetrievalEvaluator
from .sparse import SparseInformationRetrievalEvaluator

#: Both ask for what argues against a query, which is no relevance; a reranker is not measured by them.
_ARGUMENTS = ("arguana", "touche2020")


class _OfSets(Evaluator):
    """Several sets, each with an evaluator of its own, and the mean of each measure.

    Args:
        evaluators: of the sets, with names of their own.
        name: in front of the means.
        aggregate_fn: what makes one number of those of all sets.
        write_csv: whether rows are added to tables where a call names a folder.
    """

    table = "NanoBEIR_evaluation"

    def __init__(
        self, evaluators: Sequence[Evaluator], name: str, aggregate_fn: Callable[[list[float]], Any], write_csv: bool
    ) -> None:
        super().__init__(name, write_csv)
        self.evaluators, self.aggregate_fn = list(evaluators), aggregate_fn

    def __call__(
        self, model: Any, output_path: str | os.PathLike[str] | None = None, epoch: float = -1, steps: int = -1
    ) -> Metrics:
        """Measure a model on all sets; arguments as for each.

        Returns:
            The measures of each set, and those of all together.
        """
        of_each = [evaluator(model, output_path, epoch, steps) for evaluator in self.evaluators]
        found, primary = self._together(of_each)
        together = self._told(found, primary, output_path, epoch, steps)
        return {key: value for one in of_each for key, value in one.items()} | together

    def measure(self, model: Any) -> tuple[Metrics, str]:
        return self._together([evaluator(model) for evaluator in self.evaluators])

    def _together(self, of_each: Sequence[Metrics]) -> tuple[Metrics, str]:
        bare = [
            {key.removeprefix(f"{evaluator.name}_"): value for key, value in metrics.items()}
            for evaluator, metrics in zip(self.evaluators, of_each, strict=True)
        ]
        found = {key: float(self.aggregate_fn([metrics[key] for metrics in bare])) for key in bare[0]}
        primary = self._primary(found)
        outcomes = [evaluator.outcomes for evaluator in self.evaluators]
        alike = all(str(one.primary_metric) == f"{one.name}_{primary}" for one in self.evaluators)
        # Items of other measures, or of another sum than their mean, would not tell of this one.
        if alike and self.aggregate_fn is np.mean:
            self.outcomes = Outcomes.of_parts("queries", [one.columns[0] for one in outcomes if one is not None])
        return found, primary

    def _primary(self, found: Metrics) -> str:
        """The measure that counts most: of those that do for a set the greatest."""
        candidates = [str(one.primary_metric).removeprefix(f"{one.name}_") for one in self.evaluators]
        return max(candidates, key=lambda key: found[key])


class NanoBEIREvaluator(_OfSets):
    """Retrieval on NanoBEIR (https://huggingface.co/datasets/sentence-transformers/NanoBEIR-en), in minutes.

    Measures those of :class:`~sbert.evaluation.InformationRetrievalEvaluator` of each set, such as
    ``NanoMSMARCO_cosine_ndcg@10``, and the means, such as ``NanoBEIR_mean_cosine_ndcg@10``, which counts most.

    Args:
        dataset_names: of sets, such as ``msmarco``; by default all 13, or all that a folder has.
        dataset_id: a folder that holds them, in BEIR's form or as the hub has them
            (:class:`~sbert.evaluation.nano_data.NanoData`); else a name on the hub, which ``datasets`` reads.
        mrr_at_k: how far MRR looks.
        ndcg_at_k: how far nDCG looks.
        accuracy_at_k: how far accuracy looks.
        precision_recall_at_k: how far precision and recall look.
        map_at_k: how far MAP looks.
        show_progress_bar: as for ``encode``.
        batch_size: texts in a batch at the most; by default the engine chooses.
        write_csv: whether rows are added to tables where a call names a folder.
        truncate_dim: keep so many leading dimensions.
        score_functions: names of similarities; by default the model's own.
        main_score_function: the one whose nDCG counts most; by default the greatest.
        aggregate_fn: what makes one number of those of all sets.
        aggregate_key: what that is called.
        query_prompts: in front of queries: one for all sets, or one for each by its name.
        corpus_prompts: in front of documents, likewise.

    Raises:
        InputError: a set is not known, or lacks a prompt.
        DataError: one cannot be read.
    """

    information_retrieval_class: type[InformationRetrievalEvaluator] = InformationRetrievalEvaluator

    def __init__(
        self,
        dataset_names: Sequence[str] | None = None,
        dataset_id: str | os.PathLike[str] = NANO_BEIR,
        mrr_at_k: Sequence[int] = (10,),
        ndcg_at_k: Sequence[int] = (10,),
        accuracy_at_k: Sequence[int] = (1, 3, 5, 10),
        precision_recall_at_k: Sequence[int] = (1, 3, 5, 10),
        map_at_k: Sequence[int] = (100,),
        show_progress_bar: bool = False,
        batch_size: int | None = None,
        write_csv: bool = True,
        truncate_dim: int | None = None,
        score_functions: Sequence[str | SimilarityFunction] | None = None,
        main_score_function: str | SimilarityFunction | None = None,
        aggregate_fn: Callable[[list[float]], Any] = np.mean,
        aggregate_key: str = "mean",
        query_prompts: str | Mapping[str, str] | None = None,
        corpus_prompts: str | Mapping[str, str] | None = None,
        **options: Any,
    ) -> None:
        data = NanoData(dataset_id)
        self.dataset_names = data.checked(dataset_names)
        prompts = [
            _prompts(argument, given, self.dataset_names)
            for argument, given in (("query_prompts", query_prompts), ("corpus_prompts", corpus_prompts))
        ]
        cut = truncate_dim if truncate_dim is not None else options.get("max_active_dims")
        ending = "" if cut is None else f"_{cut}"
        shared: dict[str, Any] = {
            "mrr_at_k": mrr_at_k,
            "ndcg_at_k": ndcg_at_k,
            "accuracy_at_k": accuracy_at_k,
            "precision_recall_at_k": precision_recall_at_k,
            "map_at_k": map_at_k,
            "show_progress_bar": show_progress_bar,
            "batch_size": batch_size,
            "write_csv": write_csv,
            "truncate_dim": truncate_dim,
            "score_functions": score_functions,
            **options,
        }
        evaluators = []
        for name, query_prompt, corpus_prompt in zip(self.dataset_names, *prompts, strict=True):
            found = data.read(name)
            evaluators.append(
                self.information_retrieval_class(
                    found.queries,
                    found.corpus,
                    found.relevant,
                    name=f"{set_name(name)}{ending}",
                    query_prompt=query_prompt,
                    corpus_prompt=corpus_prompt,
                    **shared,
                )
            )
        super().__init__(evaluators, f"NanoBEIR_{aggregate_key}{ending}", aggregate_fn, write_csv)
        self._main = None if main_score_function is None else f"{_called(main_score_function)}_ndcg@{max(ndcg_at_k)}"

    def _primary(self, found: Metrics) -> str:
        if self._main is None:
            return super()._primary(found)
        if self._main not in found:
            raise InputError(f"main_score_function must be one of those compared; {self._main!r} is not measured.")
        return self._main


class SparseNanoBEIREvaluator(NanoBEIREvaluator):
    """As its base, for sparse encoders: with the measures of :class:`SparseInformationRetrievalEvaluator`.

    Sparsity is that of all texts of all sets together.

    Args:
        *arguments: as for the base.
        max_active_dims: words kept of each text; the model's own setting by default.
        **options: as for the base.
    """

    information_retrieval_class = SparseInformationRetrievalEvaluator
    evaluators: list[SparseInformationRetrievalEvaluator]  # type: ignore[assignment]

    def __init__(self, *arguments: Any, max_active_dims: int | None = None, **options: Any) -> None:
        super().__init__(*arguments, max_active_dims=max_active_dims, **options)

    def _together(self, of_each: Sequence[Metrics]) -> tuple[Metrics, str]:
        found, primary = super()._together(of_each)
        first, *others = self.evaluators
        active = dict(first.active)
        for other in others:
            active = {way: counts + other.active[way] for way, counts in active.items()}
        return found | first.sparsity(active), primary


class MultiVectorNanoBEIREvaluator(NanoBEIREvaluator):
    """As its base, for late interaction: by :class:`MultiVectorInformationRetrievalEvaluator`.

    Args:
        *arguments: as for the base.
        corpus_chunk_size: documents at a time.
        **options: as for the base, and ``chunk_elements``, which is taken from scripts that pass it.
    """

    information_retrieval_class = MultiVectorInformationRetrievalEvaluator

    def __init__(self, *arguments: Any, corpus_chunk_size: int = 5000, **options: Any) -> None:
        refuse_truncation(options)
        super().__init__(*arguments, corpus_chunk_size=corpus_chunk_size, **options)


class CrossEncoderNanoBEIREvaluator(_OfSets):
    """A cross-encoder puts in order what BM25 finds on NanoBEIR.

    Measures those of :class:`~sbert.evaluation.CrossEncoderRerankingEvaluator` of each set, such as
    ``NanoMSMARCO_R100_ndcg@10``, and the means, such as ``NanoBEIR_R100_mean_ndcg@10``, which counts most.

    Args:
        dataset_names: of sets; by default all but ``arguana`` and ``touche2020``, whose answers contradict.
        dataset_id: a folder that holds them, or a name on the hub, as for :class:`NanoBEIREvaluator`.
        rerank_k: documents of each query that are put in order.
        at_k: how far MRR and nDCG look.
        always_rerank_positives: whether relevant documents that BM25 has not found are ordered too.
        batch_size: pairs in a batch at the most; by default the engine chooses.
        show_progress_bar: as for ``predict``.
        write_csv: whether rows are added to tables where a call names a folder.
        aggregate_fn: what makes one number of those of all sets.
        aggregate_key: what that is called.

    Raises:
        InputError: a set is not known.
        DataError: one, or what BM25 finds for it, cannot be read.
    """

    def __init__(
        self,
        dataset_names: Sequence[str] | None = None,
        dataset_id: str | os.PathLike[str] = NANO_BEIR,
        rerank_k: int = 100,
        at_k: int = 10,
        always_rerank_positives: bool = True,
        batch_size: int | None = None,
        show_progress_bar: bool = False,
        write_csv: bool = True,
        aggregate_fn: Callable[[list[float]], Any] = np.mean,
        aggregate_key: str = "mean",
    ) -> None:
        positive("rerank_k", rerank_k)
        data = NanoData(dataset_id)
        self.dataset_names = data.checked(dataset_names, _ARGUMENTS)
        evaluators = [
            CrossEncoderRerankingEvaluator(
                _samples(data, name, rerank_k),
                at_k=at_k,
                always_rerank_positives=always_rerank_positives,
                name=f"{set_name(name)}_R{rerank_k}",
                batch_size=batch_size,
                show_progress_bar=show_progress_bar,
                write_csv=write_csv,
            )
            for name in self.dataset_names
        ]
        super().__init__(evaluators, f"NanoBEIR_R{rerank_k}_{aggregate_key}", aggregate_fn, write_csv)


def _samples(data: NanoData, name: str, rerank_k: int) -> list[dict[str, Any]]:
    """The queries of a set with the texts of their relevant documents, and of what BM25 finds."""
    found, rankings = data.read(name), data.rankings(name)

    def texts(documents: Iterable[str]) -> list[str]:
        return [found.corpus[document] for document in documents if document in found.corpus]

    return [
        {"query": found.queries[query], "positive": texts(relevant), "documents": texts(rankings[query][:rerank_k])}
        for query, relevant in found.relevant.items()
        if query in rankings and query in found.queries
    ]


def _prompts(argument: str, given: str | Mapping[str, str] | None, names: Sequence[str]) -> list[str | None]:
    """A prompt for each set."""
    if given is None or isinstance(given, str):
        return [given] * len(names)
    missing = [name for name in names if name not in given]
    if missing:
        raise InputError(f"{argument} must have a prompt for each set; it lacks {', '.join(missing)}.")
    return [given[name] for name in names]


def _called(score_function: str | SimilarityFunction) -> str:
    return score_function.value if isinstance(score_function, SimilarityFunction) else score_function
