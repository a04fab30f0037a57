"""What every module that can come first in a model has in common: it reads texts, so a tokenizer belongs to it."""

from __future__ import annotations

import shutil
from abc import abstractmethod
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

from ..weights import SAFETENSORS, Weights, open_weights, save_tensors, weight_files
from .base import ModuleSpec


@dataclass(frozen=True)
class InputSpec(ModuleSpec):
    """The first module of a model: a tokenizer with what turns its tokens into vectors.

    Args:
        folder: where its files lie, the tokenizer's among them.
        max_seq_length: number of tokens it reads of a text, special tokens included; None where nothing limits it.
    """

    folder: Path
    max_seq_length: int | None = field(default=None, kw_only=True)

    in_root = True
    needs_weights = True
    #: Whether it is a network, and no table or bag of words.
    is_network: ClassVar[bool] = False
    #: Whether it reads images beside texts.
    reads_images: ClassVar[bool] = False

    @property
    @abstractmethod
    def architecture(self) -> str:
        """What it is, in a word, such as ``bert``."""

    @property
    @abstractmethod
    def facts(self) -> dict[str, Any]:
        """The settings that determine its vectors, beside its weights and its length; plain values."""

    @property
    def positions(self) -> int | None:
        """The largest ``max_seq_length`` that it can have; None where nothing limits it."""
        return None

    @property
    def stored_int8(self) -> dict[str, Any] | None:
        """What was written beside linear layers that are stored in int8; None for weights in float."""
        return None

    @abstractmethod
    def write_settings(self, folder: Path) -> None:
        """Write everything but the weights: settings and tokenizer."""

    def copy_weights(self, folder: Path) -> None:
        """Copy the files of its weights to another folder; ``.bin`` weights become safetensors."""
        files = weight_files(self.folder)
        if files and files[0].suffix == ".safetensors":
            for path in (*files, *self.folder.glob("*.safetensors.index.json")):
                shutil.copyfile(path, folder / path.name)
            return
        save_tensors(self.weights(), folder / SAFETENSORS)

    def weights(self) -> Weights:
        """Open its weights.

        Raises:
            CheckpointError: the folder has none, or they are damaged.
        """
        return open_weights(self.folder)
