"""What holds for the whole process: work that many threads do at once, and forks that wait until none is being done.

A fork copies the memory of a process but of its threads only the one that forks. A lock that another thread held stays
locked in the child for ever, and a pool of threads is there in name only: the child hangs. So a fork waits here until
no forward pass and no tokeniser runs, and :func:`forks` tells those who keep threads that theirs are gone.
"""

from __future__ import annotations

import ctypes
import gc
import os
import sys
import threading
import time
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

#: How long a fork waits for work to end, in seconds; what hangs must not keep a process from forking for ever.
_PATIENCE = 30.0
#: And then for threads to fall asleep, since some may belong to the user and never do.
_SETTLING = 2.0

# The tokenizers library reads it before each use of its threads. It must be "false" in a child, where they are gone.
_TOKENIZER_THREADS = "TOKENIZERS_PARALLELISM"


class Gate:
    """Lets many threads through at once, or one that wants to be alone.

    Whoever wants to be alone goes before those who come later. A thread that is inside must not enter again.
    """

    def __init__(self) -> None:
        self._reset()
        _gates.add(self)

    def __reduce__(self) -> tuple[type[Gate], tuple[()]]:
        """Copies are new: nobody is inside them."""
        return Gate, ()

    def _reset(self) -> None:
        self._condition = threading.Condition()
        self._inside = 0
        self._closed = False

    @contextmanager
    def shared(self) -> Iterator[None]:
        """Be inside together with others."""
        with self._condition:
            self._condition.wait_for(lambda: not self._closed)
            self._inside += 1
        try:
            yield
        finally:
            with self._condition:
                self._inside -= 1
                self._condition.notify_all()

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Be inside alone."""
        self.close()
        try:
            yield
        finally:
            self.open()

    def close(self, timeout: float | None = None) -> None:
        """Let nobody in any more, and wait until all are out or the time is over, in seconds."""
        with self._condition:
            self._condition.wait_for(lambda: not self._closed)
            self._closed = True
            self._condition.wait_for(lambda: not self._inside, timeout)

    def open(self) -> None:
        """Let others in again."""
        with self._condition:
            self._closed = False
            self._condition.notify_all()


_gates: weakref.WeakSet[Gate] = weakref.WeakSet()

#: Whoever runs a network or a tokenizer is inside: then no fork happens.
WORK = Gate()

# Where Linux says what each thread of this process is doing.
_TASKS = Path("/proc/self/task")

_forks = 0
_told: str | None = None


def forks() -> int:
    """How many forks lie between the first process and this one. When it changes, threads that were there are gone."""
    return _forks


def _settle() -> None:
    """Wait until all other threads are asleep.

    Threads of a runtime go on for some milliseconds after a forward pass, looking for more to do. One that is lost in
    the midst of that is counted as busy in the child, which would wait for it for ever.
    """
    own, calm = str(threading.get_native_id()), 0
    end = time.monotonic() + _SETTLING
    while calm < 3 and time.monotonic() < end:
        calm = calm + 1 if all(_asleep(task) for task in _TASKS.iterdir() if task.name != own) else 0
        time.sleep(0.001)


def _asleep(task: Path) -> bool:
    try:
        state = (task / "stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()[0]
    except OSError:
        return True  # it has ended
    return state != "R"


def _before() -> None:
    global _told
    WORK.close(_PATIENCE)
    if _TASKS.is_dir() and "openvino" in sys.modules:
        _settle()
    # Set before the fork, since the library warns of it, on the user's terminal, in the moment of the fork.
    _told = os.environ.get(_TOKENIZER_THREADS)
    os.environ[_TOKENIZER_THREADS] = "false"


def _in_parent() -> None:
    if _told is None:
        os.environ.pop(_TOKENIZER_THREADS, None)
    else:
        os.environ[_TOKENIZER_THREADS] = _told
    WORK.open()


def _in_child() -> None:
    global _forks
    _forks += 1
    for gate in _gates:
        gate._reset()  # those who were inside are gone


if hasattr(os, "register_at_fork"):  # not on Windows, which does not fork
    os.register_at_fork(before=_before, after_in_parent=_in_parent, after_in_child=_in_child)


@contextmanager
def without_collector() -> Iterator[None]:
    """Make many small objects without the garbage collector looking at all of them again and again.

    Half a million lists of three numbers take a third of the time. It starts again where it was on before.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def give_memory_back() -> None:
    """Have the C library return free memory to the system, where it can; it takes milliseconds.

    Blocks of many sizes leave gaps, which GNU's library keeps: a process then holds several times what it uses.
    """
    try:
        ctypes.CDLL(None).malloc_trim(0)
    except (AttributeError, OSError, TypeError):  # another C library, or another system
        return
