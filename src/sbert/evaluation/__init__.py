"""Evaluators: a model's measures on data with known answers, by the names and keys that people know."""

from .classification import BinaryClassificationEvaluator
from .cross_encoder import (
    CrossEncoderClassificationEvaluator,
    CrossEncoderCorrelationEvaluator,
    CrossEncoderRerankingEvaluator,
)
from .evaluator import Evaluator
from .files import evaluator_of
from .paraphrases import ParaphraseMiningEvaluator
from .reranking import RerankingEvaluator
from .retrieval import InformationRetrievalEvaluator
from .sequential import SequentialEvaluator
from .similarity import EmbeddingSimilarityEvaluator
from .translation import MSEEvaluator, TranslationEvaluator
from .triplets import TripletEvaluator

#: Names of the base class that scripts know.
BaseEvaluator = SentenceEvaluator = Evaluator

__all__ = [
    "BaseEvaluator", "BinaryClassificationEvaluator", "CrossEncoderClassificationEvaluator",
    "CrossEncoderCorrelationEvaluator", "CrossEncoderRerankingEvaluator", "EmbeddingSimilarityEvaluator", "Evaluator",
    "InformationRetrievalEvaluator", "MSEEvaluator", "ParaphraseMiningEvaluator", "RerankingEvaluator",
    "SentenceEvaluator", "SequentialEvaluator", "TranslationEvaluator", "TripletEvaluator", "evaluator_of",
]  # fmt: skip
