"""A training example as older scripts write it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any


@dataclass
class InputExample:
    """Texts that belong together, and what is known of them.

    Args:
        guid: a name; not used.
        texts: two or more, or one.
        label: a number, or a class.
    """

    guid: str = ""
    texts: Sequence[str] = ()
    label: Any = None
