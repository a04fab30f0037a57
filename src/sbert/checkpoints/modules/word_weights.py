"""WordWeights: a weight for each word, such as its inverse document frequency, that its vector is multiplied by."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from ...errors import CorruptCheckpointError
from ...types import AnyArray
from ..files import setting, write_json
from ..weights import SAFETENSORS, open_weights, save_tensors, weight_files
from .bag_of_words import numbers_of
from .base import ModuleSpec, read_settings
from .word_tokenizer import weights_of_words, words_of

#: Name of the weights, (words, 1).
WEIGHT = "emb_layer.weight"


@dataclass(frozen=True)
class WordWeightsSpec(ModuleSpec):
    """A weight for each word of a vocabulary; a mean of token vectors after it is a weighted mean.

    Args:
        vocabulary: the words, in the order of the tokenizer's numbers.
        word_weights: weights by word.
        unknown_weight: the weight of words that have none.
        tensors: :data:`WEIGHT`, as it is now: training may have changed it.
    """

    vocabulary: tuple[str, ...] = field(repr=False)
    word_weights: dict[str, float] = field(default_factory=dict, repr=False)
    unknown_weight: float = 1.0
    tensors: dict[str, AnyArray] = field(default_factory=dict, compare=False, repr=False)

    kind = "WordWeights"
    needed_files = ("config.json",)

    def __post_init__(self) -> None:
        if not self.tensors:
            weights = weights_of_words(self.vocabulary, self.word_weights, self.unknown_weight)
            self.tensors[WEIGHT] = np.array(weights, np.float32)[:, None]

    @classmethod
    def read(cls, folder: Path) -> WordWeightsSpec:
        """Read settings, and weights where there are any: those of the settings may have been trained since."""
        settings = read_settings(folder, cls.config_file, required=True)
        path = folder / cls.config_file
        vocabulary = words_of(settings, "vocab", path)
        tensors = {WEIGHT: open_weights(folder).float32(WEIGHT)} if weight_files(folder) else {}
        if tensors and tensors[WEIGHT].shape != (len(vocabulary), 1):
            raise CorruptCheckpointError(
                f"{folder}: {WEIGHT} has shape {tensors[WEIGHT].shape}; there are {len(vocabulary)} words."
            )
        weights = numbers_of(settings, "word_weights", path)
        return cls(vocabulary, weights, setting(settings, "unknown_word_weight", float, path, 1.0), tensors)

    def write(self, folder: Path) -> None:
        """Write settings and weights."""
        settings = {
            "vocab": list(self.vocabulary),
            "word_weights": self.word_weights,
            "unknown_word_weight": self.unknown_weight,
        }
        write_json(folder / self.config_file, settings)
        save_tensors(self.tensors, folder / SAFETENSORS)

    def output_dimension(self, dimension: int) -> int:
        """The input's."""
        return dimension
