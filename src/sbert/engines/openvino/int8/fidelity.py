"""How near vectors in int8 are to those in float32."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from ....errors import CorruptCheckpointError
from ....types import FloatArray

#: What calibration aims at for :attr:`Fidelity.apart`: below it, the most sensitive layers stay in float.
AIM = 0.998
#: The mean cosine below which int8 is refused.
LEAST = 0.98


@dataclass(frozen=True)
class Fidelity:
    """Cosines of vectors in int8 with those in float32, on texts that were not calibrated on.

    Args:
        mean: the mean cosine.
        least: the smallest.
        apart: the mean cosine once the mean of all vectors in float32 is taken off: of what sets texts apart. Where all
            vectors point much the same way, cosines are near 1 whatever is lost.
        texts: number of texts.
        float_layers: number of linear layers that were left in float for fidelity's sake.
        layers: number of linear layers.
    """

    mean: float
    least: float
    apart: float
    texts: int
    float_layers: int
    layers: int

    def __str__(self) -> str:
        kept = f"; {self.float_layers} of {self.layers} linear layers stay in float" if self.float_layers else ""
        return f"cosine to float32 {self.mean:.4f} on average, {self.least:.4f} at least, on {self.texts} texts{kept}"

    def to_dict(self) -> dict[str, Any]:
        """Plain values for a file."""
        return asdict(self)

    @classmethod
    def from_dict(cls, facts: object, where: str) -> Fidelity:
        """What :meth:`to_dict` gave.

        Args:
            facts: read from a file.
            where: the file's folder, for the error.

        Raises:
            CorruptCheckpointError: it is something else.
        """
        try:
            return cls(**facts)  # type: ignore[arg-type]  # what is no mapping is a TypeError
        except TypeError as error:
            raise CorruptCheckpointError(f"{where} does not say how faithful its int8 weights are.") from error

    @classmethod
    def measured(cls, exact: FloatArray, quantized: FloatArray, float_layers: int, layers: int) -> Fidelity:
        """Compare two sets of vectors, (n, d) each."""
        centre = exact.mean(axis=0)
        cosines, apart = _cosines(exact, quantized), _cosines(exact - centre, quantized - centre)
        return cls(float(cosines.mean()), float(cosines.min()), float(apart.mean()), len(exact), float_layers, layers)


def _cosines(one: FloatArray, other: FloatArray) -> FloatArray:
    """The cosine of each row with its partner, (n,)."""
    norms = np.linalg.norm(one, axis=1) * np.linalg.norm(other, axis=1)
    cosines: FloatArray = (one * other).sum(axis=1) / np.maximum(norms, np.float32(1e-12))
    return cosines
