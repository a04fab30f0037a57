"""What modules that are a table of vectors have in common: the table may be in memory instead of a folder."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, field
from pathlib import Path

from ...types import AnyArray
from ..weights import Weights
from .input import InputSpec

TOKENIZER = "tokenizer.json"


@dataclass(frozen=True)
class TableSpec(InputSpec):
    """A table with one row a token.

    Args:
        tokenizer_json: its tokenizer, of the ``tokenizers`` library, as text; None for the folder's.
        tensors: the table; none for the folder's.
    """

    tokenizer_json: str | None = field(default=None, kw_only=True, compare=False, repr=False)
    tensors: dict[str, AnyArray] = field(default_factory=dict, kw_only=True, compare=False, repr=False)

    def weights(self) -> Weights:
        """The tensors in memory, or else the folder's.

        Raises:
            CheckpointError: there are none, or they are damaged.
        """
        if self.tensors:
            return Weights({name: (array, "") for name, array in self.tensors.items()}, self.folder)
        return super().weights()

    def write_tokenizer(self, folder: Path) -> None:
        """Write the tokenizer, with what its folder has beside it."""
        if self.tokenizer_json is not None:
            (folder / TOKENIZER).write_text(self.tokenizer_json, encoding="utf-8")
            return
        for pattern in ("tokenizer*", "special_tokens_map.json", "vocab*"):
            for path in self.folder.glob(pattern):
                if path.is_file():
                    shutil.copyfile(path, folder / path.name)
