"""One ranking of two: reciprocal ranks, or weighted scores."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TypeAlias

from ..errors import InputError, one_of

#: How two rankings become one: ``rrf``, or the weights of ``dense`` and ``text``.
Fusion: TypeAlias = str | Mapping[str, float]

#: Of reciprocal rank fusion: the greater, the less the first ranks stand out.
RRF_CONSTANT = 60
SIDES = ("dense", "text")
DEFAULT: Mapping[str, float] = {"dense": 0.7, "text": 0.3}


def check_fusion(fusion: Fusion) -> dict[str, float] | None:
    """The weights of a fusion; None for reciprocal ranks.

    Raises:
        InputError: it is neither, or the weights are not two that are at least 0, one of them more.
    """
    if isinstance(fusion, str):
        if fusion != "rrf":
            raise one_of("fusion", fusion, ["rrf"])
        return None
    if not isinstance(fusion, Mapping) or set(fusion) != set(SIDES):
        raise InputError(f"fusion must be 'rrf' or weights such as {{'dense': 0.7, 'text': 0.3}}; got {fusion!r}.")
    weights = {side: float(fusion[side]) for side in SIDES}
    total = sum(weights.values())
    if not all(math.isfinite(weight) and weight >= 0 for weight in weights.values()) or not total > 0:
        raise InputError(f"The weights of fusion must be numbers of at least 0, not both 0; got {fusion!r}.")
    return {side: weight / total for side, weight in weights.items()}


def reciprocal_ranks(rankings: Sequence[Sequence[str]]) -> dict[str, float]:
    """Reciprocal rank fusion (Cormack, Clarke and Buettcher, 2009): the sum of 1 / (60 + rank), ranks from 1.

    >>> scores = reciprocal_ranks([["a", "b"], ["b"]])
    >>> max(scores, key=scores.get)
    'b'
    """
    found: dict[str, float] = {}
    for ranking in rankings:
        for rank, name in enumerate(ranking, start=1):
            found[name] = found.get(name, 0.0) + 1 / (RRF_CONSTANT + rank)
    return found


def weighted(dense: Mapping[str, float], text: Mapping[str, float], weights: Mapping[str, float]) -> dict[str, float]:
    """The weighted sum of both scores, each scaled to go from 0 to 1 over what was found.

    Scores of words start at 0, for no word in common, so they are divided by the greatest alone; those of vectors have
    no such floor, so the least that was found is taken for it (Bruch, Gai and Ingber, 2023, compare such scalings).

    Args:
        dense: similarities, of every candidate that has a vector.
        text: BM25 scores, of those that share a word with the query.
        weights: of both.

    >>> weighted({"a": 0.9, "b": 0.1}, {"b": 7.0}, {"dense": 0.75, "text": 0.25})
    {'a': 0.75, 'b': 0.25}
    """
    least, greatest = (min(dense.values()), max(dense.values())) if dense else (0.0, 0.0)
    span, most = greatest - least, max(text.values(), default=0.0)
    found = {name: weights["dense"] * ((score - least) / span if span else 1.0) for name, score in dense.items()}
    for name, score in text.items():
        found[name] = found.get(name, 0.0) + weights["text"] * (score / most if most else 0.0)
    return found
