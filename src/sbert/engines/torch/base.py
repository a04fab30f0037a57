"""What all modules of the torch engine have in common."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import torch
from torch import Tensor, nn

from ...checkpoints.modules import InputSpec, ModuleSpec
from ...errors import CorruptCheckpointError, UnsupportedModelError
from ...types import AnyArray

#: What flows from module to module: ``input_ids``, ``attention_mask`` and the like go in, ``token_embeddings`` and
#: ``sentence_embedding`` come out. Each module adds to the dict that it is given and returns it.
Features: TypeAlias = dict[str, Any]

_HALF = (torch.float16, torch.bfloat16)


class Module(nn.Module):
    """One step of a model: takes the features, adds to them, returns them.

    Each subclass has a ``from_spec`` that makes it of what :mod:`sbert.checkpoints` has read.
    """

    @abstractmethod
    def forward(self, features: Features) -> Features:
        """Add this module's output to the features.

        Raises:
            UnsupportedModelError: a feature that it reads is not there.
        """

    @abstractmethod
    def to_spec(self) -> ModuleSpec:
        """The module as data: its settings, and its weights as they are now."""

    def take_settings(self, spec: ModuleSpec) -> None:
        """Take over those settings of a spec that may change while the model is in use; weights stay."""


class Input(Module):
    """The first module of a model, which reads token numbers; a tokenizer belongs to it."""

    #: Number of tokens that are read of a text; None where nothing limits it.
    max_seq_length: int | None = None

    @abstractmethod
    def to_spec(self) -> InputSpec:
        """The module as data; where its weights are too large to copy, they lie in the folder that it names."""

    def take_settings(self, spec: ModuleSpec) -> None:  # noqa: D102
        if isinstance(spec, InputSpec):
            self.max_seq_length = spec.max_seq_length

    def facts(self) -> dict[str, Any]:
        """The settings that determine its vectors, beside its weights; plain values."""
        return self.to_spec().facts

    def save_weights(self, folder: Path) -> None:
        """Write the weights as they are now to a new folder, whose settings have been written.

        Not to one that holds a model: its files may be mapped by models in memory.
        """
        self.to_spec().write(folder)


def feature(features: Features, name: str) -> Tensor:
    """The tensor of that name.

    Raises:
        UnsupportedModelError: no module before has made it.
    """
    value = features.get(name)
    if not isinstance(value, Tensor):
        raise UnsupportedModelError(f"A module reads {name!r}, which no module before it makes.")
    return value


def wide(x: Tensor) -> Tensor:
    """The tensor in float32 where it is of half precision, for sums and lengths that would lose too much in it."""
    return x.float() if x.dtype in _HALF else x


def as_array(x: Tensor) -> AnyArray:
    """A copy of a tensor as a float32 array, from whatever device."""
    return np.array(x.detach().float().cpu().numpy(), copy=True)


def arrays(module: nn.Module) -> dict[str, AnyArray]:
    """A module's weights as float32 arrays, by the names that checkpoints use."""
    return {name: as_array(tensor) for name, tensor in module.state_dict().items()}


def load_arrays(module: nn.Module, tensors: Mapping[str, AnyArray]) -> None:
    """Fill a module's weights.

    Raises:
        CorruptCheckpointError: one is missing or has another shape.
    """
    state = module.state_dict()
    for name, tensor in state.items():
        if name not in tensors:
            raise CorruptCheckpointError(f"The weights of a {type(module).__name__} module lack {name!r}.")
        if tuple(tensors[name].shape) != tuple(tensor.shape):
            raise CorruptCheckpointError(
                f"{name} of a {type(module).__name__} module has shape {tuple(tensors[name].shape)}; "
                f"its settings say {tuple(tensor.shape)}."
            )
    # torch.tensor copies: the arrays may be views of a file that must not change.
    module.load_state_dict({name: torch.tensor(tensors[name]) for name in state})
