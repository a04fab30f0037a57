"""Search in sets of vectors: nearest neighbours, most similar pairs, communities, near-duplicates, translations."""

from __future__ import annotations

from .bitext import Accuracy, mine_bitext, translation_accuracy
from .communities import communities
from .corpus import Corpus
from .duplicates import Duplicates, deduplicate, near_duplicates
from .exact import search
from .hits import Hits
from .mining import paraphrases
from .neighbours import Neighbours, neighbours
from .pairs import Pairs, most_similar_pairs

__all__ = [
    "Accuracy",
    "Corpus",
    "Duplicates",
    "Hits",
    "Neighbours",
    "Pairs",
    "communities",
    "deduplicate",
    "mine_bitext",
    "most_similar_pairs",
    "near_duplicates",
    "neighbours",
    "paraphrases",
    "search",
    "translation_accuracy",
]
