"""HierarchicalTokenPooling: fewer vectors a document, each the mean of tokens alike (https://arxiv.org/abs/2409.14683)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ...errors import InputError
from ..files import listed, setting, write_json
from .base import ModuleSpec, read_settings
from .multi_vector_mask import DOCUMENT


@dataclass(frozen=True)
class HierarchicalTokenPoolingSpec(ModuleSpec):
    """How the token vectors of a text are merged.

    Args:
        pool_factor: about one in so many vectors is kept; 1 for all.
        num_protected_tokens: leading tokens that are not merged.
        normalize_embeddings: whether vectors are scaled to length one afterwards.
        tasks: of which texts: ``document``, ``query`` or both.

    Raises:
        InputError: the factor is below 1, or the number below 0.
    """

    pool_factor: float = 1.0
    num_protected_tokens: int = 1
    normalize_embeddings: bool = True
    tasks: tuple[str, ...] = (DOCUMENT,)

    kind = "HierarchicalTokenPooling"
    package = "sentence_transformers.multi_vector_encoder.modules"
    needed_files = ("config.json",)

    def __post_init__(self) -> None:
        if not self.pool_factor >= 1:
            raise InputError(f"pool_factor must be at least 1; got {self.pool_factor}.")
        if self.num_protected_tokens < 0:
            raise InputError(f"num_protected_tokens must be at least 0; got {self.num_protected_tokens}.")

    @classmethod
    def read(cls, folder: Path) -> HierarchicalTokenPoolingSpec:
        """Read the settings; older ones do not normalise."""
        settings, where = read_settings(folder, cls.config_file, required=True), folder / cls.config_file
        return cls(
            float(setting(settings, "pool_factor", float, where, 1.0)),
            setting(settings, "num_protected_tokens", int, where, 1),
            setting(settings, "normalize_embeddings", bool, where, False),
            tuple(map(str, listed(settings, "tasks", where) or (DOCUMENT,))),
        )

    def write(self, folder: Path) -> None:
        """Write the settings."""
        settings = {
            "pool_factor": self.pool_factor,
            "num_protected_tokens": self.num_protected_tokens,
            "normalize_embeddings": self.normalize_embeddings,
            "tasks": list(self.tasks),
        }
        write_json(folder / self.config_file, settings)

    def output_dimension(self, dimension: int) -> int:
        """The input's."""
        return dimension
