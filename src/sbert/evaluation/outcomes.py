"""What became of each item of the data: enough to tell a measure of any selection of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ..errors import InputError

Numbers = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Outcomes:
    """What became of each item: a query's nDCG, a pair's similarity with its score, whether a triplet was right.

    Args:
        of: what an item is, in the plural: ``queries``.
        columns: numbers of each item, (n,) each; kept as float64.
        measure: of the columns, the measure that counts most; by default it is the mean of the only column.

    Raises:
        InputError: columns are not as many, or there is not exactly one where their mean is the measure.

    >>> Outcomes("triplets", [[1, 0, 1, 1]]).value
    0.75
    """

    of: str
    columns: Any
    measure: Callable[..., float] | None = None

    def __post_init__(self) -> None:
        columns = tuple(np.asarray(column, np.float64).ravel() for column in self.columns)
        if not columns or len({len(column) for column in columns}) > 1 or not len(columns[0]):
            raise InputError(
                f"columns must hold as many numbers each, at least one; got {[len(column) for column in columns]}."
            )
        if self.measure is None and len(columns) > 1:
            raise InputError(f"Without a measure there must be one column, whose mean it is; got {len(columns)}.")
        object.__setattr__(self, "columns", columns)

    @classmethod
    def of_parts(cls, of: str, parts: Sequence[npt.ArrayLike]) -> Outcomes:
        """Outcomes of which the mean of the parts' means is the measure, whatever the sizes of the parts.

        >>> Outcomes.of_parts("queries", [[1, 1], [0, 0, 0, 0]]).value
        0.5
        """
        numbers = [np.asarray(part, np.float64) for part in parts]
        share = sum(map(len, numbers)) / len(numbers)
        return cls(of, [np.concatenate([part * (share / len(part)) for part in numbers])])

    def __len__(self) -> int:
        return len(self.columns[0])

    @property
    def is_mean(self) -> bool:
        """Whether the measure is the mean over items."""
        return self.measure is None

    @property
    def value(self) -> float:
        """The measure of all items."""
        return self.at(np.arange(len(self)))

    def at(self, rows: npt.NDArray[np.int64]) -> float:
        """The measure of some items, one or more times each.

        Args:
            rows: (m,) their numbers.
        """
        if self.measure is None:
            return float(self.columns[0][rows].mean())
        return float(self.measure(*(column[rows] for column in self.columns)))
