"""A torch engine on its way to another process: its structure as bytes, its weights in a file that both map.

So weights go through no queue, and workers on one machine's processor share one copy of them in memory.
"""

from __future__ import annotations

import io
import pickle
from pathlib import Path
from typing import Any, cast

from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from .engine import TorchEngine

_WEIGHTS = "worker.safetensors"


def pack(engine: TorchEngine, folder: Path) -> bytes:
    """Write an engine's weights, as they are now, into a folder.

    Args:
        engine: is not moved or changed.
        folder: may be deleted when all that unpacked it have ended.

    Returns:
        All but the weights, for :func:`unpack` in a process that this one has started.
    """
    stream = io.BytesIO()
    pickler = _Pickler(stream, pickle.HIGHEST_PROTOCOL)
    pickler.dump(engine)
    save_file({name: tensor.detach().cpu().contiguous() for name, tensor in pickler.tensors.items()}, folder / _WEIGHTS)
    return stream.getvalue()


def unpack(packed: bytes, folder: Path) -> TorchEngine:
    """Make the engine again, on the processor. Only for bytes that come from the process that started this one."""
    with safe_open(folder / _WEIGHTS, framework="pt") as file:
        return cast("TorchEngine", _Unpickler(io.BytesIO(packed), file).load())


class _Pickler(pickle.Pickler):
    """Leaves tensors out and collects them by name."""

    def __init__(self, stream: io.BytesIO, protocol: int) -> None:
        super().__init__(stream, protocol)
        self.tensors: dict[str, Tensor] = {}
        self._names: dict[int, str] = {}
        self._storages: set[int] = set()

    def persistent_id(self, value: Any) -> tuple[str, bool] | None:
        """What stands for a tensor: its name in the file, and whether it is a parameter; the same for the same one."""
        if not isinstance(value, Tensor):
            return None
        name = self._names.setdefault(id(value), str(len(self._names)))
        if name not in self.tensors:
            storage = value.untyped_storage().data_ptr()
            # Views of one memory are stored apart, as the format asks.
            self.tensors[name] = value.detach().clone() if storage in self._storages else value
            self._storages.add(storage)
        return name, isinstance(value, nn.Parameter)


class _Unpickler(pickle.Unpickler):
    """Puts the tensors of a file where they were left out."""

    def __init__(self, stream: io.BytesIO, file: Any) -> None:
        super().__init__(stream)
        self._file = file
        self._tensors: dict[str, Tensor] = {}

    def persistent_load(self, key: tuple[str, bool]) -> Tensor:
        """The tensor of that name; the same object each time, so that tied weights stay tied."""
        name, is_parameter = key
        if name not in self._tensors:
            tensor: Tensor = self._file.get_tensor(name)
            self._tensors[name] = nn.Parameter(tensor, requires_grad=False) if is_parameter else tensor
        return self._tensors[name]


def prepare_imports() -> None:
    """Let code that came with a model be found, where the sender has loaded such code."""
    from transformers.dynamic_module_utils import init_hf_modules

    init_hf_modules()
