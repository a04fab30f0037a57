"""Reranking: a few documents of each query, of which the relevant ones should come first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ..errors import InputError, positive
from ..vectors import as_array
from .evaluator import Evaluator, Metrics, encode_options
from .outcomes import Outcomes
from .ranking import Judged


class RerankingEvaluator(Evaluator):
    """Orders the documents of each query by their similarity with it.

    Measures ``map``, ``mrr@k`` and ``ndcg@k``, which counts most. Of equal scores those of documents that are not
    relevant come first, so that a model that tells nothing apart earns nothing.

    Args:
        samples: mappings with ``query``, ``positive`` (relevant documents) and ``negative`` (others).
        at_k: how far MRR and nDCG look.
        name: of the data.
        write_csv: whether a row is added to a table where a call names a folder.
        batch_size: texts in a batch at the most; by default the engine chooses.
        show_progress_bar: as for ``encode``.
        truncate_dim: keep so many leading dimensions.

    Raises:
        InputError: a sample lacks one of the three, or all lack relevant documents or others.
    """

    table = "reranking_evaluation"

    def __init__(
        self,
        samples: Sequence[Mapping[str, Any]],
        at_k: int = 10,
        name: str = "",
        write_csv: bool = True,
        batch_size: int | None = None,
        show_progress_bar: bool = False,
        truncate_dim: int | None = None,
    ) -> None:
        super().__init__(name, write_csv)
        for place, sample in enumerate(samples):
            missing = {"query", "positive", "negative"}.difference(sample)
            if missing:
                raise InputError(f"samples[{place}] must have query, positive and negative; it lacks {min(missing)!r}.")
        self.samples = [sample for sample in samples if len(sample["positive"]) and len(sample["negative"])]
        if not self.samples:
            raise InputError("samples must hold one at least with a relevant document and another; got none.")
        self.at_k = positive("at_k", at_k)
        self._options = encode_options(batch_size, show_progress_bar, truncate_dim)

    def measure(self, model: Any) -> tuple[Metrics, str]:  # noqa: D102
        documents = [[*sample["negative"], *sample["positive"]] for sample in self.samples]
        queries = model.encode_query([sample["query"] for sample in self.samples], **self._options)
        found = model.encode_document([text for texts in documents for text in texts], **self._options)
        gains = np.zeros((len(documents), max(map(len, documents))))
        relevant = np.array([len(sample["positive"]) for sample in self.samples])
        start = 0
        for row, texts, good in zip(range(len(documents)), documents, relevant, strict=True):
            scores = as_array(model.similarity(queries[row : row + 1], found[start : start + len(texts)]))[0]
            order = np.argsort(-scores, kind="stable")  # the others stand in front
            gains[row, : len(texts)] = order >= len(texts) - good
            start += len(texts)
        judged = Judged(gains, relevant)
        self.outcomes = Outcomes("queries", [judged.ndcg_of_each(self.at_k)])
        return judged.reranking(self.at_k), f"ndcg@{self.at_k}"
