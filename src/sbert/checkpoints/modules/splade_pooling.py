"""SpladePooling: from a number for each word at each token to one for each word (https://arxiv.org/abs/2107.05720)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ...errors import one_of
from ..files import setting, write_json
from .base import ModuleSpec, read_settings

STRATEGIES = ("max", "sum")
#: Each activation, with how many times the logarithm of 1 plus the number is taken.
LOGARITHMS = {"relu": 1, "log1p_relu": 2}


@dataclass(frozen=True)
class SpladePoolingSpec(ModuleSpec):
    """How the numbers of a text's tokens become weights of words, most of them zero.

    Args:
        strategy: ``max``, the largest of all tokens, or ``sum``.
        activation: ``relu``: log(1 + x), where what is below 0 counts as 0; or ``log1p_relu``: that twice over,
            log(1 + log(1 + x)), as in https://arxiv.org/abs/2411.04403. The names are those of folders.
        dimension: number of words; None where the folder does not say.

    Raises:
        InputError: the strategy or the activation is not known.
    """

    strategy: str = "max"
    activation: str = "relu"
    dimension: int | None = None

    kind = "SpladePooling"
    pools = True
    package = "sentence_transformers.sparse_encoder.models"
    needed_files = ("config.json",)

    def __post_init__(self) -> None:
        if self.strategy not in STRATEGIES:
            raise one_of("pooling_strategy", self.strategy, STRATEGIES)
        if self.activation not in LOGARITHMS:
            raise one_of("activation_function", self.activation, LOGARITHMS)

    @classmethod
    def read(cls, folder: Path) -> SpladePoolingSpec:
        """Read the settings."""
        settings, where = read_settings(folder, cls.config_file, required=True), folder / cls.config_file
        dimension = setting(settings, "embedding_dimension", int, where)
        return cls(
            setting(settings, "pooling_strategy", str, where, "max"),
            setting(settings, "activation_function", str, where, "relu"),
            dimension or setting(settings, "word_embedding_dimension", int, where),
        )

    def write(self, folder: Path) -> None:
        """Write the settings."""
        settings = {"pooling_strategy": self.strategy, "activation_function": self.activation}
        # The older name of the width, which readers of all years know.
        write_json(folder / self.config_file, settings | {"word_embedding_dimension": self.dimension})

    def output_dimension(self, dimension: int) -> int:
        """The input's."""
        return dimension
