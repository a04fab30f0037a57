"""The boundary to Ray: its import, a cluster to work on, and its errors in our words."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ...errors import EngineError, InputError, MissingDependencyError, SbertError

#: The address that starts a cluster of this machine's cores, for as long as the job takes.
LOCAL = "local"


def ray() -> Any:
    """The library.

    Raises:
        MissingDependencyError: it is not installed.
    """
    # No telemetry, unless somebody asked for it; and Ray leaves accelerators to workers that ask for none of them.
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    try:
        import ray
    except ImportError as error:
        raise MissingDependencyError("ray", "spread work over several machines", "ray") from error
    return ray


def join(address: str | None) -> bool:
    """Join a cluster, or start one.

    Args:
        address: ``local`` starts one of this machine; ``auto`` joins the one that this machine belongs to;
            ``host:6379`` another. None is ``local``.

    Returns:
        Whether it is this call's to leave again: False where the process was in a cluster already, which is then used.

    Raises:
        EngineError: there is no cluster at that address.
        MissingDependencyError: Ray is not installed.
    """
    library = ray()
    if library.is_initialized():
        return False
    options: dict[str, Any] = {"log_to_driver": False, "logging_level": "ERROR"}
    if address in (None, LOCAL):
        options["include_dashboard"] = False
    with translated(f"Ray has no cluster at {address!r}" if address else "Ray cannot be started"):
        library.init(address or LOCAL, **options)
    return True


def leave() -> None:
    """Leave the cluster; one that was started for this process ends."""
    ray().shutdown()


def require_room(count: int | None, cpus: float, gpus: float) -> int:
    """How many workers of some size there can be.

    Args:
        count: that are wanted; None for all that there is room for.
        cpus: cores of each.
        gpus: accelerators of each.

    Raises:
        InputError: there is not so much room. They would wait for ever, and the shards that they were given with them.
    """
    there = ray().cluster_resources()
    rooms = [int(there.get(name, 0) // each) for name, each in (("CPU", cpus), ("GPU", gpus)) if each]
    most = min(rooms, default=count or 1)
    if most < (count or 1):
        need = f"{cpus:g} cores" + (f" and {gpus:g} accelerators" if gpus else "")
        raise InputError(
            f"{count or 1} workers of {need} each do not fit into the cluster, which has {there.get('CPU', 0):g} cores"
            + (f" and {there.get('GPU', 0):g} accelerators" if gpus else "")
            + f": there is room for {most}."
        )
    return count or most


@contextmanager
def translated(what: str) -> Iterator[None]:
    """Tell what Ray raises as an error of sbert.

    Args:
        what: went wrong, as the beginning of a sentence.
    """
    library = ray()
    try:
        yield
    except SbertError:
        raise
    except (library.exceptions.RayError, ConnectionError, RuntimeError, ValueError) as error:
        lines = [line for line in str(error).splitlines() if line.strip()]
        raise EngineError(f"{what}: {lines[0][:300] if lines else type(error).__name__}") from error
