"""LayerNorm: normalise each sentence vector to mean 0 and variance 1, then scale and shift."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from ...errors import CorruptCheckpointError
from ...types import AnyArray
from ..files import write_json
from ..weights import SAFETENSORS, open_weights, save_tensors
from .base import ModuleSpec, read_settings

#: The epsilon of torch's LayerNorm, which the settings file does not record.
EPSILON = 1e-5


@dataclass(frozen=True)
class LayerNormSpec(ModuleSpec):
    """Layer normalisation of the sentence vector (https://arxiv.org/abs/1607.06450).

    Args:
        dimension: width of the vector.
        tensors: ``norm.weight`` and ``norm.bias``, each (dimension,).
    """

    dimension: int
    tensors: dict[str, AnyArray] = field(default_factory=dict, compare=False, repr=False)

    kind = "LayerNorm"
    needed_files = ("config.json",)
    needs_weights = True

    @classmethod
    def read(cls, folder: Path) -> LayerNormSpec:
        """Read settings and weights from the folder."""
        settings = read_settings(folder, cls.config_file, required=True)
        if "dimension" not in settings:
            raise CorruptCheckpointError(f"{folder / cls.config_file} lacks 'dimension'.")
        weights = open_weights(folder)
        return cls(int(settings["dimension"]), {name: weights.float32(name) for name in ("norm.weight", "norm.bias")})

    def write(self, folder: Path) -> None:
        """Write settings and weights."""
        write_json(folder / self.config_file, {"dimension": self.dimension})
        save_tensors(self.tensors, folder / SAFETENSORS)

    def output_dimension(self, dimension: int) -> int:
        """The input's."""
        return dimension
