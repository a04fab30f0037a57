"""The forms in which mined negatives are handed to training: triplets, tuples, labelled pairs, labelled lists."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from ...errors import InputError
from ..selection import Ids, Scores
from .filters import REMOVED
from .groups import Groups
from .tables import Columns


class Match(NamedTuple):
    """A positive and the negatives of its anchor."""

    anchor: str
    positive: str
    positive_score: float
    negatives: list[str]
    scores: list[float]


@dataclass(frozen=True)
class Negatives:
    """What was mined for each anchor.

    Attributes:
        groups: the anchors, their documents and positives.
        positive_scores: (p,) float32, of each positive with its anchor.
        ids: (q, n) int64, documents; -1 where too few were found.
        scores: (q, n) float32, decreasing; -inf where too few were found.
    """

    groups: Groups
    positive_scores: Scores
    ids: Ids
    scores: Scores

    def __iter__(self) -> Iterator[Match]:
        """Each positive with what was found for its anchor."""
        groups = self.groups
        for anchor, positive, score in zip(groups.anchor_of, groups.positives, self.positive_scores, strict=True):
            there = self.scores[anchor] != REMOVED
            yield Match(
                groups.anchors[anchor],
                groups.documents[positive],
                float(score),
                self.texts(self.ids[anchor][there]),
                self.scores[anchor][there].tolist(),
            )

    def texts(self, ids: Ids) -> list[str]:
        """The documents of some numbers."""
        return [self.groups.documents[row] for row in ids.tolist()]


def triplets(mined: Negatives, anchor: str, positive: str, with_scores: bool) -> Columns:
    """(anchor, positive, negative), a row for each negative of each positive."""
    columns: Columns = {anchor: [], positive: [], "negative": []}
    scores = []
    for match in mined:
        columns[anchor] += [match.anchor] * len(match.negatives)
        columns[positive] += [match.positive] * len(match.negatives)
        columns["negative"] += match.negatives
        scores += [[match.positive_score, score] for score in match.scores]
    return columns | ({"scores": scores} if with_scores else {})


def tuples(mined: Negatives, anchor: str, positive: str, with_scores: bool) -> Columns:
    """(anchor, positive, negative_1, ... negative_n), a row for each positive whose anchor has all n negatives."""
    count = mined.ids.shape[1]
    whole = [match for match in mined if len(match.negatives) == count]
    columns: Columns = {anchor: [match.anchor for match in whole], positive: [match.positive for match in whole]}
    columns |= {f"negative_{place + 1}": [match.negatives[place] for match in whole] for place in range(count)}
    return columns | ({"scores": [[match.positive_score, *match.scores] for match in whole]} if with_scores else {})


def labeled_pairs(mined: Negatives, anchor: str, positive: str, with_scores: bool) -> Columns:
    """(anchor, document, label), a row for each positive (1) and, after an anchor's positives, each negative (0)."""
    groups, last = mined.groups, "score" if with_scores else "label"
    columns: Columns = {anchor: [], positive: [], last: []}
    for row, text in enumerate(groups.anchors):
        part, there = slice(groups.starts[row], groups.starts[row + 1]), mined.scores[row] != REMOVED
        ids = np.concatenate([groups.positives[part], mined.ids[row][there]])
        scores = np.concatenate([mined.positive_scores[part], mined.scores[row][there]])
        labels = np.arange(len(ids)) < len(groups.positives[part])
        columns[anchor] += [text] * len(ids)
        columns[positive] += mined.texts(ids)
        columns[last] += (scores if with_scores else labels.astype(np.int64)).tolist()
    return columns


def labeled_lists(mined: Negatives, anchor: str, positive: str, with_scores: bool) -> Columns:
    """(anchor, [documents], [labels]), a row for each positive with one negative at least; the positive comes first."""
    some = [match for match in mined if match.negatives]
    columns: Columns = {
        anchor: [match.anchor for match in some],
        positive: [[match.positive, *match.negatives] for match in some],
    }
    if with_scores:
        return columns | {"scores": [[match.positive_score, *match.scores] for match in some]}
    return columns | {"labels": [[1] + [0] * len(match.negatives) for match in some]}


#: What makes columns of negatives, by the name of the form.
FORMATS: dict[str, Callable[[Negatives, str, str, bool], Columns]] = {
    "triplet": triplets,
    "n-tuple": tuples,
    "labeled-pair": labeled_pairs,
    "labeled-list": labeled_lists,
}


def require_free_names(form: str, anchor: str, positive: str, count: int, with_scores: bool) -> None:
    """Check that the columns of a form do not take the name of a column that is there already.

    Args:
        form: one of :data:`FORMATS`.
        anchor: the column of anchors.
        positive: the column of positives.
        count: negatives for each anchor.
        with_scores: whether scores are added.

    Raises:
        InputError: one does.
    """
    added = {
        "triplet": {"negative"},
        "n-tuple": {f"negative_{place + 1}" for place in range(count)},
        "labeled-pair": {"score" if with_scores else "label"},
        "labeled-list": {"scores" if with_scores else "labels"},
    }[form] | ({"scores"} if with_scores else set())
    for name in (anchor, positive):
        if name in added:
            raise InputError(
                f"dataset has a column {name!r}, which is what a column of the result is called. Rename it."
            )
