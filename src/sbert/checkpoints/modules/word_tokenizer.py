"""The tokenizers of models older than transformers: a list of words, as data."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...errors import CorruptCheckpointError, UnsupportedModelError, closest
from ..files import listed, read_json, setting, write_json

WHITESPACE, PHRASE = "WhitespaceTokenizer", "PhraseTokenizer"
#: The file that each kind keeps its words in.
_FILES = {WHITESPACE: "whitespacetokenizer_config.json", PHRASE: "phrasetokenizer_config.json"}
#: What stands for any tokenizer of transformers, whose files lie beside the settings.
_ANY = "TransformersTokenizerWrapper"
#: Where the classes live, in the path of those releases that every reader of the last years follows.
_PACKAGE = "sentence_transformers.models.tokenizer"


@dataclass(frozen=True)
class WordTokenizerSpec:
    """Words by number, and how a text is taken apart into them.

    Args:
        vocabulary: the words; a word's place is its number.
        stop_words: words that are left out.
        lower_case: whether a text is lower-cased first.
        kind: ``WhitespaceTokenizer``, or ``PhraseTokenizer``, which knows phrases.
        separator: what stands between the words of a phrase.
        longest: words of a phrase at the most.
    """

    vocabulary: tuple[str, ...]
    stop_words: frozenset[str] = frozenset()
    lower_case: bool = False
    kind: str = WHITESPACE
    separator: str = "_"
    longest: int = 5

    @classmethod
    def read(cls, folder: Path, class_name: str) -> WordTokenizerSpec | None:
        """Read the tokenizer of a dotted class name; None where it is one of transformers.

        Raises:
            UnsupportedModelError: the class is of another package (its code is not run), or not known.
            CorruptCheckpointError: its file is missing or damaged.
        """
        kind = class_name.rpartition(".")[2]
        if not class_name.startswith(("sentence_transformers.", "sbert.")) or kind not in (*_FILES, _ANY):
            raise UnsupportedModelError(
                f"{folder}: the tokenizer {class_name!r} is not one of {', '.join((*_FILES, _ANY))}, and no other code "
                f"is run.{closest(kind, _FILES)}"
            )
        if kind == _ANY:
            return None
        path = folder / _FILES[kind]
        settings = read_json(path)
        return cls(
            words_of(settings, "vocab", path),
            frozenset(words_of(settings, "stop_words", path)),
            setting(settings, "do_lower_case", bool, path, False),
            kind,
            setting(settings, "ngram_separator", str, path, "_"),
            setting(settings, "max_ngram_length", int, path, 5),
        )

    def write(self, folder: Path) -> None:
        """Write its file."""
        settings: dict[str, Any] = {
            "vocab": list(self.vocabulary),
            "stop_words": sorted(self.stop_words),
            "do_lower_case": self.lower_case,
        }
        if self.kind == PHRASE:
            settings |= {"ngram_separator": self.separator, "max_ngram_length": self.longest}
        write_json(folder / _FILES[self.kind], settings)


def tokenizer_class(words: WordTokenizerSpec | None) -> str:
    """The dotted class name that settings call a tokenizer by; None is one of transformers."""
    return f"{_PACKAGE}.{_ANY if words is None else words.kind}"


def words_of(settings: dict[str, Any], key: str, path: Path) -> tuple[str, ...]:
    """A list of words in a settings file; none where it is missing.

    Raises:
        CorruptCheckpointError: it is something else.
    """
    words = listed(settings, key, path) or []
    if not all(isinstance(word, str) for word in words):
        raise CorruptCheckpointError(f"{path}: {key!r} must list words.")
    return tuple(words)


def weights_of_words(vocabulary: Iterable[str], weights: dict[str, float], unknown: float) -> list[float]:
    """The weight of each word: its own, that of its lower-case form, or that of unknown words."""
    return [float(weights.get(word, weights.get(word.lower(), unknown))) for word in vocabulary]
