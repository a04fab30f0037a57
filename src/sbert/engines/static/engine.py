"""The static engine: sums rows of a table, so a text costs little more than its tokenizing."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...checkpoints import ModelSpec
from ...checkpoints.fingerprint import tensors_digest
from ...errors import UnsupportedModelError, one_of
from ...text import Batch, Tokens
from ...types import FloatArray
from ..base import Engine
from . import inputs, modules


class StaticEngine(Engine):
    """Runs a model without a network on the processor, in NumPy.

    Threads may share an engine: a forward pass changes nothing. The same text gives the same bits in whatever batch,
    order or thread it comes.

    Args:
        spec: the model: a StaticEmbedding, word vectors with their pooling, or a bag of words, and what may follow.
        dtype: ``float32``. A table that is stored in float16 or int8 stays so in memory; sums are float32.

    Raises:
        CheckpointError: the weights are missing or damaged.
        UnsupportedModelError: the model has a part that this engine does not know; the part is named.
        InputError: the dtype is not known.
    """

    name = "static"
    device = "cpu"
    dtype = "float32"

    def __init__(self, spec: ModelSpec, dtype: str = "float32") -> None:
        if reason := why_not(spec):
            raise UnsupportedModelError(f"The static engine does not run {spec.name or 'this model'}: {reason}.")
        if dtype != "float32":
            raise one_of("dtype of a static model", dtype, ["float32"])
        self.spec = spec
        self._reader = inputs.reader_of(spec)
        self.takes_flat = self._reader.takes_flat
        # Where texts come side by side, only token vectors go through padded batches, and those are a lookup.
        self.token_budget = 16_384 if self.takes_flat else 1024
        self._digest: str | None = None

    def __reduce__(self) -> tuple[Any, ...]:
        """Copies and pickles read the model again, so that they share the memory map."""
        return StaticEngine, (self.spec,)

    def embed_flat(self, tokens: Tokens) -> FloatArray:  # noqa: D102
        vectors = self._reader.flat(tokens)
        for module in self.spec.modules[self._reader.modules :]:
            vectors = modules.apply(module, vectors)
        return vectors

    def embed(self, batch: Batch) -> FloatArray:  # noqa: D102
        real = batch.mask.astype(bool)
        starts = np.zeros(len(real) + 1, np.int64)
        np.cumsum(real.sum(axis=1), out=starts[1:])
        return self.embed_flat(Tokens(batch.ids[real], None, starts, np.zeros(len(real), np.int64)))

    def embed_tokens(self, batch: Batch) -> FloatArray:  # noqa: D102
        return self._reader.of_tokens(batch)

    def weights_digest(self) -> str:  # noqa: D102
        if self._digest is None:
            self._digest = tensors_digest(self._reader.weights(), self.spec)
        return self._digest

    def set_spec(self, spec: ModelSpec) -> None:  # noqa: D102
        self.spec = spec


def why_not(spec: ModelSpec) -> str | None:
    """Why this engine cannot run a model; None when it can."""
    if reason := inputs.why_not(spec.modules):
        return reason
    behind = inputs.modules_of(spec.modules)
    return next((reason for reason in map(modules.why_not, spec.modules[behind:]) if reason), None)
