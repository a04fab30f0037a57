"""The OpenVINO runtime: imported without its telemetry, one core for the process."""

from __future__ import annotations

import ctypes
import functools
import os
import sys
import threading
import weakref
from typing import Any

from ...errors import EngineError
from ...process import forks

_lock = threading.RLock()
# What a child must neither use nor clear away.
_with_threads: weakref.WeakSet[Any] = weakref.WeakSet()


def import_openvino() -> Any:
    """The ``openvino`` module, kept from reporting that it was imported.

    Importing it sends a usage event through the package ``openvino_telemetry`` where that is installed (it is a
    dependency). While the import runs, that name is blocked, so OpenVINO falls back to its own stub that sends nothing.
    """
    with _lock:  # another thread must not see the module half imported
        return sys.modules["openvino"] if "openvino" in sys.modules else _import_blocked()


def _import_blocked() -> Any:
    blocked = "openvino_telemetry"
    before = sys.modules.get(blocked)
    sys.modules[blocked] = None  # type: ignore[assignment]  # None makes "import" raise ImportError
    try:
        import openvino
    finally:
        if before is None:
            del sys.modules[blocked]
        else:
            sys.modules[blocked] = before
    return openvino


def core() -> Any:
    """The process's ``openvino.Core``."""
    with _lock:  # or two threads would make one each
        return _core()


@functools.cache
def _core() -> Any:
    return import_openvino().Core()


@functools.cache
def cpu_capabilities() -> frozenset[str]:
    """What the processor computes natively, in OpenVINO's words: ``FP32``, ``BF16``, ``INT8`` ..."""
    return frozenset(core().get_property("CPU", "OPTIMIZATION_CAPABILITIES"))


def compile_for_cpu(model: Any, precision: str, streams: int = 1) -> Any:
    """Compile a graph for this processor.

    Args:
        model: an ``openvino.Model``.
        precision: ``f32`` or ``bf16``.
        streams: 1 lets all cores work on one batch, which answers soonest. More run that many batches at once, one
            thread each, which gets most done: threads never wait for one another, nor for a core that others use.

    Raises:
        EngineError: OpenVINO refused.
    """
    way: dict[str, Any] = {"PERFORMANCE_HINT": "LATENCY"}
    if streams > 1:
        way = {"NUM_STREAMS": streams, "INFERENCE_NUM_THREADS": streams, "ENABLE_CPU_PINNING": False}
    if forks():
        # Or every child of one process would hold its threads to the same cores.
        way["ENABLE_CPU_PINNING"] = False
    try:
        return core().compile_model(model, "CPU", {"INFERENCE_PRECISION_HINT": precision} | way)
    except RuntimeError as error:
        raise EngineError(f"OpenVINO could not compile the model: {error}") from error


def leave_at_fork(holder: Any) -> None:
    """Note an object that holds parts of the runtime with threads: a forked child never clears it away.

    To destroy them there would be to wait for threads that do not exist, at the latest when the child ends.
    """
    _with_threads.add(holder)


def _in_child() -> None:
    global _lock
    _lock = threading.RLock()
    left = [*_with_threads, *([_core()] if _core.cache_info().currsize else [])]
    for holder in left:
        ctypes.pythonapi.Py_IncRef(ctypes.py_object(holder))  # one reference that nobody gives back
    _core.cache_clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_in_child)
