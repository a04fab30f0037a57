"""A process that computes batches for another one: what runs in it, and how it is told what to do.

It is started as a new Python that imports this module, not through ``multiprocessing``: nothing of the user's script
runs in it, so scripts need no ``__main__`` guard and notebooks work. The two talk through its standard input and
output; messages are pickles, which only the process that started it can send. When that one ends, however it ends, the
input closes and the worker ends too.
"""

from __future__ import annotations

import os
import pickle
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from queue import SimpleQueue
from typing import Any, BinaryIO, cast

from .. import errors
from ..errors import EngineError, SbertError
from ..text import Batch
from ..types import FloatArray

# Modules must be found as they are here, also where a path was added by hand.
_START = (
    "import pickle, sys; sys.path[:] = pickle.load(sys.stdin.buffer); "
    "from sbert.models.worker import main; main(sys.stdin.buffer)"
)


#: Number of a worker's first reply.
UP = -1


@dataclass(frozen=True)
class Setup:
    """What a worker starts with.

    Args:
        packed: the engine, as :func:`sbert.engines.torch.transfer.pack` gives it.
        folder: where its weights lie.
        device: where it computes.
        threads: threads of a forward pass on the processor.
    """

    packed: bytes
    folder: Path
    device: str
    threads: int


@dataclass(frozen=True)
class Request:
    """A batch to compute: ``method`` is the engine's, ``embed`` or ``embed_tokens``."""

    number: int
    method: str
    batch: Batch


@dataclass(frozen=True)
class Reply:
    """What came of a request: an array, or the kind and message of an error.

    The first, numbered :data:`UP`, says that the worker is ready, with its budget of tokens.
    """

    number: int
    result: FloatArray | int | None
    error: tuple[str, str] | None = None

    def value(self, who: str) -> Any:
        """The result.

        Raises:
            SbertError: there is none; the error is of the kind that the worker met.
        """
        if self.error is None:
            return self.result
        raise error_elsewhere(*self.error, who)


def error_elsewhere(kind: str, message: str, who: str) -> SbertError:
    """An error that another process met, as one of this process.

    Args:
        kind: name of its class; one that is not of sbert becomes an ``EngineError``.
        message: what it says.
        who: met it.
    """
    known = getattr(errors, kind, None)
    if not isinstance(known, type) or not issubclass(known, SbertError):
        known, message = EngineError, f"{kind}: {message}"
    error = known.__new__(known)
    Exception.__init__(error, f"{message} ({who})")
    return error


class Worker:
    """The other end of a worker, held by the process that started it."""

    def __init__(self, number: int, device: str) -> None:
        self.number, self.device = number, device
        self.process = subprocess.Popen([sys.executable, "-c", _START], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self._requests = cast("BinaryIO", self.process.stdin)
        self._replies = cast("BinaryIO", self.process.stdout)
        self._sending = threading.Lock()
        self.send([str(Path(entry).resolve()) if entry else str(Path.cwd()) for entry in sys.path])

    def __str__(self) -> str:
        return f"worker {self.number} on {self.device}"

    def send(self, message: object) -> None:
        """Pass on a message.

        Raises:
            EngineError: the worker has died.
        """
        try:
            with self._sending:
                pickle.dump(message, self._requests, pickle.HIGHEST_PROTOCOL)
                self._requests.flush()
        except (OSError, ValueError) as error:  # ValueError: the pipe was closed by stop()
            raise self._dead() from error

    def receive(self) -> Reply:
        """Wait for the next reply.

        Raises:
            EngineError: the worker has died.
        """
        try:
            reply: Reply = pickle.load(self._replies)  # noqa: S301  (from a process that this one has started)
        except (EOFError, OSError, ValueError, pickle.UnpicklingError) as error:
            self._replies.close()
            raise self._dead() from error
        return reply

    def stop(self, patience: float = 5.0) -> None:
        """End it: it finishes what it is at, if that takes no longer than some seconds."""
        with suppress(OSError):  # it is dead, and something was left to send
            self._requests.close()
        try:
            self.process.wait(patience)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def _dead(self) -> EngineError:
        try:
            code = self.process.wait(5.0)
        except subprocess.TimeoutExpired:
            return EngineError(f"The {self} no longer answers. Stop the pool and start another.")
        reason = f"signal {-code}" if code < 0 else f"exit code {code}"
        hint = " The system may have run out of memory." if code == -9 else ""
        return EngineError(f"The {self} has died ({reason}).{hint} Stop the pool and start another.")


def main(requests: BinaryIO) -> None:
    """What runs in the worker: make the engine, then answer requests until there are no more."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the process that started this one
    replies = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what libraries print must not come between the replies
    with suppress(BrokenPipeError, EOFError):  # the other process has ended
        _serve(requests, replies)
    os._exit(0)  # no clearing up that could hang: nothing here outlives the process


def _serve(requests: BinaryIO, replies: BinaryIO) -> None:
    def answer(number: int, compute: Callable[[], Any]) -> None:
        try:
            reply = Reply(number, compute())
        except Exception as failure:  # whatever it is, the other process must hear of it
            reply = Reply(number, None, (type(failure).__name__, str(failure)))
        pickle.dump(reply, replies, pickle.HIGHEST_PROTOCOL)
        replies.flush()

    engine: Any = None

    def start() -> int:
        nonlocal engine
        engine = _engine(pickle.load(requests))  # noqa: S301  (from the process that started this one)
        return int(engine.token_budget)

    answer(UP, start)
    inbox: SimpleQueue[Request | None] = SimpleQueue()
    # Read all the time, so that the sender never waits for this process while this one waits for the sender.
    threading.Thread(target=_read, args=(requests, inbox), daemon=True).start()
    while (request := inbox.get()) is not None:
        answer(request.number, partial(getattr(engine, request.method), request.batch))


def _engine(setup: Setup) -> Any:
    import torch

    from ..engines.torch.transfer import unpack

    torch.set_num_threads(setup.threads)
    return unpack(setup.packed, setup.folder).to(setup.device)


def _read(requests: BinaryIO, inbox: SimpleQueue[Request | None]) -> None:
    try:
        while True:
            inbox.put(pickle.load(requests))  # noqa: S301  (from the process that started this one)
    except Exception:  # the pipe has ended, in the midst of a message perhaps
        inbox.put(None)
