"""MultiVectorMask: which tokens' vectors late interaction keeps (https://arxiv.org/abs/2004.12832, section 3.2)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ..files import listed, write_json
from .base import ModuleSpec, read_settings

DOCUMENT = "document"


@dataclass(frozen=True)
class MultiVectorMaskSpec(ModuleSpec):
    """Which tokens of a text are left out of what is compared. The network still reads them.

    Args:
        skiplist_words: tokens that are left out, such as punctuation.
        skiplist_tasks: of which texts: ``document``, ``query`` or both.
        keep_only_token_ids: of texts that are no queries, only tokens with these numbers are kept; None for all.
    """

    skiplist_words: tuple[str, ...] = ()
    skiplist_tasks: tuple[str, ...] = (DOCUMENT,)
    keep_only_token_ids: tuple[int, ...] | None = None

    kind = "MultiVectorMask"
    package = "sentence_transformers.multi_vector_encoder.modules"
    needed_files = ("config.json",)

    @classmethod
    def read(cls, folder: Path) -> MultiVectorMaskSpec:
        """Read the settings."""
        settings, where = read_settings(folder, cls.config_file, required=True), folder / cls.config_file
        kept = listed(settings, "keep_only_token_ids", where)
        return cls(
            tuple(map(str, listed(settings, "skiplist_words", where) or ())),
            tuple(map(str, listed(settings, "skiplist_tasks", where) or (DOCUMENT,))),
            None if kept is None else tuple(map(int, kept)),
        )

    def write(self, folder: Path) -> None:
        """Write the settings."""
        kept = None if self.keep_only_token_ids is None else list(self.keep_only_token_ids)
        settings = {"skiplist_words": list(self.skiplist_words), "skiplist_tasks": list(self.skiplist_tasks)}
        write_json(folder / self.config_file, settings | {"keep_only_token_ids": kept})

    def output_dimension(self, dimension: int) -> int:
        """The input's."""
        return dimension
