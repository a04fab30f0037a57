"""Retrieval: what of the relevant documents is among the first that are found, as BEIR and trec_eval measure it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from ..errors import InputError, positive
from ..search.exact import search
from ..search.selection import Ids, Scores, best, merge
from ..similarity import SimilarityFunction
from .comparing import chosen_names, scores_of_all
from .evaluator import Evaluator, Metrics, encode_options
from .outcomes import Outcomes
from .ranking import Judged, Numbers

#: The relevant documents of each query: a set of names, or the gain of each by its name.
Relevant: TypeAlias = Mapping[str, Collection[str] | Mapping[str, float]]


class InformationRetrievalEvaluator(Evaluator):
    """Searches a corpus for queries whose relevant documents are known.

    Measures, for each similarity, ``{name}_accuracy@k``, ``_precision@k``, ``_recall@k``, ``_mrr@k``, ``_map@k`` and
    ``_ndcg@k``. nDCG at the greatest k counts most. The corpus is encoded and searched a chunk at a time, so that
    memory holds no more than one, and the best of each query; equal scores are in the order of the corpus.

    Args:
        queries: texts by their names.
        corpus: texts by their names.
        relevant_docs: for each query the names of relevant documents, or their gains, where some are more relevant than
            others: then nDCG counts them as trec_eval does. Queries without any are left out; a document that is not in
            the corpus counts as one that was not found.
        corpus_chunk_size: documents at a time.
        mrr_at_k: how far MRR looks.
        ndcg_at_k: how far nDCG looks.
        accuracy_at_k: how far accuracy looks.
        precision_recall_at_k: how far precision and recall look.
        map_at_k: how far MAP looks.
        show_progress_bar: as for ``encode``.
        batch_size: texts in a batch at the most; by default the engine chooses.
        name: of the data.
        write_csv: whether a row is added to a table where a call names a folder.
        truncate_dim: keep so many leading dimensions.
        score_functions: names of similarities; by default the model's own.
        query_prompt: in front of queries; by default what ``encode_query`` takes.
        query_prompt_name: the name of a prompt of the model.
        corpus_prompt: in front of documents.
        corpus_prompt_name: the name of a prompt of the model.

    Raises:
        InputError: there is no corpus, or no query with a relevant document; a k is below 1.
    """

    table = "information_retrieval_evaluation"

    def __init__(
        self,
        queries: Mapping[str, str],
        corpus: Mapping[str, str],
        relevant_docs: Relevant,
        corpus_chunk_size: int = 50_000,
        mrr_at_k: Sequence[int] = (10,),
        ndcg_at_k: Sequence[int] = (10,),
        accuracy_at_k: Sequence[int] = (1, 3, 5, 10),
        precision_recall_at_k: Sequence[int] = (1, 3, 5, 10),
        map_at_k: Sequence[int] = (100,),
        show_progress_bar: bool = False,
        batch_size: int | None = None,
        name: str = "",
        write_csv: bool = True,
        truncate_dim: int | None = None,
        score_functions: Sequence[str | SimilarityFunction] | None = None,
        query_prompt: str | None = None,
        query_prompt_name: str | None = None,
        corpus_prompt: str | None = None,
        corpus_prompt_name: str | None = None,
    ) -> None:
        super().__init__(name, write_csv)
        asked = [query for query in queries if relevant_docs.get(query)]
        if not corpus or not asked:
            raise InputError(
                "corpus must hold documents, and relevant_docs some of one query at least; got "
                f"{len(corpus):,} documents, {len(queries):,} queries, and relevant ones for {len(asked)} of them. Are "
                "names of the same type in all three?"
            )
        self.queries = [queries[query] for query in asked]
        self.corpus = list(corpus.values())
        self._gains, self._relevant, self._ideal = _judgements([relevant_docs[query] for query in asked], corpus)
        self.corpus_chunk_size = positive("corpus_chunk_size", corpus_chunk_size)
        self._at = {
            "accuracy": accuracy_at_k,
            "precision": precision_recall_at_k,
            "recall": precision_recall_at_k,
            "ndcg": ndcg_at_k,
            "mrr": mrr_at_k,
            "map": map_at_k,
        }
        for measure, many in self._at.items():
            for k in many:
                positive(f"{measure}_at_k", k)
        self.score_functions = score_functions
        self._shared = encode_options(batch_size, show_progress_bar, truncate_dim)
        self._of_queries = {"prompt": query_prompt, "prompt_name": query_prompt_name}
        self._of_corpus = {"prompt": corpus_prompt, "prompt_name": corpus_prompt_name}

    def measure(self, model: Any) -> tuple[Metrics, str]:  # noqa: D102
        names = chosen_names(model, self.score_functions)
        depth = min(len(self.corpus), max(k for many in self._at.values() for k in many))
        queries = model.encode_query(self.queries, **self._shared, **self._of_queries)
        hits: dict[str, tuple[Scores, Ids]] = {}
        for start, chunk in self._chunks(model):
            for name in names:
                scores, ids = _nearest(model, name, queries, chunk, depth)
                further = scores, ids + start
                hits[name] = merge(hits[name], further, depth) if name in hits else further
        judged = {
            name: Judged(self._gains_of(of_each[1]), self._relevant, self._ideal) for name, of_each in hits.items()
        }
        found = {f"{name}_{key}": value for name in names for key, value in self._measures(judged[name]).items()}
        at = max(self._at["ndcg"])
        best_name = max(names, key=lambda name: found[f"{name}_ndcg@{at}"])
        self.outcomes = Outcomes("queries", [judged[best_name].ndcg_of_each(at)])
        return found, f"{best_name}_ndcg@{at}"

    def _chunks(self, model: Any) -> Iterator[tuple[int, Any]]:
        for start in range(0, len(self.corpus), self.corpus_chunk_size):
            texts = self.corpus[start : start + self.corpus_chunk_size]
            yield start, model.encode_document(texts, **self._shared, **self._of_corpus)

    def _measures(self, judged: Judged) -> Metrics:
        of = {
            "accuracy": judged.accuracy,
            "precision": judged.precision,
            "recall": judged.recall,
            "ndcg": judged.ndcg,
            "mrr": judged.reciprocal_rank,
            "map": judged.average_precision,
        }
        return {f"{measure}@{k}": of[measure](k) for measure, many in self._at.items() for k in many}

    def _gains_of(self, ids: Ids) -> Numbers:
        """The gains of documents found, (q, k)."""
        rows = zip(self._gains, ids.tolist(), strict=True)
        return np.array([[gains.get(place, 0.0) for place in places] for gains, places in rows])


def _judgements(
    relevant: Sequence[Collection[str] | Mapping[str, float]], corpus: Mapping[str, str]
) -> tuple[list[dict[int, float]], npt.NDArray[np.int64], Numbers]:
    """For each query gains by the number of the document, how many are relevant, and the gains of the best order."""
    number = {name: place for place, name in enumerate(corpus)}
    gains: list[dict[int, float]] = []
    best_orders = []
    for documents in relevant:
        if isinstance(documents, str):
            raise InputError(f"relevant_docs must hold sets of names; got the string {documents!r}.")
        of = dict(documents) if isinstance(documents, Mapping) else dict.fromkeys(documents, 1.0)
        of = {name: float(gain) for name, gain in of.items() if gain > 0}
        if not of:
            raise InputError("relevant_docs has a query whose gains are all 0: leave it out.")
        gains.append({number[name]: gain for name, gain in of.items() if name in number})
        best_orders.append(sorted(of.values(), reverse=True))
    ideal = np.zeros((len(gains), max(map(len, best_orders))))
    for row, order in zip(ideal, best_orders, strict=True):
        row[: len(order)] = order
    return gains, np.array([len(order) for order in best_orders]), ideal


def _nearest(model: Any, name: str, queries: Any, documents: Any, depth: int) -> tuple[Scores, Ids]:
    """The best documents of a chunk for each query."""
    if name in SimilarityFunction.possible_values() and isinstance(queries, np.ndarray):
        hits = search(queries, documents, top_k=depth, score_function=name)
        return hits.scores, hits.ids
    scores = scores_of_all(model, name, queries, documents)  # of sets of vectors, or sparse ones
    return best(scores, min(depth, scores.shape[1]))
