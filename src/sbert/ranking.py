"""Rankings: one made of two by their ranks or their scores, and one made anew by a reranker's scores."""

from __future__ import annotations

import math
from collections.abc import Collection, Hashable, Mapping, Sequence
from typing import Any, TypeAlias, TypeVar

import numpy as np
import numpy.typing as npt

from .errors import InputError, one_of

#: How two rankings become one: ``rrf``, or the weights of the sides.
Fusion: TypeAlias = str | Mapping[str, float]
Name = TypeVar("Name", bound=Hashable)

#: Of reciprocal rank fusion: the greater, the less the first ranks stand out.
RRF_CONSTANT = 60


def check_fusion(fusion: Fusion, sides: Collection[str]) -> dict[str, float] | None:
    """The weights of a fusion of these sides, which sum to 1; None for reciprocal ranks.

    Raises:
        InputError: it is neither, or the weights are not one for each side that is at least 0, one of them more.
    """
    if isinstance(fusion, str):
        if fusion != "rrf":
            raise one_of("fusion", fusion, ["rrf"])
        return None
    if not isinstance(fusion, Mapping) or set(fusion) != set(sides):
        example = ", ".join(f"{side!r}: {1 / len(sides):.1f}" for side in sides)
        raise InputError(f"fusion must be 'rrf' or weights such as {{{example}}}; got {fusion!r}.")
    weights = {side: float(fusion[side]) for side in sides}
    total = sum(weights.values())
    if not all(math.isfinite(weight) and weight >= 0 for weight in weights.values()) or not total > 0:
        raise InputError(f"The weights of fusion must be numbers of at least 0, not both 0; got {fusion!r}.")
    return {side: weight / total for side, weight in weights.items()}


def reciprocal_ranks(rankings: Sequence[Sequence[Name]]) -> dict[Name, float]:
    """Reciprocal rank fusion (Cormack, Clarke and Buettcher, 2009): the sum of 1 / (60 + rank), ranks from 1.

    >>> scores = reciprocal_ranks([["a", "b"], ["b"]])
    >>> max(scores, key=scores.get)
    'b'
    """
    found: dict[Name, float] = {}
    for ranking in rankings:
        for rank, name in enumerate(ranking, start=1):
            found[name] = found.get(name, 0.0) + 1 / (RRF_CONSTANT + rank)
    return found


def weighted(dense: Mapping[Name, float], words: Mapping[Name, float], weights: Sequence[float]) -> dict[Name, float]:
    """The weighted sum of both scores, each scaled to go from 0 to 1 over what was found.

    Scores of words start at 0, for no word in common, so they are divided by the greatest alone; those of vectors have
    no such floor, so the least that was found is taken for it (Bruch, Gai and Ingber, 2023, compare such scalings).

    Args:
        dense: similarities, of every candidate that has a vector.
        words: scores of words in common, such as BM25, of those that have some.
        weights: of ``dense`` and of ``words``.

    >>> weighted({"a": 0.9, "b": 0.1}, {"b": 7.0}, (0.75, 0.25))
    {'a': 0.75, 'b': 0.25}
    """
    least, greatest = (min(dense.values()), max(dense.values())) if dense else (0.0, 0.0)
    span, most = greatest - least, max(words.values(), default=0.0)
    found = {name: weights[0] * ((score - least) / span if span else 1.0) for name, score in dense.items()}
    for name, score in words.items():
        found[name] = found.get(name, 0.0) + weights[1] * (score / most if most else 0.0)
    return found


def passage_scores(scores: Any, count: int, argument: str) -> npt.NDArray[np.float64]:
    """The scores that a reranker gave, checked: (count,).

    Args:
        scores: what it returned.
        count: of the passages that it was given.
        argument: the name of the reranker in the eyes of the user, for messages.

    Raises:
        InputError: they are not a finite number for each passage.
    """
    found = np.asarray(scores, np.float64)
    if found.shape != (count,) or not np.isfinite(found).all():
        raise InputError(
            f"{argument} must return a finite number for each of the {count} passages; got the shape {found.shape}"
            f"{'' if np.isfinite(found).all() else ' with NaN or infinity'}."
        )
    return found
