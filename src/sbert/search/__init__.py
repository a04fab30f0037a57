"""Search in sets of vectors: neighbours, pairs, communities, clusters, near-duplicates, hard negatives."""

from __future__ import annotations

from .clusters import Clusters, cluster
from .communities import communities
from .corpus import Corpus
from .duplicates import Duplicates, deduplicate, near_duplicates
from .exact import search
from .hard_negatives import mine_hard_negatives
from .hits import Hits
from .mining import paraphrases
from .naming import name_clusters
from .neighbours import Neighbours, neighbours
from .pairs import Pairs, most_similar_pairs

__all__ = [
    "Clusters",
    "Corpus",
    "Duplicates",
    "Hits",
    "Neighbours",
    "Pairs",
    "cluster",
    "communities",
    "deduplicate",
    "mine_hard_negatives",
    "most_similar_pairs",
    "name_clusters",
    "near_duplicates",
    "neighbours",
    "paraphrases",
    "search",
]
