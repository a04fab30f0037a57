"""How sure a measure is, and a difference between two models: what other data of the same kind might have shown."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from ..errors import InputError, positive
from .outcomes import Numbers, Outcomes

#: Random numbers that are drawn at a time: more of them would leave the processor's cache.
_BLOCK = 2**20
#: Differences between sums of the same numbers in other orders, relative to the sum: they are none.
_ROUNDING = 1e-12


class Interval(NamedTuple):
    """Where a measure would be on other data of the same kind, at a level of confidence.

    Attributes:
        low: the lower end.
        high: the upper end.
    """

    low: float
    high: float


class Difference(NamedTuple):
    """How much more one model is worth than another, on the same items.

    Attributes:
        value: the first model's measure less the second's.
        interval: of that value.
        p: how often chance alone would give as great a difference, either way, were both worth the same.
        test: what tells ``p``: ``permutation`` or ``bootstrap``.
    """

    value: float
    interval: Interval
    p: float
    test: str


def confidence_interval(outcomes: Outcomes, *, level: float = 0.95, resamples: int = 1000, seed: int = 0) -> Interval:
    """The interval of a measure by the percentile bootstrap (Efron and Tibshirani, 1993, chapter 13).

    Items are drawn anew, with replacement, and measured, many times; the interval leaves out as many of these measures
    below as above. It tells how much the measure owes to which items the data happens to hold: nothing of a seed of
    training, and nothing of data of another kind. With few items it is too narrow.

    Args:
        outcomes: of the items.
        level: part of the measures that lie in it, between 0 and 1.
        resamples: how often items are drawn.
        seed: of the draws; the same seed gives the same interval.

    Raises:
        InputError: ``level`` or ``resamples`` is out of range.

    >>> confidence_interval(Outcomes("triplets", [[1] * 80 + [0] * 20]))
    Interval(low=0.72, high=0.88)
    """
    _check_level(level)
    return _percentiles(_bootstrap((outcomes,), resamples, seed)[0], level)


def compare(
    first: Outcomes, second: Outcomes, *, level: float = 0.95, resamples: int = 1000, seed: int = 0
) -> Difference:
    """Compare two models by what became of the same items.

    The interval of the difference is a bootstrap's, in which both models are measured on the same draws. Where the
    measure is a mean over items, ``p`` is that of a paired permutation test (Smucker, Allan and Carterette, 2007,
    https://doi.org/10.1145/1321440.1321528): the two outcomes of items change places at random; all ways of it are
    tried where they are no more than ``resamples``. For other measures, such as correlations, outcomes of two models
    have no common scale to change places on; there ``p`` is twice the part of the bootstrap's differences beyond 0.

    Args:
        first: outcomes of a model.
        second: those of another, by the same evaluator.
        level: of the interval, between 0 and 1.
        resamples: how often items are drawn, and change places. The smallest ``p`` is about one in so many.
        seed: of the draws.

    Raises:
        InputError: the outcomes are not of the same items, or an argument is out of range.
    """
    _check_level(level)
    if len(first) != len(second) or first.of != second.of or first.is_mean != second.is_mean:
        raise InputError(
            f"Both models must be measured on the same items; got {len(first):,} {first.of} and {len(second):,} "
            f"{second.of}."
        )
    one, other = _bootstrap((first, second), resamples, seed)
    drawn = one - other
    value = first.value - second.value
    if first.is_mean:
        p, test = _swapped(first.columns[0] - second.columns[0], resamples, seed), "permutation"
    else:
        p, test = _beyond_zero(drawn), "bootstrap"
    return Difference(value, _percentiles(drawn, level), p, test)


def _bootstrap(outcomes: tuple[Outcomes, ...], resamples: int, seed: int) -> Numbers:
    """The measures of each of several outcomes on the same draws: (outcomes, resamples)."""
    count = len(outcomes[0])

    def draw(generator: np.random.Generator, shape: tuple[int, int]) -> npt.NDArray[np.int64]:
        return generator.integers(0, count, shape)

    blocks = _blocks(draw, positive("resamples", resamples), count, seed)
    return np.concatenate([[_measures(one, rows) for one in outcomes] for rows in blocks], axis=1)


def _measures(outcomes: Outcomes, rows: npt.NDArray[np.int64]) -> Numbers:
    if outcomes.is_mean:
        means: Numbers = outcomes.columns[0][rows].mean(axis=1)
        return means
    return np.array([outcomes.at(row) for row in rows])


def _swapped(changes: Numbers, resamples: int, seed: int) -> float:
    """How often the sum of changes is as far from 0 when each has a sign at random."""
    changes = changes[changes != 0]  # without a sign to change
    seen = abs(changes.sum()) * (1 - _ROUNDING)
    if 2 ** len(changes) <= resamples:
        ways = np.arange(2 ** len(changes))[:, None] >> np.arange(len(changes)) & 1
        return float((np.abs((2 * ways - 1) @ changes) >= seen).mean())

    def draw(generator: np.random.Generator, shape: tuple[int, int]) -> npt.NDArray[np.int64]:
        return 2 * generator.integers(0, 2, shape, np.int8).astype(np.int64) - 1

    blocks = _blocks(draw, resamples, len(changes), seed)
    beyond = sum(int((np.abs(signs @ changes) >= seen).sum()) for signs in blocks)
    return (beyond + 1) / (resamples + 1)


def _beyond_zero(drawn: Numbers) -> float:
    known = drawn[~np.isnan(drawn)]
    side = min((known <= 0).sum(), (known >= 0).sum())
    return float(min(1.0, 2 * (side + 1) / (len(known) + 1)))


def _blocks(
    draw: Callable[[np.random.Generator, tuple[int, int]], npt.NDArray[np.int64]], rows: int, width: int, seed: int
) -> Iterator[npt.NDArray[np.int64]]:
    """What is drawn, in blocks that fit the processor's cache; the same numbers however they are cut."""
    generator = np.random.default_rng(seed)
    many = max(1, _BLOCK // max(1, width))
    for start in range(0, rows, many):
        yield draw(generator, (min(many, rows - start), width))


def _percentiles(measures: Numbers, level: float) -> Interval:
    # A draw in which nothing varies has no correlation; it says nothing either way.
    known = measures[~np.isnan(measures)]
    if not len(known):
        return Interval(float("nan"), float("nan"))
    low, high = np.quantile(known, [(1 - level) / 2, (1 + level) / 2])
    return Interval(float(low), float(high))


def _check_level(level: float) -> None:
    if not 0 < level < 1:
        raise InputError(f"level must be between 0 and 1, such as 0.95; got {level!r}.")
