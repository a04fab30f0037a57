"""Compiled graphs, kept so that a model in int8 starts sooner.

What is kept is OpenVINO's own form of a graph that it has optimised for this processor: reading it back takes half the
time of making it again where layers are in int8, and no less for floats, which are therefore not kept. A blob is named
by a hash of all that it was made from, and used only where its checksum is right: the runtime does not check it.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import secrets
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from ...checkpoints.names import cache_folder
from ...version import __version__
from .runtime import core, cpu_capabilities, runtime_version

_CHECKSUM_BYTES = 32


def kept_or_compiled(facts: Mapping[str, Any], options: Mapping[str, Any], compiled: Callable[[], Any]) -> Any:
    """A compiled graph: from the cache, else compiled now and kept.

    A blob that is damaged, or a cache that cannot be written, costs the time of compiling and nothing else.

    Args:
        facts: all that the graph is made from, as plain values; versions and processor are added.
        options: the runtime's options for it.
        compiled: compiles it.
    """
    path = cache_folder() / "compiled" / f"{_key(facts, options)}.blob"
    blob = _read(path)
    if blob is not None:
        with suppress(RuntimeError):  # what the runtime does not take after all is made anew
            return core().import_model(io.BytesIO(blob), "CPU", dict(options))
    graph = compiled()
    with suppress(OSError):  # a cache that cannot be written has been told of when int8 weights were to be kept
        _write(path, graph)
    return graph


def _key(facts: Mapping[str, Any], options: Mapping[str, Any]) -> str:
    everything = dict(facts) | {
        "options": dict(options),
        "sbert": __version__,
        "openvino": runtime_version(),
        "processor": [str(core().get_property("CPU", "FULL_DEVICE_NAME")), *sorted(cpu_capabilities())],
        "cores": os.cpu_count(),
    }
    return hashlib.sha256(json.dumps(everything, sort_keys=True, default=str).encode()).hexdigest()[:32]


def _read(path: Path) -> bytes | None:
    try:
        content = path.read_bytes()
    except OSError:
        return None
    checksum, blob = content[:_CHECKSUM_BYTES], content[_CHECKSUM_BYTES:]
    return blob if hashlib.sha256(blob).digest() == checksum else None


def _write(path: Path, graph: Any) -> None:
    stream = io.BytesIO()
    graph.export_model(stream)
    blob = stream.getbuffer()
    path.parent.mkdir(parents=True, exist_ok=True)
    scratch = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}.tmp")
    try:
        with scratch.open("xb") as file:
            file.write(hashlib.sha256(blob).digest())
            file.write(blob)
        scratch.replace(path)
    finally:
        scratch.unlink(missing_ok=True)
