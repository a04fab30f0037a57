"""Search in sets of vectors: exact nearest neighbours, most similar pairs."""

from __future__ import annotations

from .exact import Hits, search
from .pairs import Pairs, most_similar_pairs

__all__ = ["Hits", "Pairs", "most_similar_pairs", "search"]
