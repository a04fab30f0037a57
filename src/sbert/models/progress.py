"""The bar that shows how far a job is."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

#: Called with the texts and the tokens that were done since the last call.
Progress = Callable[[int, int], None]

#: Seconds after which a bar shows that nobody asked for. Shorter jobs never make one.
_PATIENCE = 2.0


class Bar:
    """A tqdm bar, made when it is first needed; threads may share it.

    Args:
        total: number of texts; None where nobody knows.
        show: True shows it at once; None after two seconds, and only in a terminal or notebook.
        description: what stands in front.
    """

    def __init__(self, total: int | None, show: bool | None, description: str) -> None:
        self._total, self._show, self._description = total, show, description
        self._started = time.perf_counter()
        self._texts = self._tokens = 0
        self._bar: Any = None
        self._lock = threading.Lock()
        if show:
            self._make()

    def update(self, texts: int, tokens: int) -> None:
        """Add what was done."""
        with self._lock:
            self._texts += texts
            self._tokens += tokens
            if self._bar is None and time.perf_counter() - self._started > _PATIENCE:
                self._make()
            elif self._bar is not None:
                self._bar.update(texts)
            if self._bar is not None:
                rate = self._tokens / max(time.perf_counter() - self._started, 1e-9)
                self._bar.set_postfix_str(f"{rate:,.0f} tokens/s", refresh=False)

    def close(self) -> None:
        """Leave the bar as it is."""
        if self._bar is not None:
            self._bar.close()

    def _make(self) -> None:
        from tqdm.auto import tqdm

        # disable=None: no bar where the output is not a terminal.
        disable = None if self._show is None else False
        self._bar = tqdm(total=self._total, desc=self._description, unit=" texts", disable=disable)
        if not self._bar.disable:
            self._bar.start_t -= time.perf_counter() - self._started  # the speed is that of the whole job
            self._bar.update(self._texts)


@contextmanager
def progress_bar(total: int | None, show: bool | None, description: str = "Encoding") -> Iterator[Progress | None]:
    """A bar for the time of a ``with`` block; ``show`` forces it on or off."""
    if show is False:
        yield None
        return
    bar = Bar(total, show, description)
    try:
        yield bar.update
    finally:
        bar.close()
