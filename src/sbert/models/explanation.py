"""Why two texts are alike: their similarity as a sum over pairs of their tokens.

A vector that is the mean of token vectors makes the dot product of two of them the mean of the products of all pairs
of tokens; divided by the lengths, the pairs' shares add up to the cosine exactly. MaxSim is such a sum from the outset,
with one pair for each token of the query.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import InputError, positive
from ..types import FloatArray
from . import heat_map


@dataclass(frozen=True, repr=False)
class Explanation:
    """The shares that pairs of tokens have in a similarity.

    Attributes:
        left: the first text's tokens, (n,).
        right: the second's, (m,).
        shares: (n, m) float64, whose sum is the similarity.
        measure: which one it is, such as ``cosine``.
        prompts: that the model read in front of the two texts; empty for none.
    """

    left: tuple[str, ...]
    right: tuple[str, ...]
    shares: FloatArray
    measure: str = "cosine"
    prompts: tuple[str, str] = ("", "")

    @property
    def score(self) -> float:
        """The similarity of the two texts."""
        return float(self.shares.sum())

    def pairs(self, top_k: int = 10) -> list[tuple[str, str, float]]:
        """The pairs of tokens with the greatest shares, with those; of equal ones the first.

        Raises:
            InputError: ``top_k`` is below 1.
        """
        order = np.argsort(-self.shares, axis=None, kind="stable")[: positive("top_k", top_k)]
        rows, columns = np.unravel_index(order, self.shares.shape)
        return [
            (self.left[row], self.right[column], float(self.shares[row, column]))
            for row, column in zip(rows.tolist(), columns.tolist(), strict=True)
        ]

    def to_dict(self) -> dict[str, Any]:
        """As plain values, for JSON."""
        return {
            self.measure: self.score,
            "left": list(self.left),
            "right": list(self.right),
            "shares": self.shares.tolist(),
        }

    def draw(self, path: str | os.PathLike[str]) -> Path:
        """Draw the shares as a heat map.

        Args:
            path: a file; ``.html`` for a page without connections, ``.png`` for a picture, which needs Pillow.

        Returns:
            The file.

        Raises:
            InputError: the name ends in something else.
            DataError: the file cannot be written.
            MissingDependencyError: Pillow, an extra, is not installed.
        """
        file = Path(path)
        if file.suffix not in heat_map.DRAWERS:
            raise InputError(f"path must end in {' or '.join(heat_map.DRAWERS)}; got {file.name!r}.")
        title = f"{self.measure} {self.score:.4f}"
        return heat_map.DRAWERS[file.suffix](self.left, self.right, self.shares, title, file)

    def __rich__(self) -> Any:
        """The heat map in a terminal, for ``rich.print``."""
        return heat_map.in_terminal(self.left, self.right, self.shares)

    def __repr__(self) -> str:
        best = ", ".join(f"{one} ~ {other} {share:+.3f}" for one, other, share in self.pairs(3))
        return f"Explanation({self.measure} {self.score:.4f}; {best}, ...)"


def explained(
    tokens: tuple[list[str], list[str]],
    vectors: tuple[FloatArray, FloatArray],
    names: tuple[str, str] = ("a", "b"),
    prompts: tuple[str, str] = ("", ""),
) -> Explanation:
    """The shares of all pairs of tokens.

    Args:
        tokens: of the two texts, those that take part in pooling.
        vectors: of each token, (n, width) and (m, width).
        names: of the texts in messages.
        prompts: that stand in front of them.

    Raises:
        InputError: a text has no token that takes part, or its vector is zero.
    """
    sides = []
    for rows, name in zip(vectors, names, strict=True):
        side = np.asarray(rows, np.float64)
        length = np.linalg.norm(side.sum(axis=0)) if len(side) else 0.0
        if not length:
            raise InputError(f"{name} has no token that says anything, so there is no cosine to explain.")
        sides.append(side / length)
    return Explanation(tuple(tokens[0]), tuple(tokens[1]), sides[0] @ sides[1].T, prompts=prompts)


def explained_by_maxsim(
    tokens: tuple[list[str], list[str]],
    vectors: tuple[FloatArray, FloatArray],
    measure: str,
    prompts: tuple[str, str] = ("", ""),
) -> Explanation:
    """The pairs that MaxSim takes: for each token of the query, the document's that is most like it; others have 0.

    Args:
        tokens: of the query and of the document.
        vectors: of each token, (n, width) and (m, width).
        measure: ``maxsim``, or ``meanmaxsim``, which is divided by n.
        prompts: that stand in front of the two texts.

    Raises:
        InputError: one has no token.
    """
    for rows, name in zip(vectors, ("query", "document"), strict=True):
        if not len(rows):
            raise InputError(f"{name} has no token that counts, so there is nothing to explain.")
    products = np.asarray(vectors[0], np.float64) @ np.asarray(vectors[1], np.float64).T
    shares = np.zeros_like(products)
    best = products.argmax(axis=1)
    places = np.arange(len(best)), best
    shares[places] = products[places] / (len(best) if measure == "meanmaxsim" else 1)
    return Explanation(tuple(tokens[0]), tuple(tokens[1]), shares, measure, prompts)
