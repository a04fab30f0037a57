"""Errors that are no ``Exception``: libraries written in Rust raise such when they panic.

In a thread that works for others they would go past all that catches errors, and end what must go on.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

Result = TypeVar("Result")


def as_exception(error: BaseException) -> Exception:
    """The error itself, or one that it is the cause of."""
    if isinstance(error, Exception):
        return error
    made = RuntimeError(f"{type(error).__name__}: {error}")
    made.__cause__ = error
    return made


def without_panics(function: Callable[[], Result]) -> Result:
    """What a function returns.

    Raises:
        Exception: what it raises, or a RuntimeError in the place of a panic.
    """
    try:
        return function()
    except Exception:
        raise
    except BaseException as error:
        raise as_exception(error) from error
