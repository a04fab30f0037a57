"""WeightedLayerPooling: a token's vector is a weighted mean of what several layers make of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from ...types import AnyArray
from ..files import setting, write_json
from ..weights import SAFETENSORS, open_weights, save_tensors
from .base import ModuleSpec, needed_setting, read_settings

#: Name of the weights.
WEIGHTS = "layer_weights"


@dataclass(frozen=True)
class WeightedLayerPoolingSpec(ModuleSpec):
    """The mean of a network's layers, from one on to the last, weighted by trained numbers.

    Args:
        embedding_dimension: width of the token vectors.
        num_hidden_layers: layers of the network.
        layer_start: the first layer that takes part; 0 is the embeddings.
        tensors: :data:`WEIGHTS`, (num_hidden_layers + 1 - layer_start,).
    """

    embedding_dimension: int
    num_hidden_layers: int = 12
    layer_start: int = 4
    tensors: dict[str, AnyArray] = field(default_factory=dict, compare=False, repr=False)

    kind = "WeightedLayerPooling"
    needed_files = ("config.json",)
    needs_weights = True

    @classmethod
    def read(cls, folder: Path) -> WeightedLayerPoolingSpec:
        """Read settings and weights."""
        settings = read_settings(folder, cls.config_file, required=True)
        path = folder / cls.config_file
        return cls(
            needed_setting(settings, ("embedding_dimension", "word_embedding_dimension"), path),
            setting(settings, "num_hidden_layers", int, path, 12),
            setting(settings, "layer_start", int, path, 4),
            {WEIGHTS: open_weights(folder).float32(WEIGHTS)},
        )

    def write(self, folder: Path) -> None:
        """Write settings, by the names that every reader knows, and weights."""
        settings = {
            "word_embedding_dimension": self.embedding_dimension,
            "layer_start": self.layer_start,
            "num_hidden_layers": self.num_hidden_layers,
        }
        write_json(folder / self.config_file, settings)
        save_tensors(self.tensors, folder / SAFETENSORS)

    def output_dimension(self, dimension: int) -> int:
        """The input's."""
        return dimension
