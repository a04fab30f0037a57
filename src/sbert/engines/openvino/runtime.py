"""The OpenVINO runtime: imported without its telemetry, one core for the process."""

from __future__ import annotations

import functools
import sys
from typing import Any

from ...errors import EngineError


def import_openvino() -> Any:
    """The ``openvino`` module, kept from reporting that it was imported.

    Importing it sends a usage event through the package ``openvino_telemetry`` where that is installed (it is a
    dependency). While the import runs, that name is blocked, so OpenVINO falls back to its own stub that sends nothing.
    """
    if "openvino" in sys.modules:
        return sys.modules["openvino"]
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


@functools.cache
def core() -> Any:
    """The process's ``openvino.Core``."""
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
            thread each, which gets most done, since threads never wait for one another.

    Raises:
        EngineError: OpenVINO refused.
    """
    way: dict[str, Any] = {"PERFORMANCE_HINT": "LATENCY"}
    if streams > 1:
        way = {"NUM_STREAMS": streams, "INFERENCE_NUM_THREADS": streams}
    # A thread that may not leave its core waits for whoever else computes there, and the others wait for it: on a busy
    # machine a short text takes three times as long.
    way |= {"INFERENCE_PRECISION_HINT": precision, "ENABLE_CPU_PINNING": False}
    try:
        return core().compile_model(model, "CPU", way)
    except RuntimeError as error:
        raise EngineError(f"OpenVINO could not compile the model: {error}") from error
