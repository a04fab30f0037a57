"""Pooling: from one vector a token to one vector a text."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...errors import CorruptCheckpointError, closest, one_of
from ..files import write_json
from .base import ModuleSpec, read_settings

#: Every pooling mode, with the flag that older folders use for it; in the order in which those flags are combined.
MODES = {
    "cls": "pooling_mode_cls_token",
    "max": "pooling_mode_max_tokens",
    "mean": "pooling_mode_mean_tokens",
    "mean_sqrt_len_tokens": "pooling_mode_mean_sqrt_len_tokens",
    "weightedmean": "pooling_mode_weightedmean_tokens",
    "lasttoken": "pooling_mode_lasttoken",
}

#: The least that a weighted mean is divided by.
LEAST_WEIGHT = 1e-9


@dataclass(frozen=True)
class PoolingSpec(ModuleSpec):
    """How token vectors become one vector.

    Args:
        embedding_dimension: width of the token vectors.
        modes: one or more of :data:`MODES`; several are concatenated in this order.
        include_prompt: whether the tokens of a prompt in front of the text take part.

    Raises:
        InputError: a mode is not known.
    """

    embedding_dimension: int
    modes: tuple[str, ...] = ("mean",)
    include_prompt: bool = True

    kind = "Pooling"
    pools = True
    needed_files = ("config.json",)

    def __post_init__(self) -> None:
        for mode in self.modes:
            if mode not in MODES:
                raise one_of("pooling_mode", mode, MODES)

    @classmethod
    def read(cls, folder: Path) -> PoolingSpec:
        """Read either form: ``pooling_mode`` of new folders, or one flag a mode of older ones."""
        settings = read_settings(folder, cls.config_file, required=True)
        dimension = settings.get("embedding_dimension", settings.get("word_embedding_dimension"))
        if not isinstance(dimension, int):
            raise CorruptCheckpointError(f"{folder / cls.config_file} lacks embedding_dimension.")
        return cls(dimension, _modes(settings, folder), bool(settings.get("include_prompt", True)))

    def write(self, folder: Path) -> None:
        """Write the flags of older folders where they can say it, since every reader knows those."""
        in_flag_order = tuple(mode for mode in MODES if mode in self.modes)
        settings: dict[str, Any]
        if self.modes == in_flag_order:
            settings = {"word_embedding_dimension": self.embedding_dimension}
            settings |= {flag: mode in self.modes for mode, flag in MODES.items()}
        else:
            settings = {"embedding_dimension": self.embedding_dimension, "pooling_mode": list(self.modes)}
        write_json(folder / self.config_file, settings | {"include_prompt": self.include_prompt})

    def output_dimension(self, dimension: int) -> int:
        """As many times the input's width as there are modes."""
        return dimension * len(self.modes)


def _modes(settings: dict[str, Any], folder: Path) -> tuple[str, ...]:
    named = settings.get("pooling_mode")
    if named is None:
        return tuple(mode for mode, flag in MODES.items() if settings.get(flag)) or ("mean",)
    modes = (named,) if isinstance(named, str) else tuple(named) if isinstance(named, list) and named else (str(named),)
    for mode in modes:
        if mode not in MODES:
            raise CorruptCheckpointError(
                f"{folder}: pooling_mode {mode!r} is not one of {', '.join(MODES)}.{closest(str(mode), MODES)}"
            )
    return modes
