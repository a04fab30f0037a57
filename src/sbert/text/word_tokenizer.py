"""Tokenizers of a list of words: those of models older than transformers."""

from __future__ import annotations

import json
import re
import string
from abc import abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, replace
from typing import Any

import numpy as np

from ..checkpoints.modules.word_tokenizer import PHRASE, WHITESPACE, WordTokenizerSpec
from ..errors import InputError, MissingDependencyError
from ..types import IntArray
from .stop_words import ENGLISH_STOP_WORDS
from .tokenizer import TextOrPair, Tokenizer
from .tokens import Tokens, WholeText

#: Forms of words that are remembered, and forgotten all at once beyond.
_REMEMBERED = 1 << 18
_PART = re.compile(r"\S+")


class WordTokenizer(Tokenizer):
    """Takes a text apart into words that it knows; others, and stop words, are left out.

    A word that is not known as it stands is looked for without its case and without punctuation around it. There are
    no special tokens. Threads may share it.

    Args:
        spec: words, stop words and settings.
        max_length: number of words kept of a text; None for all.

    Raises:
        InputError: ``max_length`` leaves no word.
    """

    #: In which order the forms of a word are tried.
    forms: tuple[Callable[[str], str], ...]

    def __init__(self, spec: WordTokenizerSpec, max_length: int | None = None) -> None:
        if max_length is not None and max_length < 1:
            raise InputError(f"max_length must be at least 1; got {max_length}.")
        super().__init__(max_length, pad_id=0)
        self.spec = spec
        self._numbers = {word: number for number, word in enumerate(spec.vocabulary)}
        self._found: dict[str, int | None] = {}

    @classmethod
    @abstractmethod
    def from_spec(cls, spec: WordTokenizerSpec, max_length: int | None = None) -> WordTokenizer:
        """Make the tokenizer that a folder describes."""

    @property
    def stop_words(self) -> frozenset[str]:
        """The words that are left out."""
        return self.spec.stop_words

    def batch(self, texts: Sequence[TextOrPair]) -> Tokens:  # noqa: D102
        rows = [[number for number, _ in self._words(_single(text))] for text in texts]
        lengths = np.array([len(row) for row in rows], np.int64)
        if self.max_length is None:
            return Tokens.of(rows, None, np.zeros(len(rows), np.int64))
        return Tokens.of([row[: self.max_length] for row in rows], None, np.maximum(lengths - self.max_length, 0))

    def with_max_length(self, max_length: int | None) -> WordTokenizer:  # noqa: D102
        return self.from_spec(self.spec, max_length)

    def with_words(self, vocabulary: Iterable[str]) -> WordTokenizer:
        """The same tokenizer with other words."""
        return self.from_spec(replace(self.spec, vocabulary=tuple(vocabulary)), self.max_length)

    def with_backend(self, backend: Any) -> Any:
        """Refused: the vectors are those of this tokenizer's words."""
        raise InputError(f"The tokenizer of word vectors cannot be replaced by a {type(backend).__name__}.")

    def serialized(self) -> str:  # noqa: D102
        return json.dumps(asdict(self.spec) | {"stop_words": sorted(self.spec.stop_words)}, sort_keys=True)

    def tokenize(self, text: str) -> list[str]:  # noqa: D102
        return [self.spec.vocabulary[number] for number, _ in self._words(text)]

    def decode(self, ids: Sequence[int]) -> str:  # noqa: D102
        return " ".join(self.spec.vocabulary[number] for number in ids)

    def vocabulary(self) -> dict[str, int]:  # noqa: D102
        return dict(self._numbers)

    def token_id(self, token: str) -> int | None:  # noqa: D102
        return self._numbers.get(token)

    def prompt_length(self, prompt: str) -> int:  # noqa: D102
        return len(self.batch([prompt]).ids)

    def frame(self) -> tuple[IntArray, IntArray]:  # noqa: D102
        return np.empty(0, np.int64), np.empty(0, np.int64)

    @abstractmethod
    def _words(self, text: str) -> Iterator[tuple[int, tuple[int, int]]]:
        """The numbers of a text's words, with the characters of each."""

    def _number(self, word: str) -> int | None:
        """The number of a word, in the first form that is known; None for one that is left out."""
        try:
            return self._found[word]
        except KeyError:
            if len(self._found) >= _REMEMBERED:
                self._found = {}
            found = self._found[word] = self._look_up(word)
            return found

    def _look_up(self, word: str) -> int | None:
        for form in (None, *self.forms):
            word = word if form is None else form(word)
            if word in self.spec.stop_words:
                return None
            if word and word in self._numbers:
                return self._numbers[word]
        return None


