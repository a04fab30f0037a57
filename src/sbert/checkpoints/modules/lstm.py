"""LSTM: a recurrent network over token vectors."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from ...types import AnyArray
from ..files import setting, write_json
from ..weights import SAFETENSORS, open_weights, save_tensors
from .base import ModuleSpec, needed_setting, read_settings


@dataclass(frozen=True)
class LSTMSpec(ModuleSpec):
    """A long short-term memory (Hochreiter and Schmidhuber 1997), by default in both directions.

    Args:
        embedding_dimension: width of the token vectors that come in.
        hidden_dim: width of what one direction makes of them.
        num_layers: layers.
        dropout: between layers, in training.
        bidirectional: whether it reads a text from its end, too.
        tensors: its weights, by the names ``encoder.*`` of ``torch.nn.LSTM``.
    """

    embedding_dimension: int
    hidden_dim: int
    num_layers: int = 1
    dropout: float = 0.0
    bidirectional: bool = True
    tensors: dict[str, AnyArray] = field(default_factory=dict, compare=False, repr=False)

    kind = "LSTM"
    config_file = "lstm_config.json"
    needed_files = ("lstm_config.json",)
    needs_weights = True

    @classmethod
    def read(cls, folder: Path) -> LSTMSpec:
        """Read settings and weights."""
        settings = read_settings(folder, cls.config_file, required=True)
        path = folder / cls.config_file
        weights = open_weights(folder)
        return cls(
            needed_setting(settings, ("embedding_dimension", "word_embedding_dimension"), path),
            needed_setting(settings, ("hidden_dim",), path),
            setting(settings, "num_layers", int, path, 1),
            setting(settings, "dropout", float, path, 0.0),
            setting(settings, "bidirectional", bool, path, True),
            {name: weights.float32(name) for name in weights},
        )

    def write(self, folder: Path) -> None:
        """Write settings, by the names that every reader knows, and weights."""
        settings = {
            "word_embedding_dimension": self.embedding_dimension,
            "hidden_dim": self.hidden_dim,
            "num_layers": self.num_layers,
            "dropout": self.dropout,
            "bidirectional": self.bidirectional,
        }
        write_json(folder / self.config_file, settings)
        save_tensors(self.tensors, folder / SAFETENSORS)

    def output_dimension(self, dimension: int) -> int:  # noqa: ARG002
        """``hidden_dim``, twice in both directions."""
        return self.hidden_dim * (2 if self.bidirectional else 1)
