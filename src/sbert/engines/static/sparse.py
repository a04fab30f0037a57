"""Sparse vectors without a network: the weights of a text's own tokens."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...checkpoints import ModelSpec
from ...checkpoints.fingerprint import tensors_digest
from ...checkpoints.modules import SparseStaticEmbeddingSpec
from ...checkpoints.modules.sparse_static_embedding import WEIGHT
from ...checkpoints.weights import Weights
from ...errors import EngineError, InputError, UnsupportedModelError, one_of
from ...text import Batch
from ...types import FloatArray
from ..base import Engine


class SparseStaticEngine(Engine):
    """Gives a text the weight of each of its tokens, once, in NumPy.

    Args:
        spec: the model.
        dtype: ``float32``.

    Raises:
        CheckpointError: the weights are missing or damaged.
        UnsupportedModelError: the model has other modules.
        InputError: the dtype is not known.
    """

    name = "static"
    device = "cpu"
    dtype = "float32"
    # Rows are as wide as the vocabulary, so few of them are held.
    token_budget = 1024

    def __init__(self, spec: ModelSpec, dtype: str = "float32") -> None:
        first = spec.modules[0]
        if len(spec.modules) > 1 or not isinstance(first, SparseStaticEmbeddingSpec):
            raise UnsupportedModelError(
                f"The static engine runs a {SparseStaticEmbeddingSpec.kind} by itself; got "
                f"{' > '.join(module.kind for module in spec.modules)}."
            )
        if dtype != "float32":
            raise one_of("dtype of a static model", dtype, ["float32"])
        self.spec = spec
        self._weight = first.weight()

    def __reduce__(self) -> tuple[Any, ...]:
        """Copies and pickles read the model again."""
        return SparseStaticEngine, (self.spec,)

    def embed(self, batch: Batch) -> FloatArray:  # noqa: D102
        real = batch.mask.astype(bool)
        ids = batch.ids[real]
        if int(ids.max(initial=0)) >= len(self._weight):
            raise EngineError(
                f"The tokenizer gives the token number {int(ids.max())}; there are {len(self._weight)} weights. The "
                "tokenizer belongs to another model."
            )
        rows = np.zeros((len(real), len(self._weight)), np.float32)
        rows[np.nonzero(real)[0], ids] = self._weight[ids]
        return rows

    def embed_tokens(self, batch: Batch) -> FloatArray:
        """Refused: there are no vectors of tokens."""
        raise InputError(f"A model without a network has no vectors of tokens; a batch of {len(batch.ids)} was given.")

    def weights_digest(self) -> str:  # noqa: D102
        weights = Weights({WEIGHT: (self._weight, "")}, self.spec.input.folder)
        return tensors_digest(weights, self.spec)

    def set_spec(self, spec: ModelSpec) -> None:  # noqa: D102
        self.spec = spec
