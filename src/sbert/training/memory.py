"""Memory of the processor that a run has done with, given back to the system now and then."""

from __future__ import annotations

from typing import Any

import transformers

from ..process import give_memory_back

#: Steps between two times: a step that follows fetches what it needs anew.
_STEPS = 20


class GiveMemoryBack(transformers.TrainerCallback):  # type: ignore[misc]
    """Gives back what is free: batches differ in length, so a run of a thousand steps held what none of them needed."""

    def on_step_end(self, args: Any, state: Any, control: Any, **rest: Any) -> None:  # noqa: ARG002
        """Give back what is free, every few steps."""
        if state.global_step % _STEPS == 0:
            give_memory_back()
