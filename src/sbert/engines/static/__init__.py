"""The engine for static models: token vectors and their mean, in NumPy alone."""

from .engine import StaticEngine, why_not
from .sparse import SparseStaticEngine

__all__ = ["SparseStaticEngine", "StaticEngine", "why_not"]
