"""Writing embeddings to files: NumPy, JSON lines and Parquet; whole, or part by part as they are made."""

from __future__ import annotations

import json
import os
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import numpy as np

from ..errors import DataError, InputError, MissingDependencyError
from ..types import AnyArray
from .files import atomic_write, check_folder_of


class Writer(ABC):
    """Puts texts and their vectors into an open file, part after part; the same bytes for the same parts.

    Args:
        file: open for writing bytes; for NumPy it must be seekable.
    """

    def __init__(self, file: IO[bytes]) -> None:
        self.file = file

    @abstractmethod
    def write(self, embeddings: AnyArray, texts: Sequence[str]) -> None:
        """Add vectors, (n, d), and their n texts."""

    def close(self) -> None:  # noqa: B027  (most have nothing to add)
        """Add what comes after the last part. The file stays open."""


class NpyWriter(Writer):
    """The array alone, in NumPy's own form."""

    def __init__(self, file: IO[bytes]) -> None:
        super().__init__(file)
        self._shape = 0, 0
        self._dtype = np.dtype(np.float32)

    def write(self, embeddings: AnyArray, texts: Sequence[str]) -> None:  # noqa: ARG002, D102
        if not self._shape[1]:
            self._shape, self._dtype = (0, embeddings.shape[1]), embeddings.dtype
            self._header()
        self._shape = self._shape[0] + len(embeddings), self._shape[1]
        self.file.write(np.ascontiguousarray(embeddings).data)

    def close(self) -> None:
        """Say how many rows there are: the header leaves room for any number of them."""
        end = self.file.tell()
        self.file.seek(0)
        self._header()
        self.file.seek(max(end, self.file.tell()))

    def _header(self) -> None:
        facts = {"descr": np.lib.format.dtype_to_descr(self._dtype), "fortran_order": False, "shape": self._shape}
        np.lib.format.write_array_header_1_0(self.file, facts)


class JsonlWriter(Writer):
    """A line ``{"text": ..., "embedding": [...]}`` a text."""

    def write(self, embeddings: AnyArray, texts: Sequence[str]) -> None:  # noqa: D102
        write_jsonl(self.file, embeddings, texts)


class ParquetWriter(Writer):
    """A table with the columns ``text`` and ``embedding``, the latter of lists of one length; a row group a part.

    Raises:
        MissingDependencyError: it is written with pyarrow, which is an extra.
    """

    def __init__(self, file: IO[bytes]) -> None:
        super().__init__(file)
        self._pa, self._pq = _pyarrow()
        self._writer: Any = None

    def write(self, embeddings: AnyArray, texts: Sequence[str]) -> None:  # noqa: D102
        pa = self._pa
        flat = pa.array(np.ascontiguousarray(embeddings).reshape(-1))
        vectors = pa.FixedSizeListArray.from_arrays(flat, embeddings.shape[1])
        # large_string: the texts of a big corpus are more than the 2 GB that plain strings can hold.
        table = pa.table({"text": pa.array(texts, pa.large_string()), "embedding": vectors})
        if self._writer is None:
            self._writer = self._pq.ParquetWriter(self.file, table.schema)
        self._writer.write_table(table)

    def close(self) -> None:
        """Write the table's end."""
        if self._writer is not None:
            self._writer.close()


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
    check_output(path)
    if embeddings.ndim != 2 or len(embeddings) != len(texts):
        raise InputError(
            f"embeddings must have one row for each of the {len(texts)} texts; got the shape {embeddings.shape}."
        )
    with open_writer(path) as writer:
        writer.write(embeddings, texts)
    return path


@contextmanager
def open_writer(path: Path) -> Iterator[Writer]:
    """A file that takes embeddings part by part; it is there whole after the ``with`` block, or not at all.

    Raises:
        DataError: the suffix is not known, or the file cannot be written.
        MissingDependencyError: Parquet is written with pyarrow, which is an extra.
    """
    kind = check_output(path)
    with atomic_write(path) as file:
        writer = kind(file)
        yield writer
        writer.close()


def check_output(path: Path) -> Callable[[IO[bytes]], Writer]:
    """The writer for a file, so that a wrong name is told before the work and not after it.

    Raises:
        DataError: the suffix is not known, or the folder is not there.
        MissingDependencyError: the library that writes it is not installed.
    """
    suffix = path.suffix.lower()
    if suffix not in _WRITERS:
        raise DataError(f"{path} has the suffix {suffix!r}; embeddings are written to {', '.join(_WRITERS)}.")
    check_folder_of(path)
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


def _pyarrow() -> tuple[Any, Any]:
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError as error:
        raise MissingDependencyError("pyarrow", "write Parquet files", "parquet") from error
    return pa, pq


_WRITERS: dict[str, Callable[[IO[bytes]], Writer]] = {
    ".npy": NpyWriter,
    ".jsonl": JsonlWriter,
    ".parquet": ParquetWriter,
}