class WhitespaceTokenizer(WordTokenizer):
    """Words are what stands between spaces; forms are tried without punctuation, then in lower case too.

    Args:
        vocab: the words that are known, each once; a word's place is its number.
        stop_words: words that are left out.
        do_lower_case: whether texts are lower-cased first.
        max_length: number of words kept of a text; None for all.

    >>> WhitespaceTokenizer(["the", "cat", "sat"], stop_words=["the"]).tokenize("The cat, it sat.")
    ['cat', 'sat']
    """

    forms = (lambda word: word.strip(string.punctuation), str.lower)

    def __init__(
        self,
        vocab: Iterable[str] = (),
        stop_words: Iterable[str] = ENGLISH_STOP_WORDS,
        do_lower_case: bool = False,
        *,
        max_length: int | None = None,
    ) -> None:
        super().__init__(WordTokenizerSpec(tuple(vocab), frozenset(stop_words), do_lower_case), max_length)

    @classmethod
    def from_spec(cls, spec: WordTokenizerSpec, max_length: int | None = None) -> WhitespaceTokenizer:  # noqa: D102
        return cls(spec.vocabulary, spec.stop_words, spec.lower_case, max_length=max_length)

    def _words(self, text: str) -> Iterator[tuple[int, tuple[int, int]]]:
        for part in _PART.finditer(text):
            word = part.group().lower() if self.spec.lower_case else part.group()
            number = self._number(word)
            if number is not None:
                yield number, part.span()

    def whole(self, texts: Sequence[str]) -> list[WholeText]:  # noqa: D102
        every = [list(self._words(text)) for text in texts]
        return [
            WholeText(
                np.array([number for number, _ in words], np.int64),
                np.array([span for _, span in words], np.int64).reshape(-1, 2),
            )
            for words in every
        ]


class PhraseTokenizer(WordTokenizer):
    """Words as NLTK's tokenizer splits them, and phrases of the vocabulary, such as ``New_York``, as one.

    Longer phrases are looked for first. Forms are tried in lower case, then without punctuation too.

    Args:
        vocab: the words and phrases that are known, each once; a word's place is its number.
        stop_words: words that are left out.
        do_lower_case: kept for folders that say so; words are looked for in lower case anyway.
        ngram_separator: what stands between the words of a phrase; empty for no phrases.
        max_ngram_length: words of a phrase at the most.
        max_length: number of words kept of a text; None for all.

    Raises:
        MissingDependencyError: NLTK is not installed.
    """

    forms = (str.lower, lambda word: word.strip(string.punctuation))

    def __init__(
        self,
        vocab: Iterable[str] = (),
        stop_words: Iterable[str] = ENGLISH_STOP_WORDS,
        do_lower_case: bool = False,
        ngram_separator: str = "_",
        max_ngram_length: int = 5,
        *,
        max_length: int | None = None,
    ) -> None:
        spec = WordTokenizerSpec(
            tuple(vocab), frozenset(stop_words), do_lower_case, PHRASE, ngram_separator, max_ngram_length
        )
        super().__init__(spec, max_length)
        try:
            from nltk.tokenize import NLTKWordTokenizer
        except ImportError as error:
            raise MissingDependencyError("nltk", "take texts apart into phrases", "words") from error
        self._split = NLTKWordTokenizer().tokenize
        separator = spec.separator
        self._phrases: dict[int, set[str]] = {}
        for word in spec.vocabulary if separator else ():
            count = word.count(separator) + 1
            # Some lists have malformed ones, with two separators after one another.
            if 1 < count <= spec.longest and 2 * separator not in word:
                self._phrases.setdefault(count, set()).add(word)

    @classmethod
    def from_spec(cls, spec: WordTokenizerSpec, max_length: int | None = None) -> PhraseTokenizer:  # noqa: D102
        return cls(
            spec.vocabulary, spec.stop_words, spec.lower_case, spec.separator, spec.longest, max_length=max_length
        )

    def _words(self, text: str) -> Iterator[tuple[int, tuple[int, int]]]:
        words = self._split(text)
        for count in sorted(self._phrases, reverse=True):
            words = list(self._joined(words, count))
        for word in words:
            number = self._number(word)
            if number is not None:
                yield number, (0, 0)  # NLTK changes quotes, so places in the text are not known

    def _joined(self, words: list[str], count: int) -> Iterator[str]:
        known, place = self._phrases[count], 0
        while place < len(words):
            phrase = self.spec.separator.join(words[place : place + count])
            found = next((form for form in (phrase, phrase.lower()) if form in known), None)
            yield words[place] if found is None else found
            place += 1 if found is None else count


def _single(text: TextOrPair) -> str:
    if not isinstance(text, str):
        raise InputError(f"A model of word vectors reads single texts; got a pair: {text!r}.")
    return text


#: The tokenizers by the kind that folders call them.
WORD_TOKENIZERS: dict[str, type[WordTokenizer]] = {WHITESPACE: WhitespaceTokenizer, PHRASE: PhraseTokenizer}
