"""Token vectors whose sums are near given sentence vectors: ridge regression on bags of tokens.

The sum of a text's token vectors is linear in them. So the best table is the solution of a sparse least-squares problem
with one unknown row a token, which conjugate gradients bring near enough in a few passes over the texts.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ..engines.static.pooling import sum_rows
from ..text import Tokens
from ..types import FloatArray

#: How strongly a row is held where it was, counted in texts that hold its token. Found on held-back texts.
PENALTY = 0.3
#: Passes over the texts.
ITERATIONS = 15


class Bags:
    """Texts as sums of token vectors, divided by the square root of their length.

    By the root and not by the length, so that a long text counts for more in the fit than a short one: it says more. To
    a static model, whose vectors get length one in the end, the divisor makes no difference.

    Args:
        tokens: the texts' tokens.
        vocabulary: number of tokens that there are.
    """

    def __init__(self, tokens: Tokens, vocabulary: int) -> None:
        lengths = tokens.lengths
        self._tokens = tokens
        self._scale = (1 / np.sqrt(np.maximum(lengths, 1))).astype(np.float32)[:, None]
        # For each token, the texts that hold it, as often as they do.
        self._holders = np.repeat(np.arange(len(lengths)), lengths)[np.argsort(tokens.ids, kind="stable")]
        self._starts = np.zeros(vocabulary + 1, np.int64)
        np.cumsum(np.bincount(tokens.ids, minlength=vocabulary), out=self._starts[1:])

    def sums(self, table: FloatArray) -> FloatArray:
        """What each text sums to: a table (tokens, d) gives (texts, d) float32."""
        return sum_rows(table, self._tokens.ids, self._tokens.starts) * self._scale

    def spread(self, vectors: FloatArray) -> FloatArray:
        """The transpose of :meth:`sums`: vectors (texts, d) give (tokens, d) float32."""
        return sum_rows(vectors * self._scale, self._holders, self._starts)

    def weights(self) -> FloatArray:
        """For each token, the sum of its squared factors, (tokens, 1) float32; a token twice in a text counts twice."""
        return sum_rows(self._scale**2, self._holders, self._starts)


def fit(
    bags: Bags,
    targets: FloatArray,
    start: FloatArray,
    *,
    penalty: float = PENALTY,
    iterations: int = ITERATIONS,
    progress: Callable[[], None] | None = None,
) -> FloatArray:
    """The table whose sums are nearest to the targets, without going far from where it starts.

    Minimises ``|sums(table) - targets|² + penalty |table - start|²`` by conjugate gradients with a diagonal
    preconditioner (Golub and Van Loan, Matrix Computations, 11.5); columns are problems of their own, solved side by
    side. Rows of tokens that no text holds stay as they are.

    Args:
        bags: the texts.
        targets: a vector for each, (texts, d) float32.
        start: (tokens, d) float32.
        penalty: more than 0.
        iterations: passes over the texts.
        progress: called after each pass.

    Returns:
        (tokens, d) float32.
    """
    table = start.copy()
    diagonal = bags.weights() + np.float32(penalty)
    residual = bags.spread(targets - bags.sums(table))
    direction = residual / diagonal
    old = (residual * direction).sum(axis=0)
    for _ in range(iterations):
        image = bags.spread(bags.sums(direction)) + np.float32(penalty) * direction
        # A column that is solved already has no direction left: its step is zero.
        step = old / np.maximum((direction * image).sum(axis=0), np.float32(1e-30))
        table += step * direction
        residual -= step * image
        scaled = residual / diagonal
        new = (residual * scaled).sum(axis=0)
        direction = scaled + (new / np.maximum(old, np.float32(1e-30))) * direction
        old = new
        if progress is not None:
            progress()
    return table


def scale_to(bags: Bags, targets: FloatArray, table: FloatArray) -> FloatArray:
    """The table times the one number that brings its sums nearest to the targets."""
    sums = bags.sums(table)
    return table * np.float32((sums * targets).sum() / max(float((sums * sums).sum()), 1e-30))
