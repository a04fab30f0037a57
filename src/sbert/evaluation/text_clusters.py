"""Texts with classes, found again as clusters of their vectors, as MTEB measures it."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..errors import InputError, MissingDependencyError, positive
from .comparing import one_vector_each
from .evaluator import Evaluator, Metrics, encode_options, same_length
from .outcomes import Outcomes
from .text_classification import SEED


class ClusteringEvaluator(Evaluator):
    """How well clusters of vectors are the classes of their texts.

    As MTEB does it, draw by draw (``AbsTaskClustering`` of its version 2): texts are drawn with replacement and put
    into as many clusters as there are classes, by k-means in small batches; this is repeated, and the measure is the
    mean of the V-measures (Rosenberg and Hirschberg, 2007, https://aclanthology.org/D07-1043/).

    Measures ``v_measure``, which counts most, and ``v_measure_std``, its standard deviation over the draws. Outcomes
    are those of draws, so an interval tells of the mean over draws, and not of other texts.

    Args:
        texts: texts.
        labels: their classes, as many: strings or numbers.
        n_experiments: draws.
        max_documents: texts of a draw.
        kmeans_batch_size: rows that k-means looks at at a time.
        seed: of the draws and of k-means.
        name: of the data.
        batch_size: texts in a batch at the most; by default the engine chooses.
        show_progress_bar: as for ``encode``.
        write_csv: whether a row is added to a table where a call names a folder.
        truncate_dim: keep so many leading dimensions.

    Raises:
        InputError: the two are not as many, or all texts have one class.
    """

    table = "clustering_evaluation"

    def __init__(
        self,
        texts: Sequence[str],
        labels: Sequence[Any],
        *,
        n_experiments: int = 10,
        max_documents: int = 16_384,
        kmeans_batch_size: int = 512,
        seed: int = SEED,
        name: str = "",
        batch_size: int | None = None,
        show_progress_bar: bool = False,
        write_csv: bool = True,
        truncate_dim: int | None = None,
    ) -> None:
        super().__init__(name, write_csv)
        same_length(texts=texts, labels=labels)
        self.texts = list(texts)
        self.classes, self.labels = np.unique(np.asarray(labels), return_inverse=True)
        if len(self.classes) < 2:
            raise InputError(f"labels must be of two classes or more; got {self.classes.tolist()}.")
        self.n_experiments = positive("n_experiments", n_experiments)
        self.max_documents = positive("max_documents", max_documents)
        self.kmeans_batch_size, self.seed = positive("kmeans_batch_size", kmeans_batch_size), seed
        if self.max_documents < len(self.classes):
            raise InputError(f"max_documents must be at least {len(self.classes)}, the number of classes.")
        self._options = encode_options(batch_size, show_progress_bar, truncate_dim)

    def measure(self, model: Any) -> tuple[Metrics, str]:  # noqa: D102
        try:
            from sklearn.cluster import MiniBatchKMeans
            from sklearn.metrics import v_measure_score
        except ImportError as error:
            raise MissingDependencyError("scikit-learn", "make clusters", "cluster") from error
        vectors = one_vector_each(model, self.texts, self._options)
        draws = random.Random(self.seed)  # noqa: S311 - nothing secret
        values = []
        for _ in range(self.n_experiments):
            rows = draws.choices(range(len(self.texts)), k=self.max_documents)
            found = MiniBatchKMeans(
                n_clusters=len(self.classes), batch_size=self.kmeans_batch_size, n_init=1, random_state=self.seed
            ).fit_predict(vectors[rows])
            values.append(float(v_measure_score(self.labels[rows], found)))
        self.outcomes = Outcomes("draws", [values])
        return {"v_measure": self.outcomes.value, "v_measure_std": float(np.std(values))}, "v_measure"
