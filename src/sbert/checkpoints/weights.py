"""The tensors of a checkpoint, by name, read without copying where the format allows it.

Formats: ``model.safetensors``, sharded ``model.safetensors.index.json``, and ``pytorch_model.bin`` (only where torch
is installed, and only through its ``weights_only`` loader, which runs no code from the file).
"""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import CheckpointError, CorruptCheckpointError, MissingDependencyError, closest
from ..types import AnyArray
from .files import inside, read_json

SAFETENSORS = "model.safetensors"
#: A network in int8: under a name of its own, since other readers would take its bytes for numbers.
SAFETENSORS_INT8 = "model.int8.safetensors"
SAFETENSORS_INDEX = "model.safetensors.index.json"
PYTORCH = "pytorch_model.bin"
PYTORCH_INDEX = "pytorch_model.bin.index.json"

# numpy has no bfloat16: its bits are read as uint16 and widened to float32, which is exact.
_DTYPES: dict[str, np.dtype[Any]] = {
    "F64": np.dtype("<f8"), "F32": np.dtype("<f4"), "F16": np.dtype("<f2"), "BF16": np.dtype("<u2"),
    "I64": np.dtype("<i8"), "I32": np.dtype("<i4"), "I16": np.dtype("<i2"), "I8": np.dtype("i1"),
    "U64": np.dtype("<u8"), "U32": np.dtype("<u4"), "U16": np.dtype("<u2"), "U8": np.dtype("u1"), "BOOL": np.dtype("?"),
}  # fmt: skip


#: Patterns of every file that weights are read from; what a reader would prefer must not be left over from before.
WEIGHT_PATTERNS = ("*.safetensors", "*.safetensors.index.json", "pytorch_model*.bin", PYTORCH_INDEX)


class Weights(Mapping[str, AnyArray]):
    """A read-only mapping from a tensor's name to its array.

    Arrays of safetensors files are views of a memory map: nothing is read from the disk before it is used, and
    processes share the pages. bfloat16 tensors come as float32, since NumPy has no such type; all others as stored.

    Args:
        tensors: name to (array, safetensors dtype name) pairs.
        source: the file or folder they come from, for messages.
    """

    def __init__(self, tensors: Mapping[str, tuple[AnyArray, str]], source: Path) -> None:
        self._tensors = dict(tensors)
        self.source = source

    def __getitem__(self, name: str) -> AnyArray:
        array, dtype = self._tensors[name]
        if dtype == "BF16":
            return (array.astype(np.uint32) << 16).view(np.float32)
        return array

    def __iter__(self) -> Iterator[str]:
        return iter(self._tensors)

    def __len__(self) -> int:
        return len(self._tensors)

    def __contains__(self, name: object) -> bool:
        return name in self._tensors

    def float32(self, name: str) -> AnyArray:
        """The tensor of that name as float32; a view where it is stored so.

        Raises:
            CorruptCheckpointError: there is no such tensor.
        """
        if name not in self._tensors:
            raise CorruptCheckpointError(
                f"{self.source} has no tensor {name!r}, which its configuration calls for."
                f"{closest(name, self._tensors)} The file may belong to another model: download the folder again."
            )
        return np.asarray(self[name], dtype=np.float32)

    def shape(self, name: str) -> tuple[int, ...]:
        """Shape of the tensor of that name, without reading it."""
        return tuple(self._tensors[name][0].shape)

    @property
    def nbytes(self) -> int:
        """Size of all tensors as stored, in bytes."""
        return sum(array.nbytes for array, _ in self._tensors.values())

    @property
    def parameters(self) -> int:
        """Number of values in all tensors."""
        return sum(array.size for array, _ in self._tensors.values())


def learned(weights: Weights, beside: tuple[str, ...] = ()) -> int:
    """How many numbers of a folder's weights were learned: all but the ``position_ids`` that old checkpoints hold.

    Args:
        weights: of the folder.
        beside: endings of names of further tensors that are not counted.
    """
    endings = ("position_ids", *beside)
    return sum(math.prod(weights.shape(name)) for name in weights if not name.endswith(endings))


def weight_files(folder: Path) -> list[Path]:
    """The files that hold a folder's weights, preferring safetensors; empty where there are none.

    Raises:
        CorruptCheckpointError: an index names a shard that is missing or lies outside the folder.
    """
    for name in (SAFETENSORS, SAFETENSORS_INT8):
        if (folder / name).is_file():
            return [folder / name]
    for index in (SAFETENSORS_INDEX, PYTORCH_INDEX):
        if (folder / index).is_file():
            shards = sorted(set(read_json(folder / index).get("weight_map", {}).values()))
            paths = [inside(folder, shard) for shard in shards]
            if missing := [path.name for path in paths if not path.is_file()]:
                raise CorruptCheckpointError(f"{folder / index} names {missing[0]!r}, which is not in the folder.")
            return paths
        if index == SAFETENSORS_INDEX and (folder / PYTORCH).is_file():
            return [folder / PYTORCH]
    return []


