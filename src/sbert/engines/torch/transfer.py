"""A torch engine on its way to another process: its structure as bytes, its weights in a file that both map.

So weights go through no queue, and workers on one processor share one copy of them in memory.
"""

from __future__ import annotations

import io
import pickle
from pathlib import Path
from typing import Any, BinaryIO, cast

import torch
from torch import Tensor, nn

from .engine import TorchEngine

_WEIGHTS = "weights"

# Where a tensor begins within a cache line decides how a processor's kernels go about it, and with that the last bits
# of a result. So each begins as it did.
_LINE = 64


def pack(engine: TorchEngine, folder: Path) -> bytes:
    """Write an engine's weights, as they are now, into a folder.

    Args:
        engine: is not moved or changed.
        folder: must stay until all that unpacked it have ended.

    Returns:
        All but the weights, for :func:`unpack` in a process that this one has started.
    """
    structure = io.BytesIO()
    with (folder / _WEIGHTS).open("wb") as weights:
        _Pickler(structure, weights).dump(engine)
        weights.write(bytes(_LINE))  # a file of no length cannot be mapped
    return structure.getvalue()


def unpack(packed: bytes, folder: Path) -> TorchEngine:
    """Make the engine again, on the processor. Only for bytes that come from the process that started this one."""
    from transformers.dynamic_module_utils import init_hf_modules

    init_hf_modules()  # so that code that came with a model is found, where the sender was told to run it
    path = folder / _WEIGHTS
    weights = torch.from_file(str(path), shared=False, size=path.stat().st_size, dtype=torch.uint8)
    return cast("TorchEngine", _Unpickler(io.BytesIO(packed), weights).load())


class _Pickler(pickle.Pickler):
    """Writes tensors to a file of their own; what stands for one is where it lies there."""

    def __init__(self, structure: io.BytesIO, weights: BinaryIO) -> None:
        super().__init__(structure, pickle.HIGHEST_PROTOCOL)
        self._weights = weights
        # By identity, so that tied weights are written once; the tensors are held, so that no identity comes twice.
        self._written: dict[int, tuple[Tensor, tuple[Any, ...]]] = {}

    def persistent_id(self, value: Any) -> tuple[Any, ...] | None:
        if not isinstance(value, Tensor):
            return None
        if id(value) not in self._written:
            self._written[id(value)] = value, (*self._write(value.detach()), isinstance(value, nn.Parameter))
        return self._written[id(value)][1]

    def _write(self, tensor: Tensor) -> tuple[int, int, torch.dtype, torch.Size]:
        line = tensor.data_ptr() % _LINE if tensor.device.type == "cpu" else 0
        data = tensor.cpu().contiguous().flatten().view(torch.uint8).numpy()
        self._weights.write(bytes((line - self._weights.tell()) % _LINE))
        start = self._weights.tell()
        self._weights.write(data.data)
        return start, len(data), tensor.dtype, tensor.shape


class _Unpickler(pickle.Unpickler):
    """Puts the tensors of a mapped file where they were left out."""

    def __init__(self, structure: io.BytesIO, weights: Tensor) -> None:
        super().__init__(structure)
        self._weights = weights
        self._made: dict[tuple[Any, ...], Tensor] = {}

    def persistent_load(self, key: tuple[int, int, torch.dtype, torch.Size, bool]) -> Tensor:
        start, size, dtype, shape, is_parameter = key
        if key not in self._made:
            tensor = self._weights[start : start + size].view(dtype).reshape(shape)
            self._made[key] = nn.Parameter(tensor, requires_grad=False) if is_parameter else tensor
        return self._made[key]
