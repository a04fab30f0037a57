"""Search in sets of vectors: nearest neighbours, most similar pairs, communities, near-duplicates, hard negatives."""

from __future__ import annotations

from .communities import communities
from .corpus import Corpus
from .duplicates import Duplicates, deduplicate, near_duplicates
from .exact import search
from .hard_negatives import mine_hard_negatives
from .hits import Hits
from .mining import paraphrases
from .neighbours import Neighbours, neighbours
from .pairs import Pairs, most_similar_pairs

__all__ = [
    "Corpus",
    "Duplicates",
    "Hits",
    "Neighbours",
    "Pairs",
    "communities",
    "deduplicate",
    "mine_hard_negatives",
    "most_similar_pairs",
    "near_duplicates",
    "neighbours",
    "paraphrases",
    "search",
]
