"""Evaluators: a model's measures on data with known answers, by the names and keys that people know."""

from .classification import BinaryClassificationEvaluator
from .cross_encoder import (
    CrossEncoderClassificationEvaluator,
    CrossEncoderCorrelationEvaluator,
    CrossEncoderRerankingEvaluator,
)
from .evaluator import Evaluator
from .files import evaluator_of
from .fusion import ReciprocalRankFusionEvaluator
from .labels import LabelAccuracyEvaluator
from .multi_vector import (
    MultiVectorDistillationEvaluator,
    MultiVectorInformationRetrievalEvaluator,
    MultiVectorRerankingEvaluator,
    MultiVectorTripletEvaluator,
)
from .nano_beir import (
    CrossEncoderNanoBEIREvaluator,
    MultiVectorNanoBEIREvaluator,
    NanoBEIREvaluator,
    SparseNanoBEIREvaluator,
)
from .outcomes import Outcomes
from .paraphrases import ParaphraseMiningEvaluator
from .reranking import RerankingEvaluator
from .retrieval import InformationRetrievalEvaluator
from .sequential import SequentialEvaluator
from .similarity import EmbeddingSimilarityEvaluator
from .sparse import (
    SparseBinaryClassificationEvaluator,
    SparseEmbeddingSimilarityEvaluator,
    SparseInformationRetrievalEvaluator,
    SparseMSEEvaluator,
    SparseRerankingEvaluator,
    SparseTranslationEvaluator,
    SparseTripletEvaluator,
)
from .text_classification import ClassificationEvaluator
from .text_clusters import ClusteringEvaluator
from .translation import MSEEvaluator, MSEEvaluatorFromDataFrame, TranslationEvaluator
from .triplets import TripletEvaluator
from .uncertainty import compare, confidence_interval

#: Names of the base class that scripts know.
BaseEvaluator = SentenceEvaluator = Evaluator

__all__ = [
    "BaseEvaluator", "BinaryClassificationEvaluator", "ClassificationEvaluator", "ClusteringEvaluator",
    "CrossEncoderClassificationEvaluator", "CrossEncoderCorrelationEvaluator", "CrossEncoderNanoBEIREvaluator",
    "CrossEncoderRerankingEvaluator", "EmbeddingSimilarityEvaluator", "Evaluator", "InformationRetrievalEvaluator",
    "LabelAccuracyEvaluator", "MSEEvaluator", "MSEEvaluatorFromDataFrame", "MultiVectorDistillationEvaluator",
    "MultiVectorInformationRetrievalEvaluator", "MultiVectorNanoBEIREvaluator", "MultiVectorRerankingEvaluator",
    "MultiVectorTripletEvaluator", "NanoBEIREvaluator", "Outcomes", "ParaphraseMiningEvaluator",
    "ReciprocalRankFusionEvaluator", "RerankingEvaluator", "SentenceEvaluator", "SequentialEvaluator",
    "SparseBinaryClassificationEvaluator", "SparseEmbeddingSimilarityEvaluator", "SparseInformationRetrievalEvaluator",
    "SparseMSEEvaluator", "SparseNanoBEIREvaluator", "SparseRerankingEvaluator", "SparseTranslationEvaluator",
    "SparseTripletEvaluator", "TranslationEvaluator", "TripletEvaluator", "compare", "confidence_interval",
    "evaluator_of",
]  # fmt: skip
