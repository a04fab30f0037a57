"""The static engine: sums rows of a table, so a text costs little more than its tokenizing."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...checkpoints import ModelSpec
from ...checkpoints.fingerprint import tensors_digest
from ...checkpoints.modules import StaticEmbeddingSpec
from ...errors import EngineError, UnsupportedModelError, one_of
from ...text import Batch, Tokens
from ...types import AnyArray, FloatArray
from ..base import Engine
from . import modules
from .pooling import mean_rows


class StaticEngine(Engine):
    """Runs a static model on the processor, in NumPy.

    Threads may share an engine: a forward pass changes nothing. The same text gives the same bits in whatever batch,
    order or thread it comes.

    Args:
        spec: the model.
        dtype: ``float32``. A table that is stored in float16 or int8 stays so in memory; sums are float32.

    Raises:
        CheckpointError: the weights are missing or damaged.
        UnsupportedModelError: the model has a part that this engine does not know; the part is named.
        InputError: the dtype is not known.
    """

    name = "static"
    device = "cpu"
    dtype = "float32"
    # Only token vectors go through padded batches, and those are a lookup.
    token_budget = 16_384
    takes_flat = True

    def __init__(self, spec: ModelSpec, dtype: str = "float32") -> None:
        if reason := why_not(spec):
            raise UnsupportedModelError(f"The static engine does not run {spec.name or 'this model'}: {reason}.")
        if dtype != "float32":
            raise one_of("dtype of a static model", dtype, ["float32"])
        self.spec = spec
        first = spec.modules[0]
        assert isinstance(first, StaticEmbeddingSpec)  # noqa: S101  (why_not has looked)
        self._table: AnyArray = first.table()
        self._digest: str | None = None

    def __reduce__(self) -> tuple[Any, ...]:
        """Copies and pickles read the model again, so that they share the memory map."""
        return StaticEngine, (self.spec,)

    def embed_flat(self, tokens: Tokens) -> FloatArray:  # noqa: D102
        self._check(tokens.ids)
        vectors = mean_rows(self._table, tokens.ids, tokens.starts)
        for module in self.spec.modules[1:]:
            vectors = modules.apply(module, vectors)
        return vectors

    def embed(self, batch: Batch) -> FloatArray:  # noqa: D102
        real = batch.mask.astype(bool)
        starts = np.zeros(len(real) + 1, np.int64)
        np.cumsum(real.sum(axis=1), out=starts[1:])
        return self.embed_flat(Tokens(batch.ids[real], None, starts, np.zeros(len(real), np.int64)))

    def embed_tokens(self, batch: Batch) -> FloatArray:  # noqa: D102
        self._check(batch.ids[batch.mask.astype(bool)])
        ids = np.where(batch.mask, batch.ids, 0)  # a padding token may have no row
        return np.array(self._table[ids], dtype=np.float32)

    def weights_digest(self) -> str:  # noqa: D102
        if self._digest is None:
            self._digest = tensors_digest(self.spec.input.weights(), self.spec)
        return self._digest

    def set_spec(self, spec: ModelSpec) -> None:  # noqa: D102
        self.spec = spec

    def _check(self, ids: AnyArray) -> None:
        highest = int(ids.max(initial=0))
        if highest >= len(self._table):
            raise EngineError(
                f"The tokenizer gives the token number {highest}; the table of {self.spec.name or 'this model'} has "
                f"{len(self._table)} rows. The tokenizer belongs to another model."
            )


def why_not(spec: ModelSpec) -> str | None:
    """Why this engine cannot run a model; None when it can."""
    if not spec.modules or not isinstance(spec.modules[0], StaticEmbeddingSpec):
        return "it does not start with a StaticEmbedding"
    return next((reason for reason in map(modules.why_not, spec.modules[1:]) if reason), None)
