"""Which engine runs a model, when the user leaves it open."""

from __future__ import annotations

import importlib.util
import platform
import sys
import warnings
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from ..checkpoints import ModelSpec
from ..errors import InputError, MissingDependencyError, SbertWarning, UnsupportedModelError, one_of
from .base import Engine

BACKENDS = ("auto", "openvino", "torch", "static")

# Device files that a driver makes: with none of them there is no accelerator to ask torch about, and asking takes
# seconds, since torch must be imported for it.
_ACCELERATOR_FILES = ("/dev/nvidiactl", "/dev/nvidia0", "/dev/kfd", "/dev/davinci0", "/dev/dxg", "/proc/driver/nvidia")


def make_engine(
    spec: ModelSpec,
    *,
    backend: str = "auto",
    device: str | None = None,
    dtype: str | None = None,
    model_kwargs: dict[str, Any] | None = None,
    config_kwargs: dict[str, Any] | None = None,
    trust_remote_code: bool = False,
    calibrate: Iterable[str] | None = None,
) -> Engine:
    """Choose and make the engine for a model.

    With ``backend="auto"``: the static engine for a static model; torch where it is installed and an accelerator is
    there or was asked for; else OpenVINO where it knows the model; else torch.

    Args:
        spec: the model.
        backend: ``auto``, ``openvino``, ``torch`` or ``static``.
        device: where to compute; None for the best there is.
        dtype: what to compute in; None for what the weights are stored in: int8 where they are that, else float32.
        model_kwargs: passed to transformers by the torch engine; with any but a dtype, ``auto`` chooses torch.
        config_kwargs: changes to the network's configuration, for the torch engine.
        trust_remote_code: whether code that comes with the model may run, in the torch engine.
        calibrate: texts for int8.

    Raises:
        UnsupportedModelError: no installed engine runs it; the message names the architecture and what to install.
        InputError: the backend is not known, or cannot use the device or the dtype; or ``calibrate`` without int8.
        EngineError: int8 loses too much of this model.
    """
    if backend not in BACKENDS:
        raise one_of("backend", backend, BACKENDS)
    options = dict(model_kwargs or {})
    named = options.pop("dtype", None) or options.pop("torch_dtype", None)
    options.pop("torch_dtype", None)
    stored = "int8" if spec.input.stored_int8 is not None else "float32"
    dtype = dtype or (str(named).removeprefix("torch.") if named is not None else stored)
    if dtype == "int8":
        backend = _int8_backend(backend)
    elif calibrate is not None:
        raise InputError(f"calibrate is for dtype='int8'; got dtype={dtype!r}. Leave one of them out.")
    on_cpu = device is None or str(device).startswith("cpu")
    if backend == "auto" and not spec.input.is_network:
        backend = _backend_of_tables(spec, on_cpu)
    if backend in ("openvino", "static") and not on_cpu:
        advice = "Leave device out" if backend == "static" else "Use backend='torch'"
        raise InputError(f"backend={backend!r} computes on the cpu; got device={device!r}. {advice}.")
    unused = [*options, *(config_kwargs or {})]
    if backend == "static":
        _warn_of_unused(unused, "static")
        from .static import StaticEngine

        return StaticEngine(spec, dtype)
    wants_torch = bool(options or config_kwargs or trust_remote_code) or not on_cpu
    if _torch_is_installed() and dtype in ("float16", "auto"):  # what OpenVINO does not compute in on a processor
        wants_torch = True
    if backend == "openvino" or (backend == "auto" and not wants_torch):
        from .openvino import OpenVINOEngine, why_not

        reason = why_not(spec)
        _warn_of_unused(unused, "OpenVINO")
        if backend == "openvino" or (reason is None and not (device is None and has_accelerator())):
            return OpenVINOEngine(spec, dtype, calibrate)
        if reason is not None and not _torch_is_installed():
            raise UnsupportedModelError(
                f"{spec.name or 'This model'} needs torch: the OpenVINO engine does not run it, since {reason}. "
                "Run: pip install 'sbert[torch]'"
            )
    if not _torch_is_installed():
        raise MissingDependencyError("torch with transformers", "run a model with the torch engine", "torch")
    from .torch import TorchEngine

    return TorchEngine(
        spec,
        dtype=dtype,
        device=device,
        model_kwargs=options,
        config_kwargs=config_kwargs,
        trust_remote_code=trust_remote_code,
    )


def _int8_backend(backend: str) -> str:
    """The engine that computes in int8, whatever else is installed.

    Raises:
        InputError: another one is asked for.
    """
    if backend == "torch":
        raise InputError("dtype='int8' runs on the OpenVINO engine; got backend='torch'. Leave backend out.")
    return "openvino"


def _backend_of_tables(spec: ModelSpec, on_cpu: bool) -> str:
    """The engine of a model that starts with a table of vectors or a bag of words.

    Torch where a network follows it, or another device is asked for.

    Raises:
        UnsupportedModelError: it needs torch, which is not installed.
    """
    from .static import why_not

    reason = why_not(spec)
    if reason is None and (on_cpu or not _torch_is_installed()):
        return "static"
    if not _torch_is_installed():
        raise UnsupportedModelError(
            f"{spec.name or 'This model'} needs torch: the static engine does not run it, since {reason}. "
            "Run: pip install 'sbert[torch]'"
        )
    return "torch"


def _warn_of_unused(options: list[str], engine: str) -> None:
    if options:
        warnings.warn(
            f"{', '.join(map(repr, options))} of model_kwargs or config_kwargs have no effect on the {engine} engine. "
            "Use backend='torch' where they matter.",
            SbertWarning,
            stacklevel=5,
        )


def has_accelerator() -> bool:
    """Whether torch is installed and sees a GPU or the like; torch is imported only when something hints at one."""
    if not _torch_is_installed():
        return False
    apple = sys.platform == "darwin" and platform.machine() == "arm64"
    hinted = apple or sys.platform == "win32" or any(Path(file).exists() for file in _ACCELERATOR_FILES)
    if "torch" not in sys.modules and not hinted:
        return False
    import torch

    accelerator = getattr(torch, "accelerator", None)
    if accelerator is not None:
        return bool(accelerator.is_available())
    return torch.cuda.is_available() or torch.backends.mps.is_available()


def _torch_is_installed() -> bool:
    return all(importlib.util.find_spec(name) is not None for name in ("torch", "transformers"))
