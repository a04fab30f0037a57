"""The engine for models without a network: vectors of tokens and their mean, and bags of words, in NumPy alone."""

from .engine import StaticEngine, why_not

__all__ = ["StaticEngine", "why_not"]
