"""WordEmbeddings: a fixed vector for each word, such as GloVe's."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ...errors import CorruptCheckpointError
from ...types import AnyArray
from ..files import setting, write_json
from ..weights import SAFETENSORS, save_tensors
from .base import read_settings
from .table import TableSpec
from .word_tokenizer import WordTokenizerSpec, tokenizer_class

#: Name of the table.
TABLE = "emb_layer.weight"
#: What stands for no limit.
UNLIMITED = 1_000_000


@dataclass(frozen=True)
class WordEmbeddingsSpec(TableSpec):
    """A table with one row a word, the input of a pooling or of a network such as an LSTM.

    Args:
        folder: where its files lie.
        dimension: width of the table.
        words: its tokenizer; None for one in ``tokenizer.json``.
        trained: whether the table changes in training.
    """

    dimension: int
    words: WordTokenizerSpec | None = field(default=None, repr=False)
    trained: bool = False

    kind = "WordEmbeddings"
    config_file = "wordembedding_config.json"
    needed_files = ("wordembedding_config.json",)

    @classmethod
    def read(cls, folder: Path) -> WordEmbeddingsSpec:
        """Read settings and tokenizer; of the table, the shape."""
        settings = read_settings(folder, cls.config_file, required=True)
        path = folder / cls.config_file
        words = WordTokenizerSpec.read(folder, setting(settings, "tokenizer_class", str, path, ""))
        length = setting(settings, "max_seq_length", int, path, UNLIMITED)
        if length < 1:
            raise CorruptCheckpointError(f"{path}: 'max_seq_length' must be at least 1; got {length}.")
        limit = length if length < UNLIMITED else None
        trained = setting(settings, "update_embeddings", bool, path, False)
        spec = cls(folder, 0, words, trained, max_seq_length=limit)
        weights = spec.weights()
        shape = weights.shape(TABLE) if TABLE in weights else ()
        if len(shape) != 2:
            raise CorruptCheckpointError(
                f"{weights.source} must have a table of word vectors, {TABLE!r}; it is {shape}."
            )
        return cls(folder, shape[1], words, trained, max_seq_length=limit)

    def write(self, folder: Path) -> None:
        """Write settings, tokenizer and table."""
        self.write_settings(folder)
        save_tensors({TABLE: self.table()}, folder / SAFETENSORS)

    def write_settings(self, folder: Path) -> None:
        """Write settings and tokenizer."""
        settings = {
            "tokenizer_class": tokenizer_class(self.words),
            "update_embeddings": self.trained,
            "max_seq_length": self.max_seq_length or UNLIMITED,
        }
        write_json(folder / self.config_file, settings)
        if self.words is not None:
            self.words.write(folder)
        else:
            self.write_tokenizer(folder)

    def table(self) -> AnyArray:
        """The table, (words, dimension), float32.

        Raises:
            CorruptCheckpointError: there is none.
        """
        return self.weights().float32(TABLE)

    @property
    def architecture(self) -> str:
        """``words``, as there is no network."""
        return "words"

    @property
    def facts(self) -> dict[str, Any]:
        """Its kind: all else is in its table and its tokenizer."""
        return {"kind": self.kind}

    def output_dimension(self, dimension: int) -> int:  # noqa: ARG002
        """The table's width."""
        return self.dimension
