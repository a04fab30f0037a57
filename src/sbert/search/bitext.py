"""Bitext mining: which texts of two languages say the same, by margins between cosines."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ..errors import InputError, one_of, positive
from ..similarity import cos_sim
from ..types import FloatArray, Vectors
from ..vectors import as_rows, require_width
from .exact import search
from .hits import Hits
from .pairs import Pairs
from .selection import Scores

MARGINS = ("ratio", "distance", "absolute")
STRATEGIES = ("intersection", "forward", "backward", "max")

# A mean below counts as this, so that a ratio stays finite and keeps its order. Sentences' cosines are far above.
_SMALLEST_MEAN = 0.01


class Accuracy(NamedTuple):
    """How often the nearest row of the other side is the one of the same number.

    Attributes:
        forward: from source to target, 0 to 1.
        backward: from target to source.
    """

    forward: float
    backward: float

    @property
    def mean(self) -> float:
        """The mean of both."""
        return (self.forward + self.backward) / 2


def mine_bitext(
    source_embeddings: Vectors,
    target_embeddings: Vectors,
    k: int = 4,
    margin: str = "ratio",
    strategy: str = "intersection",
    min_score: float | None = None,
) -> Pairs:
    """Find rows of two sets that translate each other, by margin scoring (Artetxe and Schwenk, 2019, arXiv:1811.01136).

    The cosine of two rows means little by itself: some rows are near everything. So it is compared with the mean cosine
    of both rows with their k nearest ones on the other side. Each row is searched for on the other side, all with all;
    beside its arguments this holds what :func:`~sbert.search.search` does and a few times ``(n + m) * k`` numbers.

    Args:
        source_embeddings: (n, d). NumPy, torch, lists or an np.memmap.
        target_embeddings: (m, d), of the same multilingual model.
        k: how many nearest rows of the other side the mean is taken of, and are candidates; all where there are fewer.
        margin: what a pair scores, with its cosine and that mean: ``"ratio"``, one divided by the other, of which
            values above some 1.05 are good; ``"distance"``, their difference; or ``"absolute"``, the cosine alone.
        strategy: which pairs are taken.

            - ``"forward"``: of each source row the best of its candidates;
            - ``"backward"``: the same of each target row;
            - ``"intersection"``: those that are the best for both rows, the most reliable ones;
            - ``"max"``: those of both directions, from the best on, each row once: more of them, less reliable.
        min_score: leave out pairs that score less; None for no limit.

    Returns:
        The pairs, the best first: ``left`` are source rows, ``right`` target rows.

    Raises:
        DimensionError: the two sets differ in width.
        InputError: NaN or infinity (the first such row is named), an unknown margin or strategy, a ``k`` below 1.

    >>> source, target = [[1.0, 0.1], [0.1, 1.0]], [[0.0, 1.0], [1.0, 0.0], [0.7, 0.7]]
    >>> [(left, right) for _, left, right in mine_bitext(source, target, k=2)]
    [(0, 1), (1, 0)]
    """
    if margin not in MARGINS:
        raise one_of("margin", margin, MARGINS)
    if strategy not in STRATEGIES:
        raise one_of("strategy", strategy, STRATEGIES)
    k = positive("k", k)
    source, target = as_rows(source_embeddings, "source_embeddings"), as_rows(target_embeddings, "target_embeddings")
    if not len(source) or not len(target):
        return Pairs.joined([])
    require_width(source, target, "source_embeddings", "target_embeddings")
    forward = search(source, target, top_k=k, score_function=cos_sim)
    backward = search(target, source, top_k=k, score_function=cos_sim)
    of_source, of_target = forward.scores.mean(axis=1), backward.scores.mean(axis=1)
    ahead = _best(forward, of_source, of_target, margin)
    turned = _best(backward, of_target, of_source, margin)
    behind = Pairs(turned.scores, turned.right, turned.left)
    found = {"forward": ahead, "backward": behind}.get(strategy)
    if found is None:
        found = _common(ahead, behind) if strategy == "intersection" else _greedy(ahead, behind)
    if min_score is not None:
        found = found.at(found.scores >= min_score)
    return found.first()


def translation_accuracy(source_embeddings: Vectors, target_embeddings: Vectors) -> Accuracy:
    """How often the nearest row of the other side, by cosine, is the one of the same number: as for Tatoeba.

    Args:
        source_embeddings: (n, d). NumPy, torch or lists.
        target_embeddings: (n, d), row by row their translations.

    Raises:
        DimensionError: the two sets differ in width.
        InputError: they differ in rows, or there are none; NaN or infinity.

    >>> translation_accuracy([[1.0, 0.0], [0.0, 1.0]], [[0.9, 0.1], [0.8, 0.7]])
    Accuracy(forward=1.0, backward=0.5)
    """
    source, target = as_rows(source_embeddings, "source_embeddings"), as_rows(target_embeddings, "target_embeddings")
    if len(source) != len(target) or not len(source):
        raise InputError(
            "source_embeddings and target_embeddings must be translations row by row, at least one; "
            f"got {len(source)} and {len(target)} rows."
        )
    numbers = np.arange(len(source))
    ways = ((source, target), (target, source))
    return Accuracy(*(float((search(*way, top_k=1).ids[:, 0] == numbers).mean()) for way in ways))


def _best(hits: Hits, own_means: Scores, other_means: Scores, margin: str) -> Pairs:
    """Of each query the candidate with the best margin, the nearer one if there are two."""
    means = (own_means[:, None] + other_means[hits.ids]) / 2
    margins = _margins(hits.scores, means, margin)
    rows, best = np.arange(len(hits)), margins.argmax(axis=1)
    return Pairs(margins[rows, best], rows, hits.ids[rows, best])


def _margins(cosines: Scores, means: FloatArray, margin: str) -> Scores:
    if margin == "absolute":
        return cosines
    scores = cosines / np.maximum(means, _SMALLEST_MEAN) if margin == "ratio" else cosines - means
    return scores.astype(np.float32)


def _common(ahead: Pairs, behind: Pairs) -> Pairs:
    """The pairs that are in both; ``ahead`` has one for each source row, ``behind`` one for each target row."""
    return ahead.at(behind.left[ahead.right] == ahead.left)


def _greedy(ahead: Pairs, behind: Pairs) -> Pairs:
    """The pairs of both, from the best on, each row at most once."""
    candidates = Pairs.joined([ahead, behind]).first()
    free = np.ones(len(ahead), bool), np.ones(len(behind), bool)
    taken: list[int] = []
    for place, (left, right) in enumerate(zip(candidates.left.tolist(), candidates.right.tolist(), strict=True)):
        if free[0][left] and free[1][right]:
            free[0][left] = free[1][right] = False
            taken.append(place)
    return candidates.at(np.array(taken, np.int64))
