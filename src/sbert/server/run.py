"""Running the application: a socket, and a stop that finishes what was taken."""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from types import FrameType

import uvicorn
from starlette.applications import Starlette

from ..errors import SbertError
from .door import access
from .lane import THREADS
from .state import State

#: Seconds that threads have to come to their end when all is closed.
_MOMENT = 1.0


class _Server(uvicorn.Server):
    """uvicorn's server, which on SIGTERM or Ctrl-C first lets the application finish.

    It goes on listening meanwhile: what is new gets a 503 instead of a closed door, and ``/ready`` tells a load
    balancer why. A second signal ends it at once.
    """

    def __init__(self, config: uvicorn.Config, state: State, tell: Callable[[str], None]) -> None:
        super().__init__(config)
        self._state, self._tell = state, tell
        self._until: float | None = None

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:  # noqa: ARG002  (uvicorn's signature)
        if self._until is not None:
            self.should_exit = self.force_exit = True
            return
        # Not noted as uvicorn does, which would die of the signal after a stop that went well.
        self._state.stopping = True
        self._until = time.monotonic() + self._state.limits.timeout
        self._tell(f"{signal.Signals(sig).name}: finishing {self._state.in_flight} requests, then stopping.")

    async def startup(self, sockets: list[object] | None = None) -> None:  # type: ignore[override]
        await super().startup(sockets)  # type: ignore[arg-type]
        for server in self.servers:
            for listening in server.sockets:
                host, port = listening.getsockname()[:2]
                shown = f"[{host}]" if ":" in host else host
                self._tell(f"Listening on http://{shown}:{port}")

    async def on_tick(self, counter: int) -> bool:
        if self._until is not None and (not self._state.in_flight or time.monotonic() > self._until):
            self.should_exit = True
        return await super().on_tick(counter)


def run(app: Starlette, host: str, port: int, *, log: bool, tell: Callable[[str], None]) -> None:
    """Serve an application of :func:`create_app` until a signal ends it.

    Args:
        app: the application.
        host: address to listen at.
        port: to listen at; 0 for any that is free.
        log: whether each request gets a line of JSON on standard output.
        tell: told where it listens, and that it stops.

    Raises:
        SbertError: it cannot listen there.

    Where a thread does not come to its end, the process ends here, with status 1.
    """
    state: State = app.state.server
    if log:
        handler = logging.StreamHandler(sys.stdout)
        handler.setFormatter(logging.Formatter("%(message)s"))
        access.addHandler(handler)
        access.setLevel(logging.INFO)
        access.propagate = False
    config = uvicorn.Config(
        app,
        host=host,
        port=port,
        log_level="warning",
        access_log=False,
        server_header=False,
        ws="none",
        lifespan="on",
        # Longer than clients keep a connection that they have stopped using, so that none is closed in their hands.
        timeout_keep_alive=75,
        timeout_graceful_shutdown=5,
    )
    # What is there now stays. Collecting garbage would look through all of it again and again, and hold everybody up,
    # by a third of a second where torch is among it.
    gc.collect()
    gc.freeze()
    server = _Server(config, state, tell)
    try:
        server.run()
    except SystemExit as error:  # what uvicorn does where the address is taken; it has logged why
        raise SbertError(f"The server cannot listen on {host}:{port}. Choose another --port or --host.") from error
    asyncio.run(state.close())  # which a stop by a second signal has left out
    _leave(tell)


def _leave(tell: Callable[[str], None]) -> None:
    """Let the process end: Python waits for threads, also for those of a model that hangs, so it is ended for them."""
    until = time.monotonic() + _MOMENT
    stuck = []
    for thread in threading.enumerate():
        if thread.name.startswith(THREADS) and not thread.daemon:
            thread.join(max(0.0, until - time.monotonic()))
            if thread.is_alive():
                stuck.append(thread.name.removeprefix(THREADS).partition("_")[0])
    if not stuck:
        return
    tell(f"Work did not come to an end, and is left undone: {', '.join(stuck)}.")
    logging.shutdown()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(1)
