"""The OpenVINO runtime: imported without its telemetry, one core for the process."""

from __future__ import annotations

import ctypes
import functools
import os
import sys
import threading
import weakref
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...errors import EngineError
from ...types import AnyArray

_lock = threading.RLock()
#: Held while a graph runs a batch of a shape for the first time. The runtime makes its kernels for a shape then, and of
#: two threads that make the same ones at the same time, one may keep broken ones: in a process that began with two long
#: texts at once, one time in ten every other long text got a vector that had nothing to do with it.
first_runs = threading.RLock()
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


def runtime_version() -> str:
    """The version of OpenVINO, with its build."""
    return str(import_openvino().get_version())


@functools.cache
def cpu_capabilities() -> frozenset[str]:
    """What the processor computes natively, in OpenVINO's words: ``FP32``, ``BF16``, ``INT8`` ..."""
    return frozenset(core().get_property("CPU", "OPTIMIZATION_CAPABILITIES"))


#: Threads of a graph at the most; None for a thread a core. A list, so that it is one for all who import it.
_threads: list[int | None] = [None]


def limit_threads(count: int) -> None:
    """Let graphs that are compiled from now on use so many threads, where a process has a part of the machine.

    Vectors do not depend on it.
    """
    _threads[0] = count


def options_for(precision: str, streams: int = 1) -> dict[str, Any]:
    """The runtime's options for a graph.

    Args:
        precision: ``f32`` or ``bf16``.
        streams: 1 lets all cores work on one batch, which answers soonest. More run that many batches at once, one
            thread each, which gets most done, since threads never wait for one another.
    """
    way: dict[str, Any] = {"PERFORMANCE_HINT": "LATENCY"}
    if _threads[0] is not None:
        way["INFERENCE_NUM_THREADS"] = _threads[0]
    if streams > 1:
        way = {"NUM_STREAMS": streams, "INFERENCE_NUM_THREADS": streams}
    # A thread that may not leave its core waits for whoever else computes there, and the others wait for it: on a busy
    # machine a short text took up to 2.7 times as long.
    return {"INFERENCE_PRECISION_HINT": precision, "ENABLE_CPU_PINNING": False} | way


def compile_for_cpu(model: Any, options: dict[str, Any]) -> Any:
    """Compile a graph, an ``openvino.Model``, for this processor.

    Raises:
        EngineError: OpenVINO refused.
    """
    try:
        return core().compile_model(model, "CPU", options)
    except RuntimeError as error:
        raise EngineError(f"OpenVINO could not compile the model: {error}") from error


def native_precision() -> str:
    """What layers that are not in int8 are computed in: ``bf16`` where the processor has it, else ``f32``."""
    return "bf16" if "BF16" in cpu_capabilities() else "f32"


@dataclass(frozen=True)
class RunOnce:
    """A compiled graph for a job of one thread that is over soon, such as calibration.

    Args:
        names: names of its inputs, in order.
        call: takes the inputs, gives the outputs.
    """

    names: Sequence[str]
    call: Callable[[Sequence[AnyArray]], Any]

    def __call__(self, feeds: Sequence[AnyArray]) -> list[AnyArray]:
        """The outputs for some inputs, owned by the caller."""
        with first_runs:  # its shapes are few, and mostly new
            outputs = self.call(feeds)
        return [np.array(outputs[number], dtype=np.float32) for number in range(len(outputs))]


def run_once(model: Any, precision: str) -> RunOnce:
    """Compile a graph to be run now and then forgotten; errors as in :func:`compile_for_cpu`."""
    compiled = compile_for_cpu(model, options_for(precision))
    return RunOnce([port.get_any_name() for port in compiled.inputs], compiled)


@functools.cache
def computes_int8() -> bool:
    """Whether this processor multiplies bytes without overflow, found out by one product.

    Processors without VNNI or the like add pairs of products in 16 bits, which saturates: here 2 times 255 times 127.
    """
    if "INT8" not in cpu_capabilities():
        return False
    from .graph import constant, op

    width = 64
    x = op.parameter([-1, width], np.float32, "x")
    zero, top = constant(np.float32(0)), constant(np.float32(255))
    codes = op.convert(constant(np.full((width, width), 127, np.int8)), "f32")
    weights = op.multiply(codes, constant(np.ones((width, 1), np.float32)))
    product = op.matmul(op.fake_quantize(x, zero, top, zero, top, 256), weights, False, True)
    run = run_once(import_openvino().Model([product], [x], "probe"), "f32")
    return bool((run([np.full((16, width), 255, np.float32)])[0] == width * 255 * 127).all())


def leave_at_fork(holder: Any) -> None:
    """Note an object that holds parts of the runtime with threads: a forked child never clears it away.

    To destroy them there would be to wait for threads that do not exist, at the latest when the child ends.
    """
    _with_threads.add(holder)


def _in_child() -> None:
    global _lock, first_runs
    _lock, first_runs = threading.RLock(), threading.RLock()
    left = [*_with_threads, *([_core()] if _core.cache_info().currsize else [])]
    for holder in left:
        ctypes.pythonapi.Py_IncRef(ctypes.py_object(holder))  # one reference that nobody gives back
    _core.cache_clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_in_child)
