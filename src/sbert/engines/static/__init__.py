"""The engine for static models: token vectors and their mean, in NumPy alone."""

from .engine import StaticEngine, why_not

__all__ = ["StaticEngine", "why_not"]
