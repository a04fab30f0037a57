"""What was cut off texts that were too long, counted and told."""

from __future__ import annotations

import threading
import warnings
from dataclasses import dataclass, replace

import numpy as np

from ..errors import TruncationError, TruncationWarning, one_of
from ..text import Tokens
from ..types import IntArray

POLICIES = ("warn", "error", "ignore")


@dataclass(frozen=True)
class Truncation:
    """How many texts were longer than the model reads, over one call.

    Args:
        texts: texts in the call.
        truncated: texts that were cut.
        dropped_tokens: tokens cut off, over all texts.
        max_length: tokens that the model reads of a text.
    """

    texts: int = 0
    truncated: int = 0
    dropped_tokens: int = 0
    max_length: int | None = None

    def __str__(self) -> str:
        return (
            f"{self.truncated:,} of {self.texts:,} texts were longer than {self.max_length} tokens and were cut: "
            f"{self.dropped_tokens:,} tokens were not read."
        )

    def plus(self, tokens: Tokens, times: IntArray) -> Truncation:
        """The counts with those of more texts added, each of which comes so many times."""
        texts, cut, dropped = int(times.sum()), 0, 0
        if tokens.dropped.any():
            cut, dropped = int(times[tokens.dropped > 0].sum()), int((tokens.dropped * times).sum())
        return Truncation(self.texts + texts, self.truncated + cut, self.dropped_tokens + dropped, self.max_length)

    def and_then(self, later: Truncation) -> Truncation:
        """The counts of two calls together."""
        return replace(
            later,
            texts=self.texts + later.texts,
            truncated=self.truncated + later.truncated,
            dropped_tokens=self.dropped_tokens + later.dropped_tokens,
        )

    def tell(self, policy: str, stacklevel: int) -> None:
        """Give the call's one warning, if it is wanted and there is something to tell.

        Args:
            policy: only ``warn`` gives it.
            stacklevel: how many calls up the user's line is, 1 for whoever calls this.
        """
        if policy == "warn" and self.truncated:
            advice = "Split long texts, raise max_seq_length where the model allows it, or pass on_truncation='ignore'."
            warnings.warn(f"{self} {advice}", TruncationWarning, stacklevel=stacklevel + 1)


class LastTruncation:
    """What the last call cut off, kept for each thread apart, so that each reads of its own calls.

    A thread that has made none reads of the last call of any.
    """

    def __init__(self) -> None:
        self._anywhere = Truncation()
        self._here = threading.local()

    def __reduce__(self) -> tuple[type[LastTruncation], tuple[()]]:
        """Copies have made no call."""
        return LastTruncation, ()

    def get(self) -> Truncation:
        """Of this thread's last call."""
        found: Truncation = getattr(self._here, "last", self._anywhere)
        return found

    def set(self, truncation: Truncation) -> None:
        """Note a call of this thread."""
        self._here.last = self._anywhere = truncation


def check_policy(policy: str) -> str:
    """The policy, if it is one.

    Raises:
        InputError: it is not.
    """
    if policy not in POLICIES:
        raise one_of("on_truncation", policy, POLICIES)
    return policy


def refuse_long(tokens: Tokens, indices: IntArray, max_length: int | None) -> None:
    """Raise for the first text that was cut; ``indices`` has the number of each in the user's eyes.

    Raises:
        TruncationError: a text was cut; its index and length are named.
    """
    cut = np.flatnonzero(tokens.dropped)
    if len(cut):
        index = int(cut[0])
        length = int(tokens.lengths[index] + tokens.dropped[index])
        raise TruncationError(
            f"inputs[{indices[index]}] has {length} tokens; the model reads {max_length}. "
            "Split it, raise max_seq_length where the model allows it, or pass on_truncation='warn'."
        )
