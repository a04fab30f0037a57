"""The options of a call that streams vectors or writes them to disk, checked once and then carried along."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..quantization import quantize_embeddings
from ..similarity import unit
from ..types import AnyArray, FloatArray, Precision
from .images import ImageOptions

#: Precisions whose codes need ranges.
RANGED = ("int8", "uint8")


@dataclass(frozen=True)
class VectorRequest:
    """What is asked of a model for each text. Plain values, so that it travels to other processes.

    Args:
        prompt: text in front of each.
        batch_size: texts in a batch at the most.
        normalize: whether vectors are scaled to length one.
        width: leading dimensions that are kept.
        precision: of the vectors.
        policy: what to do with texts that are too long.
        images: how images are read.
    """

    prompt: str
    batch_size: int | None
    normalize: bool
    width: int
    precision: Precision
    policy: str
    images: ImageOptions

    @property
    def ranged(self) -> bool:
        """Whether its vectors cannot be made without ranges."""
        return self.precision in RANGED

    def scaled(self, found: FloatArray) -> FloatArray:
        """The model's vectors, of length one where that was asked for."""
        return unit(found) if self.normalize else found

    def vectors(self, found: FloatArray, ranges: FloatArray | None) -> AnyArray:
        """What is given out for the model's vectors."""
        floats = self.scaled(found)
        if self.precision == "float32":
            return floats
        return quantize_embeddings(floats, self.precision, ranges=ranges)

    def row(self) -> tuple[int, str]:
        """Width and dtype of what is given out."""
        sample = self.vectors(
            np.zeros((1, self.width), np.float32), np.stack([np.zeros(self.width), np.ones(self.width)])
        )
        return sample.shape[1], sample.dtype.name
