"""Texts with classes, told by a classifier of their vectors, as MTEB measures it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..errors import InputError, MissingDependencyError, positive
from .classes import f1_of_classes
from .comparing import one_vector_each
from .evaluator import Evaluator, Metrics, encode_options, same_length
from .outcomes import Outcomes

#: What MTEB draws with.
SEED = 42


class ClassificationEvaluator(Evaluator):
    """How well a logistic regression of a few texts' vectors tells the classes of others.

    As MTEB does it, draw by draw (Muennighoff and others, 2023, https://arxiv.org/abs/2210.07316;
    ``AbsTaskClassification`` of its version 2): from the training texts a few of each class are drawn, a classifier is
    made of their vectors and tells the classes of all other texts; this is repeated, and the measures are the means.

    Measures ``accuracy``, which counts most, ``f1``, the mean over classes, and ``f1_weighted``, by their sizes.

    Args:
        train_texts: texts to learn from.
        train_labels: their classes, as many: strings or numbers.
        texts: those whose classes are told.
        labels: as many.
        samples_per_label: texts of each class that a classifier is made of; all where there are fewer.
        n_experiments: classifiers.
        max_iter: steps of a classifier's fit at the most.
        seed: of the draws.
        name: of the data.
        batch_size: texts in a batch at the most; by default the engine chooses.
        show_progress_bar: as for ``encode``.
        write_csv: whether a row is added to a table where a call names a folder.
        truncate_dim: keep so many leading dimensions.

    Raises:
        InputError: texts and labels are not as many, there are fewer than two classes to learn, or one that is to be
            told is not among them.
    """

    table = "classification_evaluation"

    def __init__(
        self,
        train_texts: Sequence[str],
        train_labels: Sequence[Any],
        texts: Sequence[str],
        labels: Sequence[Any],
        *,
        samples_per_label: int = 8,
        n_experiments: int = 10,
        max_iter: int = 100,
        seed: int = SEED,
        name: str = "",
        batch_size: int | None = None,
        show_progress_bar: bool = False,
        write_csv: bool = True,
        truncate_dim: int | None = None,
    ) -> None:
        super().__init__(name, write_csv)
        same_length(train_texts=train_texts, train_labels=train_labels)
        same_length(texts=texts, labels=labels)
        self.train_texts, self.texts = list(train_texts), list(texts)
        self.classes, self.train_labels = np.unique(np.asarray(train_labels), return_inverse=True)
        if len(self.classes) < 2:
            raise InputError(f"train_labels must be of two classes or more; got {self.classes.tolist()}.")
        number = {label: place for place, label in enumerate(self.classes.tolist())}
        unknown = next((label for label in np.asarray(labels).tolist() if label not in number), None)
        if unknown is not None:
            raise InputError(f"labels holds {unknown!r}, which is none of the {len(number)} classes of train_labels.")
        self.labels = np.array([number[label] for label in np.asarray(labels).tolist()])
        self.max_iter, self.seed = positive("max_iter", max_iter), seed
        self._draws = list(self._drawn(positive("samples_per_label", samples_per_label), n_experiments))
        self._options = encode_options(batch_size, show_progress_bar, truncate_dim)

    def _drawn(self, many: int, experiments: int) -> list[list[int]]:
        """The training texts of each experiment: the first of each class, in an order that is shuffled on and on."""
        order, draws = list(range(len(self.train_labels))), []
        for _ in range(positive("n_experiments", experiments)):
            np.random.RandomState(self.seed).shuffle(order)
            counts: dict[int, int] = defaultdict(int)
            draw = []
            for place in order:
                label = int(self.train_labels[place])
                if counts[label] < many:
                    counts[label] += 1
                    draw.append(place)
            draws.append(draw)
        return draws

    def measure(self, model: Any) -> tuple[Metrics, str]:  # noqa: D102
        try:
            from sklearn.linear_model import LogisticRegression
        except ImportError as error:
            raise MissingDependencyError("scikit-learn", "classify", "cluster") from error
        used = sorted(set().union(*self._draws))
        row = {place: number for number, place in enumerate(used)}
        learned = one_vector_each(model, [self.train_texts[place] for place in used], self._options)
        asked = one_vector_each(model, self.texts, self._options)
        told = []
        for draw in self._draws:
            classifier = LogisticRegression(max_iter=self.max_iter, random_state=self.seed)
            classifier.fit(learned[[row[place] for place in draw]], self.train_labels[draw])
            told.append(classifier.predict(asked))
        self.outcomes = Outcomes("texts", [np.mean([one == self.labels for one in told], axis=0)])
        f1 = [f1_of_classes(one, self.labels) for one in told]
        found = {
            "accuracy": self.outcomes.value,
            "f1": float(np.mean([one["f1_macro"] for one in f1])),
            "f1_weighted": float(np.mean([one["f1_weighted"] for one in f1])),
        }
        return found, "accuracy"