def open_weights(folder: Path) -> Weights:
    """Open a folder's weights, whatever their format.

    Raises:
        CheckpointError: the folder holds no weights in a format that is read.
        CorruptCheckpointError: a file is damaged.
        MissingDependencyError: the weights are a ``.bin`` file and torch is not installed.
    """
    files = weight_files(folder)
    if not files:
        raise CheckpointError(
            f"{folder} holds no weights: looked for {SAFETENSORS}, {SAFETENSORS_INDEX} and {PYTORCH}. "
            "Download the whole model folder, or save it again with save_pretrained."
        )
    tensors: dict[str, tuple[AnyArray, str]] = {}
    for path in files:
        tensors |= _tensors(path)
    return Weights(tensors, files[0] if len(files) == 1 else folder)


def open_file(path: Path) -> Weights:
    """Open one file of weights.

    Raises:
        CorruptCheckpointError: it is damaged.
        MissingDependencyError: it is a ``.bin`` file and torch is not installed.
    """
    return Weights(_tensors(path), path)


def save_tensors(tensors: Mapping[str, AnyArray], path: Path, tied: Mapping[str, str] | None = None) -> None:
    """Write tensors to a safetensors file, marked as torch's layout, which readers of networks ask for.

    Args:
        tensors: by name.
        path: the file.
        tied: further names of tensors, and the names that those are written by.
    """
    from safetensors.numpy import save_file

    path.touch()
    mode = path.stat().st_mode
    save_file(
        {name: np.ascontiguousarray(tensor) for name, tensor in tensors.items()},
        path,
        metadata={"format": "pt", **(tied or {})},
    )
    path.chmod(mode)  # the library's files are their owner's alone; a model is for whoever may read its folder


def _tensors(path: Path) -> dict[str, tuple[AnyArray, str]]:
    return _map_safetensors(path) if path.suffix == ".safetensors" else _load_pickled(path)


def _map_safetensors(path: Path) -> dict[str, tuple[AnyArray, str]]:
    """Map one safetensors file (https://huggingface.co/docs/safetensors: 8 bytes of length, JSON header, data)."""
    from safetensors import SafetensorError, safe_open

    try:
        # The library checks the header: offsets in order, in bounds, matching shapes. The views are made here
        # because its NumPy door copies each tensor.
        with safe_open(path, framework="numpy") as file:
            metadata: dict[str, str] = file.metadata() or {}
    except (SafetensorError, OSError, ValueError) as error:
        raise CorruptCheckpointError(
            f"{path} is not a readable safetensors file ({error}). It may be cut short or be a Git LFS pointer: "
            "download it again."
        ) from error
    # Copy-on-write: runtimes that share memory ask for writable arrays, and the file still cannot be changed.
    data = np.memmap(path, mode="c", dtype=np.uint8)
    (header_length,) = struct.unpack("<Q", data[:8].tobytes())
    header: dict[str, Any] = json.loads(data[8 : 8 + header_length].tobytes())
    start = 8 + header_length
    tensors: dict[str, tuple[AnyArray, str]] = {}
    for name, entry in header.items():
        if name == "__metadata__":
            continue
        dtype = _DTYPES.get(entry["dtype"])
        if dtype is None:
            raise CorruptCheckpointError(f"{path}: tensor {name!r} has dtype {entry['dtype']}, which is not read here.")
        begin, end = entry["data_offsets"]
        flat: AnyArray = data[start + begin : start + end].view(np.ndarray)
        # Offsets need not be aligned to the item size; an unaligned view would be refused, so it is copied.
        if (start + begin) % dtype.itemsize:
            flat = flat.copy()
        tensors[name] = (flat.view(dtype).reshape(entry["shape"]), entry["dtype"])
    # Tied tensors are stored once; the metadata says which name stands for which.
    tensors |= {alias: tensors[name] for alias, name in metadata.items() if name in tensors and alias not in tensors}
    return tensors


def _load_pickled(path: Path) -> dict[str, tuple[AnyArray, str]]:
    """Read a ``.bin`` file through torch's loader that allows tensors only."""
    try:
        import torch
    except ImportError as error:
        raise MissingDependencyError("torch", f"read {path.name}, whose format is torch's own", "torch") from error
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # torch raises many kinds here: pickle, zip, runtime, unicode errors
        raise CorruptCheckpointError(f"{path} cannot be read as plain tensors ({error}).") from error
    if not isinstance(state, dict):
        raise CorruptCheckpointError(f"{path} holds a {type(state).__name__}; a dict of tensors was expected.")
    tensors: dict[str, tuple[AnyArray, str]] = {}
    for name, tensor in state.items():
        if isinstance(tensor, torch.Tensor):
            half = tensor.dtype == torch.bfloat16
            tensors[name] = (tensor.view(torch.uint16).numpy() if half else tensor.numpy(), "BF16" if half else "")
    return tensors
