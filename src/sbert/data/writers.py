"""Writing embeddings to files: NumPy, JSON lines and Parquet."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import IO, Any

import numpy as np

from ..errors import DataError, InputError, MissingDependencyError
from ..types import AnyArray
from .files import atomic_write


def write_embeddings(path: str | os.PathLike[str], embeddings: AnyArray, texts: Sequence[str]) -> Path:
    """Write embeddings to a file, whole or not at all.

    The suffix tells the form: ``.npy`` is the array alone; ``.jsonl`` has a line ``{"text": ..., "embedding": [...]}``
    a text; ``.parquet`` has the columns ``text`` and ``embedding``, the latter of lists of one length.

    Args:
        path: the file.
        embeddings: (n, d) of any number type, kept as it is.
        texts: the n texts.

    Returns:
        The file.

    Raises:
        DataError: the suffix is none of the three, or the file cannot be written.
        InputError: there are more texts than embeddings, or fewer.
        MissingDependencyError: Parquet is written with pyarrow, which is an extra.
    """
    path = Path(path).expanduser()
    write = check_output(path)
    if embeddings.ndim != 2 or len(embeddings) != len(texts):
        raise InputError(
            f"embeddings must have one row for each of the {len(texts)} texts; got the shape {embeddings.shape}."
        )
    with atomic_write(path) as file:
        write(file, embeddings, texts)
    return path


def check_output(path: Path) -> Callable[[IO[bytes], AnyArray, Sequence[str]], None]:
    """The writer for a file, so that a wrong name is told before the work and not after it.

    Raises:
        DataError: the suffix is not known, or the folder is not there.
        MissingDependencyError: the library that writes it is not installed.
    """
    suffix = path.suffix.lower()
    if suffix not in _WRITERS:
        raise DataError(f"{path} has the suffix {suffix!r}; embeddings are written to {', '.join(_WRITERS)}.")
    if not path.parent.is_dir():
        raise DataError(f"{path} cannot be written: there is no folder {path.parent}.")
    if suffix == ".parquet":
        _pyarrow()
    return _WRITERS[suffix]


def write_jsonl(file: IO[bytes], embeddings: AnyArray, texts: Iterable[str]) -> None:
    """Write one JSON object a line with ``text`` and ``embedding``.

    Args:
        file: open for writing bytes.
        embeddings: (n, d).
        texts: the n texts.
    """
    for text, row in zip(texts, embeddings, strict=True):
        # str of a NumPy number is the shortest that reads back as the same float32: half of what Python's floats take.
        numbers = ", ".join(map(str, row))
        file.write(f'{{"text": {json.dumps(text, ensure_ascii=False)}, "embedding": [{numbers}]}}\n'.encode())


def write_npy(file: IO[bytes], embeddings: AnyArray, texts: Sequence[str]) -> None:  # noqa: ARG001
    """Write an array in NumPy's own form; the texts are left out."""
    np.save(file, embeddings, allow_pickle=False)


def write_parquet(file: IO[bytes], embeddings: AnyArray, texts: Sequence[str]) -> None:
    """Write a table with the columns ``text`` and ``embedding``.

    Raises:
        MissingDependencyError: it is written with pyarrow, which is an extra.
    """
    pa, pq = _pyarrow()
    flat = pa.array(np.ascontiguousarray(embeddings).reshape(-1))
    vectors = pa.FixedSizeListArray.from_arrays(flat, embeddings.shape[1])
    # large_string: the texts of a big corpus are more than the 2 GB that plain strings can hold.
    table = pa.table({"text": pa.array(texts, pa.large_string()), "embedding": vectors})
    pq.write_table(table, file)


def _pyarrow() -> tuple[Any, Any]:
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError as error:
        raise MissingDependencyError("pyarrow", "write Parquet files", "parquet") from error
    return pa, pq


_WRITERS: dict[str, Callable[[IO[bytes], AnyArray, Sequence[str]], None]] = {
    ".npy": write_npy,
    ".jsonl": write_jsonl,
    ".parquet": write_parquet,
}
