"""Where torch computes, and in which numbers."""

from __future__ import annotations

import os

import torch

from ...errors import InputError, one_of

#: Kinds of device that are looked for, the best first.
_PREFERRED = ("cuda", "mps", "npu", "xpu")

DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}
#: The dtype that the checkpoint was saved in.
AUTO = "auto"


def choose_device(device: str | torch.device | None = None) -> torch.device:
    """The device of that name, or the best there is.

    Args:
        device: in torch's words: ``cpu``, ``cuda``, ``cuda:1``, ``mps`` ...; None for the first of cuda, mps, npu and
            xpu that is there, else the processor. Of several of a kind, a process that torchrun started gets the one
            that its ``LOCAL_RANK`` names.

    Raises:
        InputError: torch knows no such device, or it is not there.
    """
    if device is None:
        kind = next((kind for kind in _PREFERRED if _count(kind)), None)
        if kind is None:
            return torch.device("cpu")
        rank = int(os.environ.get("LOCAL_RANK", "-1"))
        return torch.device(kind, rank) if 0 <= rank < _count(kind) else torch.device(kind)
    try:
        found = torch.device(device)
    except RuntimeError as error:
        raise InputError(f"device must be one that torch knows, such as 'cpu' or 'cuda:0'; got {device!r}.") from error
    if found.type in _PREFERRED and (found.index or 0) >= _count(found.type):
        there = f"this machine has {_count(found.type)} of that kind" if _count(found.type) else "torch sees none here"
        raise InputError(f"device {str(device)!r} cannot be used: {there}. Use another, or leave it out.")
    return found


def all_devices() -> list[str]:
    """Every accelerator of the best kind that is there, such as ``cuda:0`` and ``cuda:1``; else the processor."""
    kind = next((kind for kind in _PREFERRED if _count(kind)), None)
    return ["cpu"] if kind is None else [f"{kind}:{number}" for number in range(_count(kind))]


def choose_dtype(dtype: str | torch.dtype, argument: str = "dtype") -> torch.dtype | str:
    """The dtype of that name; ``"auto"`` stays as it is.

    Args:
        dtype: ``float32``, ``bfloat16``, ``float16`` or ``auto``, with or without torch's prefix.
        argument: what it was given as, for the message.

    Raises:
        InputError: it is none of these.
    """
    name = str(dtype).removeprefix("torch.")
    if name == AUTO:
        return AUTO
    if name not in DTYPES:
        raise one_of(argument, name, (*DTYPES, AUTO))
    return DTYPES[name]


def dtype_name(dtype: torch.dtype) -> str:
    """The name of a dtype without torch's prefix."""
    return str(dtype).removeprefix("torch.")


def _count(kind: str) -> int:
    """How many devices of a kind can be used now."""
    if kind == "mps":
        return int(torch.backends.mps.is_available())
    backend = getattr(torch, kind, None)  # npu is there only when its own package has been imported
    return int(backend.device_count()) if backend is not None and backend.is_available() else 0
