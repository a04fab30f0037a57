"""What an engine is: something that runs a model's forward pass on a batch of tokens."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from ..checkpoints import ModelSpec
from ..checkpoints.modules import ModuleSpec
from ..errors import InputError
from ..text import Batch, Tokens
from ..types import FloatArray

if TYPE_CHECKING:
    from torch import nn


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

    def for_bulk(self, tokens: int, *, tokens_out: bool = False) -> tuple[int, Callable[[Batch], FloatArray]]:
        """How to compute the vectors of many batches; an engine may get ready for a big job here.

        Args:
            tokens: about how many there are, over all batches.
            tokens_out: whether token vectors are wanted.

        Returns:
            How many batches to run at once, and the function that runs one, as :meth:`embed` or :meth:`embed_tokens`
            does and to the same bits.
        """
        del tokens
        return 1, self.embed_tokens if tokens_out else self.embed

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

    #: Whether it has :meth:`embed_flat`, which needs neither padding nor batches of one length.
    takes_flat: bool = False

    def embed_flat(self, tokens: Tokens) -> FloatArray:
        """Sentence vectors of texts of any lengths, for engines that say ``takes_flat``.

        Args:
            tokens: ``n`` texts.

        Returns:
            (n, dimension) float32, owned by the caller.

        Raises:
            EngineError: the forward pass failed.
        """
        raise NotImplementedError(f"The {self.name} engine takes padded batches: {len(tokens)} texts go to embed().")

    #: Images in a batch at which it works best, where the model reads them.
    image_budget: int = 16

    def embed_images(self, pixels: FloatArray) -> FloatArray:
        """Vectors of images, for models that read them.

        Args:
            pixels: preprocessed, (b, 3, height, width) float32.

        Returns:
            (b, dimension) float32, owned by the caller.

        Raises:
            EngineError: the forward pass failed.
            InputError: the model reads no images.
        """
        raise InputError(f"{self.spec.name or 'This model'} reads texts alone; got {len(pixels)} images.")

    @abstractmethod
    def weights_digest(self) -> str:
        """A hash of the weights as they are now, and of what the engine was told beside the spec, in hexadecimal."""

    @abstractmethod
    def set_spec(self, spec: ModelSpec) -> None:
        """Take over changed settings of the modules (not other modules, nor other weights)."""

    def max_seq_length(self) -> int | None:
        """Number of tokens that the model is set to read of a text."""
        return self.spec.input.max_seq_length

    def set_max_seq_length(self, value: int | None) -> None:
        """Note the number of tokens that are read of a text; what cuts them is the tokenizer."""
        self.spec = self.spec.with_input(replace(self.spec.input, max_seq_length=value))

    # --- what an engine with weights that can be trained and moved does more --------------------------------------

    def current_modules(self) -> tuple[ModuleSpec, ...]:
        """The modules' settings as they are now."""
        return self.spec.modules

    #: Whether its weights may be others than those of the spec's folder, so that it writes them itself.
    owns_weights: ClassVar[bool] = False

    def save_weights(self, folder: Path, paths: list[str]) -> None:
        """Write the weights into a model's folder; ``paths`` has the sub-folder of each module."""
        raise InputError(
            f"The {self.name} engine has no weights of its own to write to {folder} ({len(paths)} modules)."
        )

    def save_int8(self, folder: Path) -> None:
        """Write the network's weights in int8 into its folder, whose float weights were left out.

        Raises:
            InputError: the engine has no weights in int8.
        """
        raise InputError(
            f"The model has no int8 weights to write to {folder}: load it with dtype='int8', which needs a processor "
            f"with int8 arithmetic; this one computes in {self.dtype}."
        )

    def modules(self) -> list[Any]:
        """What ``model[0]``, ``model[1]`` ... give: settings, or torch modules."""
        return list(self.spec.modules)

    def to(self, device: str) -> Engine:
        """Move to a device.

        Raises:
            InputError: it cannot compute there.
        """
        if not str(device).startswith("cpu"):
            raise InputError(
                f"The {self.name} engine computes on the cpu; got device {str(device)!r}. "
                "Load the model with backend='torch' to use another device."
            )
        return self

    def network(self, purpose: str) -> nn.Sequential:
        """All modules as torch modules.

        Raises:
            InputError: the engine has none; the message names what they were wanted for.
        """
        raise InputError(
            f"{purpose} needs the torch engine; this model runs on {self.name}. Load it with backend='torch'."
        )
