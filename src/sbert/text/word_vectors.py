"""Word vectors in a text file, a word a line: the form of GloVe, word2vec and fastText."""

from __future__ import annotations

import gzip
import warnings
from pathlib import Path
from typing import IO

import numpy as np

from ..errors import CheckpointError, CorruptCheckpointError, SbertWarning
from ..types import FloatArray

#: What the first row stands for, whose vector is zeros.
PADDING = "PADDING_TOKEN"


def read_word_vectors(path: Path, separator: str = " ", most: int | None = None) -> tuple[list[str], FloatArray]:
    """Read the words of a file and their vectors.

    A first line of two numbers, as word2vec writes it, is passed over. Of a word that comes twice the first vector
    counts. Lines of another width than the first are left out, and a warning says how many.

    Args:
        path: a text file in UTF-8; with ``.gz`` at the end, compressed.
        separator: what stands between the word and its numbers.
        most: words that are read at the most; None for all.

    Returns:
        The words, :data:`PADDING` first, and their vectors, (words, width) float32.

    Raises:
        CheckpointError: there is no such file.
        CorruptCheckpointError: it holds no word vectors.
    """
    from tqdm.auto import tqdm

    words, skipped = {PADDING: 0}, 0
    rows: list[FloatArray] = []
    try:
        with _opened(path) as lines:
            for line in tqdm(lines, desc=f"Reading {path.name}", unit=" words", disable=None, delay=2):
                word, *numbers = line.rstrip().split(separator)
                if not rows and len(numbers) == 1:
                    continue  # how many words there are, and how wide
                row = _row(numbers, len(rows[0]) if rows else None)
                if row is None:
                    skipped += 1
                elif word not in words:
                    words[word] = len(words)
                    rows.append(row)
                if most is not None and len(rows) >= most:
                    break
    except (OSError, UnicodeDecodeError) as error:
        kind = CheckpointError if isinstance(error, FileNotFoundError) else CorruptCheckpointError
        raise kind(f"The word vectors in {path} cannot be read: {error}") from error
    if not rows:
        raise CorruptCheckpointError(f"{path} holds no word vectors: a line must have a word and its numbers.")
    if skipped:
        warnings.warn(
            f"{skipped:,} lines of {path} were left out: they do not have {len(rows[0])} numbers.",
            SbertWarning,
            stacklevel=3,
        )
    return list(words), np.stack([np.zeros_like(rows[0]), *rows])


def _row(numbers: list[str], width: int | None) -> FloatArray | None:
    if not numbers or (width is not None and len(numbers) != width):
        return None
    try:
        row = np.array(numbers, np.float32)
    except ValueError:
        return None
    return row if np.isfinite(row).all() else None


def _opened(path: Path) -> IO[str]:
    return gzip.open(path, "rt", encoding="utf-8") if path.suffix == ".gz" else path.open(encoding="utf-8")
