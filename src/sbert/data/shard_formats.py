"""The forms of a shard: how the vectors of some texts are written to a file and mapped again."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np

from ..checkpoints.weights import open_file
from ..errors import CheckpointError, DataError, MissingDependencyError, one_of
from ..types import AnyArray
from .writers import NpyWriter, ParquetWriter, Writer

#: Name of the tensor in a safetensors shard.
TENSOR = "embeddings"
_REPAIR = "Run the job that made it again: it makes anew what is damaged."
_SAFETENSORS_TYPES = {"float32": "F32", "int8": "I8", "uint8": "U8"}


@dataclass(frozen=True)
class ShardFormat:
    """One form of a shard.

    Args:
        name: what users call it; also the file's suffix.
        writer: puts the vectors, and the texts where it keeps them, into an open file; the same bytes each time.
        read: the vectors of a file, (n, d); mapped where the form allows it.
        keeps_texts: whether the texts are in the file too.
    """

    name: str
    writer: Callable[[IO[bytes]], Writer]
    read: Callable[[Path], AnyArray]
    keeps_texts: bool = False


def shard_format(name: str) -> ShardFormat:
    """The form of that name.

    Raises:
        InputError: there is none.
    """
    if name not in _FORMATS:
        raise one_of("format", name, _FORMATS)
    return _FORMATS[name]


class _SafetensorsWriter(Writer):
    """One tensor, in one part."""

    def write(self, embeddings: AnyArray, texts: Sequence[str]) -> None:  # noqa: ARG002
        array = np.ascontiguousarray(embeddings)
        kind, shape = _SAFETENSORS_TYPES[array.dtype.name], list(array.shape)
        # By hand, since the library's own function makes a copy of everything in memory first.
        header = json.dumps({TENSOR: {"dtype": kind, "shape": shape, "data_offsets": [0, array.nbytes]}}).encode()
        header += b" " * (-len(header) % 8)
        self.file.write(len(header).to_bytes(8, "little"))
        self.file.write(header)
        self.file.write(array.data)


def _read_npy(path: Path) -> AnyArray:
    array: AnyArray = np.load(path, mmap_mode="r", allow_pickle=False)
    return array


def _read_safetensors(path: Path) -> AnyArray:
    return open_file(path)[TENSOR]


def _read_parquet(path: Path) -> AnyArray:
    column = parquet_column(path, "embedding")
    width = column.type.list_size
    flat: AnyArray = column.combine_chunks().flatten().to_numpy()
    return flat.reshape(-1, width)


def parquet_column(path: Path, name: str) -> Any:
    """A column of a Parquet file, as pyarrow has it.

    Raises:
        MissingDependencyError: pyarrow is not installed.
    """
    try:
        import pyarrow.parquet as pq
    except ImportError as error:
        raise MissingDependencyError("pyarrow", f"read {path}, a Parquet file", "parquet") from error
    return pq.read_table(path, columns=[name])[name]


def read_vectors(path: Path, form: ShardFormat, rows: int, width: int, dtype: str) -> AnyArray:
    """The vectors of a shard, checked against what the manifest says of it.

    Raises:
        DataError: the file is missing, damaged, or holds something else.
    """
    try:
        vectors = form.read(path)
    except MissingDependencyError:
        raise
    except (OSError, ValueError, KeyError, EOFError, CheckpointError) as error:
        raise DataError(
            f"{path} cannot be read as a shard ({error}). Encode again into its folder to repair it."
        ) from error
    if vectors.shape != (rows, width) or vectors.dtype.name != dtype:
        raise DataError(
            f"{path} holds {vectors.dtype} vectors of the shape {vectors.shape}; its manifest says {dtype} and "
            f"{(rows, width)}. {_REPAIR}"
        )
    return vectors


_FORMATS = {
    form.name: form
    for form in (
        ShardFormat("npy", NpyWriter, _read_npy),
        ShardFormat("parquet", ParquetWriter, _read_parquet, keeps_texts=True),
        ShardFormat("safetensors", _SafetensorsWriter, _read_safetensors),
    )
}
