"""CNN: convolutions over token vectors."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from ...errors import UnsupportedModelError
from ...types import AnyArray
from ..files import listed, setting, write_json
from ..weights import SAFETENSORS, open_weights, save_tensors
from .base import ModuleSpec, needed_setting, read_settings


@dataclass(frozen=True)
class CNNSpec(ModuleSpec):
    """Convolutions of several widths over token vectors, side by side (Kim 2014, https://arxiv.org/abs/1408.5882).

    Args:
        in_embedding_dimension: width of the token vectors that come in.
        out_channels: numbers that each convolution gives a token.
        kernel_sizes: tokens that each looks at; odd, so that each token has its place in the middle.
        tensors: their weights, ``convs.N.weight`` and ``convs.N.bias``.

    Raises:
        UnsupportedModelError: a kernel is even: what comes out would no longer stand for the tokens.
    """

    in_embedding_dimension: int
    out_channels: int = 256
    kernel_sizes: tuple[int, ...] = (1, 3, 5)
    tensors: dict[str, AnyArray] = field(default_factory=dict, compare=False, repr=False)

    kind = "CNN"
    config_file = "cnn_config.json"
    needed_files = ("cnn_config.json",)
    needs_weights = True

    def __post_init__(self) -> None:
        if even := [size for size in self.kernel_sizes if size < 1 or size % 2 == 0]:
            raise UnsupportedModelError(
                f"kernel_sizes must be odd, so that each token keeps its place; got {even[0]} of {self.kernel_sizes}."
            )

    @classmethod
    def read(cls, folder: Path) -> CNNSpec:
        """Read settings and weights.

        Raises:
            UnsupportedModelError: a stride leaves out tokens.
        """
        settings = read_settings(folder, cls.config_file, required=True)
        path = folder / cls.config_file
        strides = listed(settings, "stride_sizes", path) or []
        if any(stride != 1 for stride in strides):
            raise UnsupportedModelError(f"{path}: stride_sizes other than 1 leave out tokens; got {strides}.")
        weights = open_weights(folder)
        return cls(
            needed_setting(settings, ("in_embedding_dimension", "in_word_embedding_dimension"), path),
            setting(settings, "out_channels", int, path, 256),
            tuple(int(size) for size in listed(settings, "kernel_sizes", path) or (1, 3, 5)),
            {name: weights.float32(name) for name in weights},
        )

    def write(self, folder: Path) -> None:
        """Write settings, by the names that every reader knows, and weights."""
        settings = {
            "in_word_embedding_dimension": self.in_embedding_dimension,
            "out_channels": self.out_channels,
            "kernel_sizes": list(self.kernel_sizes),
            "stride_sizes": [1] * len(self.kernel_sizes),
        }
        write_json(folder / self.config_file, settings)
        save_tensors(self.tensors, folder / SAFETENSORS)

    def output_dimension(self, dimension: int) -> int:  # noqa: ARG002
        """``out_channels`` for each kernel."""
        return self.out_channels * len(self.kernel_sizes)
