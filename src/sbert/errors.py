"""The errors and warnings that sbert raises, as one tree.

::

    SbertError
    ├── InputError (ValueError)              an argument is wrong: which, what was got, what to do
    │   ├── DimensionError                   two sets of vectors have different widths
    │   ├── NotTextError (TypeError)         an item of the input is not text; its index is named
    │   ├── ImageError                       an image cannot be read; its index or path is named
    │   └── TruncationError                  a text is longer than the model reads and on_truncation="error"
    ├── CheckpointError                      a model folder cannot be used
    │   ├── ModelNotFoundError (FileNotFoundError)   no model of that name is here, nor can it be fetched
    │   ├── CorruptCheckpointError           a file is damaged, cut short or not what it says
    │   ├── IntegrityError                   weights do not have the sha256 they should have
    │   └── TokenizerNotFoundError (FileNotFoundError)  a folder holds no tokenizer that can be read
    ├── UnsupportedModelError                no installed engine runs this architecture or module
    ├── MissingDependencyError (ImportError) an optional library is needed; the pip line is named
    ├── EngineError (RuntimeError)           the forward pass failed
    ├── TrainingError (ArithmeticError)      a loss is no finite number; the step and the batch are named
    ├── StoredIndexError                     a lasting index cannot be opened, read or changed
    │   └── OtherModelError                  it holds vectors of another model; both are named
    ├── DatabaseError                        a vector database cannot be reached, or refuses what it is asked
    └── DataError (ValueError)               a data file cannot be read as asked

    SbertWarning (UserWarning)
    ├── TruncationWarning                    texts were cut to the model's length; the counts are named
    └── QuantizationWarning                  ranges come from too few vectors to hold for others

Errors that a script written for another library of this field would catch keep the built-in base
(``ValueError``, ``FileNotFoundError`` ...), so that its ``except`` clauses go on working.
"""

from __future__ import annotations

import difflib
import operator
from collections.abc import Iterable


class SbertError(Exception):
    """Base of everything that sbert raises on purpose."""


class InputError(SbertError, ValueError):
    """An argument is wrong."""


class DimensionError(InputError):
    """Two sets of vectors that must have the same width do not."""


class NotTextError(InputError, TypeError):
    """An item of the input is not text."""


class ImageError(InputError):
    """An image is not there, is none, is damaged, or is too large to be safe."""


class TruncationError(InputError):
    """A text is longer than the model reads, and the caller asked for an error."""


class CheckpointError(SbertError):
    """A model folder cannot be used."""


class ModelNotFoundError(CheckpointError, FileNotFoundError):
    """No model of that name is on this machine, and it could not be fetched."""


class CorruptCheckpointError(CheckpointError):
    """A file of a checkpoint is damaged, cut short or not what it says it is."""


class IntegrityError(CheckpointError):
    """Weights do not have the sha256 that they should have."""


class TokenizerNotFoundError(CheckpointError, FileNotFoundError):
    """A model folder holds no tokenizer that can be read here."""


class UnsupportedModelError(SbertError):
    """No installed engine runs this architecture or module."""


class MissingDependencyError(SbertError, ImportError):
    """An optional library is needed for what was asked.

    Args:
        library: name of the library that could not be imported.
        purpose: what it is needed for, as a phrase that follows "needed to".
        extra: the extra of sbert that installs it.
    """

    def __init__(self, library: str, purpose: str, extra: str) -> None:
        self.library, self.extra = library, extra
        super().__init__(f"{library} is needed to {purpose} and is not installed. Run: pip install 'sbert[{extra}]'")


class EngineError(SbertError, RuntimeError):
    """The forward pass failed."""


class TrainingError(SbertError, ArithmeticError):
    """Training cannot go on: a loss, or the weights, are NaN or infinite."""


class StoredIndexError(SbertError):
    """A lasting index cannot be opened, read or changed."""


class OtherModelError(StoredIndexError):
    """An index holds vectors of another model than the one it was to be used with."""


class DatabaseError(SbertError):
    """A vector database cannot be reached, or refuses what it is asked."""


class DataError(SbertError, ValueError):
    """A data file cannot be read as asked."""


class SbertWarning(UserWarning):
    """Base of the warnings that sbert gives."""


class TruncationWarning(SbertWarning):
    """Texts were cut to the length that the model reads."""


class QuantizationWarning(SbertWarning):
    """Ranges for quantisation come from too few vectors to hold for others."""


def closest(name: str, known: Iterable[str], count: int = 3) -> str:
    """A phrase that offers the known names nearest to a misspelt one, or an empty string.

    >>> closest("cosin", ["cosine", "dot", "euclidean"])
    " Did you mean 'cosine'?"
    >>> closest("zzz", ["cosine", "dot"])
    ''
    """
    by_lower = {candidate.lower(): candidate for candidate in known}
    matches = difflib.get_close_matches(name.lower(), by_lower, n=count, cutoff=0.6)
    if not matches:
        return ""
    return " Did you mean " + " or ".join(repr(by_lower[match]) for match in matches) + "?"


def one_of(argument: str, value: object, allowed: Iterable[str]) -> InputError:
    """The error for an argument that must be one of a few names.

    >>> str(one_of("backend", "opnvino", ["auto", "openvino", "torch"]))
    "backend must be one of 'auto', 'openvino', 'torch'; got 'opnvino'. Did you mean 'openvino'?"
    """
    names = list(allowed)
    listed = ", ".join(repr(name) for name in names)
    hint = closest(value, names) if isinstance(value, str) else ""
    return InputError(f"{argument} must be one of {listed}; got {value!r}.{hint}")


def positive(argument: str, value: object, or_what: str = "") -> int:
    """An argument that counts something, as an int of at least 1.

    Args:
        argument: its name.
        value: what was given.
        or_what: what else it may be, for the message, such as ``, or None``.

    Raises:
        InputError: it is smaller, or not a whole number.
    """
    try:
        number = 0 if isinstance(value, bool) else operator.index(value)  # type: ignore[arg-type]
    except TypeError:
        number = 0
    if number < 1:
        raise InputError(f"{argument} must be a whole number of at least 1{or_what}; got {value!r}.")
    return number
