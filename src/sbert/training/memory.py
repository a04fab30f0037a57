"""Memory of the processor that a run has done with, given back to the system now and then."""

from __future__ import annotations

import ctypes
from typing import Any

import transformers

#: Steps between two times: it takes milliseconds, and a step that follows fetches what it needs anew.
_STEPS = 20


class GiveMemoryBack(transformers.TrainerCallback):  # type: ignore[misc]
    """Has the C library return free memory, where it can.

    Batches differ in length, so the blocks that torch asks for differ in size, and GNU's library keeps what is free
    between those in use: a run of a thousand steps held several times what any of them needed.
    """

    def __init__(self) -> None:
        try:
            self._trim: Any = ctypes.CDLL(None).malloc_trim
        except (AttributeError, OSError, TypeError):  # another C library, or another system
            self._trim = None

    def on_step_end(self, args: Any, state: Any, control: Any, **rest: Any) -> None:  # noqa: ARG002
        """Give back what is free, every few steps."""
        if self._trim is not None and state.global_step % _STEPS == 0:
            self._trim(0)
