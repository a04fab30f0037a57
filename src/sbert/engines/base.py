"""What an engine is: something that runs a model's forward pass on a batch of tokens."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar

from ..checkpoints import ModelSpec
from ..text import Batch
from ..types import FloatArray


class Engine(ABC):
    """Runs the modules of one model.

    Everything above it (the encode loop, the model classes) knows an engine by this interface alone. One suite of tests
    judges all of them.
    """

    #: What users pass as ``backend`` to ask for it.
    name: ClassVar[str]

    spec: ModelSpec
    #: Where it computes, in torch's words: ``cpu``, ``cuda:0`` ...
    device: str
    #: What it computes in: ``float32``, ``bfloat16`` ...
    dtype: str
    #: Tokens in a batch, padding included, at which it works best.
    token_budget: int

    @abstractmethod
    def embed(self, batch: Batch) -> FloatArray:
        """Sentence vectors of a batch.

        Args:
            batch: ``b`` texts.

        Returns:
            (b, dimension) float32, owned by the caller.

        Raises:
            EngineError: the forward pass failed.
        """

    @abstractmethod
    def embed_tokens(self, batch: Batch) -> FloatArray:
        """Token vectors of a batch, after all modules that work on token vectors.

        Args:
            batch: ``b`` texts, padded to ``t`` tokens.

        Returns:
            (b, t, width) float32, owned by the caller; rows of padding hold arbitrary values.

        Raises:
            EngineError: the forward pass failed.
        """

    @abstractmethod
    def weights_digest(self) -> str:
        """A hash of the weights as they are now, in hexadecimal."""

    @abstractmethod
    def set_spec(self, spec: ModelSpec) -> None:
        """Take over changed settings of the modules (not other modules, nor other weights)."""
