"""StaticEmbedding: a fixed vector for each token, and their mean for a text. No network, so it is very fast."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from ...errors import CorruptCheckpointError
from ...types import AnyArray
from ..files import read_json, setting, write_json
from ..weights import SAFETENSORS, Weights, open_weights, save_tensors, weight_files
from .table import TOKENIZER, TableSpec

#: Name of the table in folders of sentence-transformers, and in those of model2vec.
TABLE, MODEL2VEC_TABLE = "embedding.weight", "embeddings"


@dataclass(frozen=True)
class StaticEmbeddingSpec(TableSpec):
    """A table with one row a token; a text's vector is the mean of its tokens' rows.

    Special tokens are not added to texts. Two forms are read: that of sentence-transformers, and that of model2vec
    (https://github.com/MinishLab/model2vec), in which unknown tokens are left out of the mean, and which may have a
    smaller table with a ``mapping`` from token to row and ``weights`` of the tokens.

    Args:
        folder: where its files lie.
        dimension: width of the table.
        skip_unknown: whether unknown tokens are left out.
        settings: ``config.json``, where there is one.
        max_seq_length: number of tokens it reads of a text; None for all.
    """

    dimension: int
    skip_unknown: bool = False
    settings: dict[str, Any] = field(default_factory=dict, compare=False, repr=False)

    kind = "StaticEmbedding"
    needed_files = (TOKENIZER,)

    @classmethod
    def read(cls, folder: Path) -> StaticEmbeddingSpec:
        """Read a folder of either form; of the weights, only names and shapes."""
        settings = read_json(folder / "config.json") if (folder / "config.json").is_file() else {}
        weights = open_weights(folder)
        name = _table_name(weights)
        shape = weights.shape(name)
        if len(shape) != 2:
            raise CorruptCheckpointError(
                f"{weights.source}: {name} must have two dimensions; it has the shape {shape}."
            )
        length = _max_seq_length(folder, settings)
        return cls(folder, shape[1], name == MODEL2VEC_TABLE, settings, max_seq_length=length)

    @staticmethod
    def is_plain(folder: Path) -> bool:
        """Whether a folder without ``modules.json`` is a static model: by its settings, or by its tensors."""
        if (folder / "config.json").is_file():
            return read_json(folder / "config.json").get("model_type") == "model2vec"
        if not (folder / TOKENIZER).is_file() or not weight_files(folder):
            return False
        return bool({TABLE, MODEL2VEC_TABLE} & set(open_weights(folder)))

    def write(self, folder: Path) -> None:
        """Write tokenizer, settings and table, in the form that it was read in."""
        self.write_settings(folder)
        table = self.table()
        if not np.issubdtype(table.dtype, np.floating):
            table = table.astype(np.float32)  # other readers take no whole numbers
        save_tensors({MODEL2VEC_TABLE if self.skip_unknown else TABLE: table}, folder / SAFETENSORS)

    def write_settings(self, folder: Path) -> None:
        """Write the tokenizer, which holds the maximum length, and the settings where there are any."""
        self.write_tokenizer(folder)
        if self.settings:
            own = {"max_length": self.max_seq_length} if "max_length" in self.settings else {}
            write_json(folder / "config.json", self.settings | own)
        if self.max_seq_length != _tokenizer_length(folder):
            tokenizer = read_json(folder / TOKENIZER)
            limit = {"direction": "Right", "max_length": self.max_seq_length, "strategy": "LongestFirst", "stride": 0}
            tokenizer["truncation"] = None if self.max_seq_length is None else limit
            write_json(folder / TOKENIZER, tokenizer)

    def table(self) -> AnyArray:
        """The table with one row a token number, (tokens, dimension), in the dtype it is stored in.

        A mapping and weights are multiplied out, in float32.

        Raises:
            CorruptCheckpointError: they do not fit the table.
        """
        weights = self.weights()
        table = weights[_table_name(weights)]
        if self.skip_unknown and "mapping" in weights:
            rows = weights["mapping"].astype(np.int64)
            if rows.size and not 0 <= rows.min() <= rows.max() < len(table):
                raise CorruptCheckpointError(f"{weights.source}: mapping names rows that the table does not have.")
            table = table[rows]
        if self.skip_unknown and "weights" in weights:
            scales = weights.float32("weights")
            if scales.shape != (len(table),):
                raise CorruptCheckpointError(
                    f"{weights.source}: weights has the shape {scales.shape}; there are {len(table)} tokens."
                )
            table = table.astype(np.float32) * scales[:, None]
        return table

    @property
    def architecture(self) -> str:
        """``static``, as there is no network."""
        return "static"

    @property
    def facts(self) -> dict[str, Any]:
        """Whether unknown tokens are left out."""
        return {"kind": self.kind, "skip_unknown": self.skip_unknown}

    def output_dimension(self, dimension: int) -> int:  # noqa: ARG002
        """The table's width."""
        return self.dimension


def _table_name(weights: Weights) -> str:
    # Where there are both, sentence-transformers reads its own.
    name = next((name for name in (TABLE, MODEL2VEC_TABLE) if name in weights), None)
    if name is None:
        raise CorruptCheckpointError(
            f"{weights.source} has no table of token vectors: looked for {TABLE!r} and {MODEL2VEC_TABLE!r}."
        )
    return name


def _max_seq_length(folder: Path, settings: dict[str, Any]) -> int | None:
    """What model2vec's settings say, where they say it; else the tokenizer's own truncation."""
    if "max_length" in settings:
        length: int | None = setting(settings, "max_length", int, folder / "config.json")
    else:
        length = _tokenizer_length(folder)
    if length is not None and length < 1:
        raise CorruptCheckpointError(f"{folder}: the maximum length must be at least 1; got {length}.")
    return length


def _tokenizer_length(folder: Path) -> int | None:
    if not (folder / TOKENIZER).is_file():
        return None  # told when the tokenizer is loaded
    truncation = setting(read_json(folder / TOKENIZER), "truncation", dict, folder / TOKENIZER, {})
    length: int | None = setting(truncation, "max_length", int, folder / TOKENIZER)
    return length
