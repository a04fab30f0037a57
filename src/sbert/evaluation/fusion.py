"""Two rankings of the same queries, a dense and a sparse model's, and the one that fusion makes of them."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ..errors import InputError, positive
from .evaluator import Evaluator, Metrics, same_length
from .outcomes import Outcomes
from .ranking import Judged


class ReciprocalRankFusionEvaluator(Evaluator):
    """What is gained by reciprocal rank fusion (Cormack, Clarke and Buettcher, 2009) of two rankings.

    Measures ``map``, ``mrr@k`` and ``ndcg@k``, which counts most, of the fused ranking, and with ``dense_`` and
    ``sparse_`` in front those of both sides. A relevant document that a ranking lacks was not found. No model is asked:
    call it with none.

    Args:
        dense_samples: mappings with ``query_id``, ``query``, ``positive`` (relevant documents, or one), and
            ``documents`` (as the dense model ranks them, the best first).
        sparse_samples: as many of the same queries, as the sparse model ranks them.
        at_k: how far MRR and nDCG look.
        rrf_k: the greater, the less the first ranks stand out.
        name: of the data.
        batch_size: taken from scripts that pass it.
        show_progress_bar: likewise.
        write_csv: whether a row is added to a table where a call names a folder.

    Raises:
        InputError: the two are not of the same queries in the same order, or a sample lacks what it needs.
    """

    table = "ReciprocalRankFusion_evaluation"

    def __init__(
        self,
        dense_samples: Sequence[Mapping[str, Any]],
        sparse_samples: Sequence[Mapping[str, Any]],
        at_k: int = 10,
        rrf_k: int = 60,
        name: str = "",
        batch_size: int | None = None,  # noqa: ARG002
        show_progress_bar: bool = False,  # noqa: ARG002
        write_csv: bool = True,
    ) -> None:
        super().__init__(name, write_csv)
        same_length(dense_samples=dense_samples, sparse_samples=sparse_samples)
        for place, both in enumerate(zip(dense_samples, sparse_samples, strict=True)):
            for side, sample in zip(("dense", "sparse"), both, strict=True):
                missing = {"query_id", "positive", "documents"}.difference(sample)
                if missing:
                    raise InputError(f"{side}_samples[{place}] lacks {min(missing)!r}.")
            if both[0]["query_id"] != both[1]["query_id"]:
                raise InputError(
                    f"dense_samples[{place}] is of the query {both[0]['query_id']!r}, sparse_samples[{place}] of "
                    f"{both[1]['query_id']!r}: put both in one order."
                )
            if not both[0]["positive"]:
                raise InputError(f"dense_samples[{place}] has no relevant document: leave the query out of both.")
        self.dense_samples, self.sparse_samples = list(dense_samples), list(sparse_samples)
        self.at_k, self.rrf_k = positive("at_k", at_k), positive("rrf_k", rrf_k)

    def __call__(
        self,
        model: Any = None,
        output_path: str | os.PathLike[str] | None = None,
        epoch: float = -1,
        steps: int = -1,
    ) -> Metrics:
        """Measure the rankings.

        Args:
            model: none; a folder in its place is taken for ``output_path``, as scripts pass it.
            output_path: a folder, made where it is not there; the measures are added to a table in it.
            epoch: for the table.
            steps: likewise.
        """
        if isinstance(model, (str, os.PathLike)):
            model, output_path = None, model
        return super().__call__(model, output_path, epoch, steps)

    def measure(self, model: Any) -> tuple[Metrics, str]:  # noqa: ARG002, D102
        dense, sparse = (
            [list(sample["documents"]) for sample in of] for of in (self.dense_samples, self.sparse_samples)
        )
        fused = [self._fused(*both) for both in zip(dense, sparse, strict=True)]
        judged = self._judged(fused)
        found = judged.reranking(self.at_k)
        for side, rankings in (("dense", dense), ("sparse", sparse)):
            found |= {f"{side}_{key}": value for key, value in self._judged(rankings).reranking(self.at_k).items()}
        self.outcomes = Outcomes("queries", [judged.ndcg_of_each(self.at_k)])
        return found, f"ndcg@{self.at_k}"

    def _fused(self, *rankings: Sequence[str]) -> list[str]:
        """The documents of both, of equal ones those of the first ranking in front."""
        scores: dict[str, float] = {}
        for ranking in rankings:
            for rank, document in enumerate(dict.fromkeys(ranking), start=1):
                scores[document] = scores.get(document, 0.0) + 1 / (self.rrf_k + rank)
        return sorted(scores, key=lambda document: -scores[document])

    def _judged(self, rankings: Sequence[Sequence[str]]) -> Judged:
        relevant = [_several(sample["positive"]) for sample in self.dense_samples]
        gains = np.zeros((len(rankings), max(1, *map(len, rankings))))
        for row, documents, good in zip(gains, rankings, relevant, strict=True):
            row[: len(documents)] = [document in good for document in documents]
        return Judged(gains, np.array([len(good) for good in relevant]))


def _several(positive_ones: str | Sequence[str]) -> set[str]:
    return {positive_ones} if isinstance(positive_ones, str) else set(positive_ones)
