"""Search in sets of vectors: nearest neighbours, pairs, groups, near-duplicates, translations, hard negatives."""

from __future__ import annotations

from .bitext import Accuracy, mine_bitext, translation_accuracy
from .clusters import Clusters, cluster
from .communities import communities
from .corpus import Corpus
from .duplicates import Duplicates, deduplicate, near_duplicates
from .exact import search
from .hard_negatives import mine_hard_negatives
from .hits import Hits
from .hybrid import HybridCorpus
from .late_interaction import MultiVectorCorpus
from .mining import paraphrases
from .naming import name_clusters
from .neighbours import Neighbours, neighbours
from .pairs import Pairs, most_similar_pairs
from .pipeline import Answer, Pipeline, Timings
from .sparse import SparseCorpus
from .text_corpus import FoundText, TextCorpus

__all__ = [
    "Accuracy",
    "Answer",
    "Clusters",
    "Corpus",
    "Duplicates",
    "FoundText",
    "Hits",
    "HybridCorpus",
    "MultiVectorCorpus",
    "Neighbours",
    "Pairs",
    "Pipeline",
    "SparseCorpus",
    "TextCorpus",
    "Timings",
    "cluster",
    "communities",
    "deduplicate",
    "mine_bitext",
    "mine_hard_negatives",
    "most_similar_pairs",
    "name_clusters",
    "near_duplicates",
    "neighbours",
    "paraphrases",
    "search",
    "translation_accuracy",
]
