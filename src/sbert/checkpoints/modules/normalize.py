"""Normalize: scale vectors to length one."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ..files import write_json
from .base import ModuleSpec, read_settings
from .dense import SENTENCE


@dataclass(frozen=True)
class NormalizeSpec(ModuleSpec):
    """Divide each vector by its Euclidean length (at least 1e-12).

    Args:
        input_name: what it reads: ``sentence_embedding`` or ``token_embeddings``.
        output_name: what it writes; the same by default.
    """

    input_name: str = SENTENCE
    output_name: str = SENTENCE

    kind = "Normalize"

    @classmethod
    def read(cls, folder: Path) -> NormalizeSpec:
        """Read the settings; older folders are empty or missing, which means the defaults."""
        settings = read_settings(folder, cls.config_file, required=False)
        input_name = settings.get("module_input_name") or SENTENCE
        return cls(input_name, settings.get("module_output_name") or input_name)

    def write(self, folder: Path) -> None:
        """Write the settings where they are not the defaults."""
        if (self.input_name, self.output_name) != (SENTENCE, SENTENCE):
            names = {"module_input_name": self.input_name, "module_output_name": self.output_name}
            write_json(folder / self.config_file, names)

    def output_dimension(self, dimension: int) -> int:
        """The input's."""
        return dimension
