"""BoW: a text's vector counts its words."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ...errors import CorruptCheckpointError
from ..files import setting, write_json
from .base import read_settings
from .input import InputSpec
from .word_tokenizer import WordTokenizerSpec, weights_of_words, words_of


@dataclass(frozen=True)
class BoWSpec(InputSpec):
    """A number for each word of the vocabulary: how often a text has it, times its weight.

    Args:
        folder: where its files lie.
        words: the tokenizer, which has the vocabulary.
        word_weights: weights by word.
        unknown_weight: the weight of words that have none.
        counts: whether a word counts each time that it stands in a text, or once.
    """

    words: WordTokenizerSpec = field(repr=False)
    word_weights: dict[str, float] = field(default_factory=dict, repr=False)
    unknown_weight: float = 1.0
    counts: bool = True

    kind = "BoW"
    pools = True
    in_root = False
    needs_weights = False
    needed_files = ("config.json",)

    @classmethod
    def read(cls, folder: Path) -> BoWSpec:
        """Read the settings, which are all there is."""
        settings = read_settings(folder, cls.config_file, required=True)
        path = folder / cls.config_file
        words = WordTokenizerSpec(tuple(dict.fromkeys(words_of(settings, "vocab", path))))
        if not words.vocabulary:
            raise CorruptCheckpointError(f"{path} lists no words.")
        return cls(
            folder,
            words,
            numbers_of(settings, "word_weights", path),
            setting(settings, "unknown_word_weight", float, path, 1.0),
            setting(settings, "cumulative_term_frequency", bool, path, True),
        )

    def write(self, folder: Path) -> None:
        """Write the settings."""
        self.write_settings(folder)

    def write_settings(self, folder: Path) -> None:
        """Write the settings."""
        settings = {
            "vocab": list(self.words.vocabulary),
            "word_weights": self.word_weights,
            "unknown_word_weight": self.unknown_weight,
            "cumulative_term_frequency": self.counts,
        }
        write_json(folder / self.config_file, settings)

    def weight(self) -> list[float]:
        """The weight of each word."""
        return weights_of_words(self.words.vocabulary, self.word_weights, self.unknown_weight)

    @property
    def architecture(self) -> str:
        """``words``, as there is no network."""
        return "words"

    @property
    def facts(self) -> dict[str, Any]:
        """Its weights, and how words count."""
        return {"kind": self.kind, "weights": self.weight(), "counts": self.counts}

    def output_dimension(self, dimension: int) -> int:  # noqa: ARG002
        """The number of words."""
        return len(self.words.vocabulary)


def numbers_of(settings: dict[str, Any], key: str, path: Path) -> dict[str, float]:
    """Numbers by word in a settings file; none where they are missing.

    Raises:
        CorruptCheckpointError: it is something else.
    """
    numbers = setting(settings, key, dict, path, {})
    if not all(isinstance(number, (int, float)) for number in numbers.values()):
        raise CorruptCheckpointError(f"{path}: {key!r} must have a number for each word.")
    return {str(word): float(number) for word, number in numbers.items()}
