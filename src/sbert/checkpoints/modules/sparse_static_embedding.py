"""SparseStaticEmbedding: a fixed weight for each word, so that a query needs no network (https://arxiv.org/abs/2411.04403)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from ...errors import CorruptCheckpointError
from ...types import FloatArray
from ..files import inside, read_json, setting, write_json
from ..weights import SAFETENSORS, save_tensors, weight_files
from .base import read_settings
from .table import TOKENIZER, TableSpec

WEIGHT = "weight"


@dataclass(frozen=True)
class SparseStaticEmbeddingSpec(TableSpec):
    """A weight for each token of the vocabulary; a text has those of its tokens, each once.

    Args:
        folder: where its files lie.
        dimension: number of tokens.
        frozen: whether the weights are left as they are in training.
        json_file: name of a file of weights by token, which the first releases wrote; None for tensors.
        max_seq_length: number of tokens it reads of a text; None for all.
    """

    dimension: int
    frozen: bool = False
    json_file: str | None = None

    kind = "SparseStaticEmbedding"
    package = "sentence_transformers.sparse_encoder.models"
    pools = True
    in_root = True
    needed_files = (TOKENIZER,)

    @classmethod
    def read(cls, folder: Path) -> SparseStaticEmbeddingSpec:
        """Read settings and, of the weights, the number."""
        settings = read_settings(folder, cls.config_file, required=False)
        json_file = setting(settings, "path", str, folder / cls.config_file)
        if not (folder / TOKENIZER).is_file():
            raise CorruptCheckpointError(f"{folder / TOKENIZER} is missing: it says which tokens the weights are of.")
        length = setting(_tokenizer_settings(folder), "model_max_length", float, folder)
        spec = cls(
            folder,
            0,
            bool(setting(settings, "frozen", bool, folder / cls.config_file, False)),
            None if json_file is None or weight_files(folder) else Path(json_file).name,
            max_seq_length=int(length) if length is not None and length < 10**9 else None,
        )
        return replace(spec, dimension=len(spec.weight()))

    def write(self, folder: Path) -> None:
        """Write tokenizer, settings and weights."""
        self.write_settings(folder)
        save_tensors({WEIGHT: self.weight()}, folder / SAFETENSORS)

    def write_settings(self, folder: Path) -> None:
        """Write the tokenizer and the settings."""
        self.write_tokenizer(folder)
        write_json(folder / self.config_file, {"frozen": self.frozen})

    def weight(self) -> FloatArray:
        """The weight of each token, (dimension,) float32.

        Raises:
            CorruptCheckpointError: they are missing, or of another shape.
        """
        if self.json_file is not None:
            return self._from_json(inside(self.folder, self.json_file))
        weights = self.weights()
        if WEIGHT not in weights or len(weights.shape(WEIGHT)) != 1:
            raise CorruptCheckpointError(f"{weights.source} must have one weight a token, as {WEIGHT!r}.")
        return weights.float32(WEIGHT)

    def _from_json(self, path: Path) -> FloatArray:
        if not path.is_file():
            raise CorruptCheckpointError(f"{path} is missing: the settings name it for the weights.")
        numbers = read_json(self.folder / TOKENIZER)["model"]["vocab"]
        found = np.zeros(len(numbers), np.float32)
        for token, weight in read_json(path).items():
            if token in numbers:
                found[numbers[token]] = weight
        return found

    @property
    def architecture(self) -> str:
        """``static``, as there is no network."""
        return "static"

    @property
    def facts(self) -> dict[str, Any]:
        """Its kind; the rest is in its weights."""
        return {"kind": self.kind}

    def output_dimension(self, dimension: int) -> int:  # noqa: ARG002
        """The number of tokens."""
        return self.dimension


def _tokenizer_settings(folder: Path) -> dict[str, Any]:
    path = folder / "tokenizer_config.json"
    return read_json(path) if path.is_file() else {}
