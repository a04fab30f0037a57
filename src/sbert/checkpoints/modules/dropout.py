"""Dropout: active in training only, so an inference engine passes it by."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ..files import write_json
from .base import ModuleSpec, read_settings


@dataclass(frozen=True)
class DropoutSpec(ModuleSpec):
    """Zero a part of the vector while training (https://jmlr.org/papers/v15/srivastava14a.html).

    Args:
        dropout: the part, from 0 to 1.
    """

    dropout: float = 0.2

    kind = "Dropout"

    @classmethod
    def read(cls, folder: Path) -> DropoutSpec:
        """Read the settings."""
        return cls(float(read_settings(folder, cls.config_file, required=False).get("dropout", 0.2)))

    def write(self, folder: Path) -> None:
        """Write the settings."""
        write_json(folder / self.config_file, {"dropout": self.dropout})

    def output_dimension(self, dimension: int) -> int:
        """The input's."""
        return dimension
