"""Evaluators: a model's measures on data with known answers, by the names and keys that people know."""

from .classification import BinaryClassificationEvaluator
from .evaluator import Evaluator
from .reranking import RerankingEvaluator
from .retrieval import InformationRetrievalEvaluator
from .sequential import SequentialEvaluator
from .similarity import EmbeddingSimilarityEvaluator
from .translation import MSEEvaluator, TranslationEvaluator
from .triplets import TripletEvaluator

#: Names of the base class that scripts know.
BaseEvaluator = SentenceEvaluator = Evaluator

__all__ = [
    "BaseEvaluator", "BinaryClassificationEvaluator", "EmbeddingSimilarityEvaluator", "Evaluator",
    "InformationRetrievalEvaluator", "MSEEvaluator", "RerankingEvaluator", "SentenceEvaluator", "SequentialEvaluator",
    "TranslationEvaluator", "TripletEvaluator",
]  # fmt: skip
