"""Losses: what training makes smaller, as formulas of the vectors of a batch (torch engine).

Those of scored pairs are in :mod:`sbert.losses.cross_encoder`, some of which share their names with those here.
"""

from . import cross_encoder
from .base import Loss
from .classification import SoftmaxLoss
from .contrastive_tension import (
    ContrastiveTensionDataLoader,
    ContrastiveTensionLoss,
    ContrastiveTensionLossInBatchNegatives,
    contrastive_tension_pairs,
)
from .csr import CSRLoss, CSRReconstructionLoss
from .denoising import DenoisingAutoEncoderLoss
from .distances import BatchHardTripletLossDistanceFunction, SiameseDistanceMetric, TripletDistanceMetric
from .distillation import DistillKLDivLoss, MarginMSELoss, MSELoss
from .embed_distill import EmbedDistillLoss
from .flops import FlopsLoss
from .guided import CachedGISTEmbedLoss, GISTEmbedLoss
from .layers import AdaptiveLayerLoss, Matryoshka2dLoss
from .matryoshka import MatryoshkaLoss
from .megabatch import MegaBatchMarginLoss
from .multi_vector import (
    CachedMultiVectorMultipleNegativesRankingLoss,
    MultiVectorDistillKLDivLoss,
    MultiVectorMarginMSELoss,
    MultiVectorMultipleNegativesRankingLoss,
)
from .noise import delete_words, noised
from .pairs import AnglELoss, ContrastiveLoss, CoSENTLoss, CosineSimilarityLoss, OnlineContrastiveLoss
from .ranking import (
    CachedMultipleNegativesRankingLoss,
    CachedMultipleNegativesSymmetricRankingLoss,
    MultipleNegativesRankingLoss,
    MultipleNegativesSymmetricRankingLoss,
)
from .regularization import GlobalOrthogonalRegularizationLoss
from .sparse import (
    CachedSpladeLoss,
    SparseAnglELoss,
    SparseCoSENTLoss,
    SparseCosineSimilarityLoss,
    SparseDistillKLDivLoss,
    SparseMarginMSELoss,
    SparseMSELoss,
    SparseMultipleNegativesRankingLoss,
    SparseTripletLoss,
    SpladeLoss,
)
from .triplets import (
    BatchAllTripletLoss,
    BatchHardSoftMarginTripletLoss,
    BatchHardTripletLoss,
    BatchSemiHardTripletLoss,
    TripletLoss,
)

__all__ = [
    "AdaptiveLayerLoss", "AnglELoss", "BatchAllTripletLoss", "BatchHardSoftMarginTripletLoss", "BatchHardTripletLoss",
    "BatchHardTripletLossDistanceFunction", "BatchSemiHardTripletLoss", "CSRLoss", "CSRReconstructionLoss",
    "CachedGISTEmbedLoss", "CachedMultiVectorMultipleNegativesRankingLoss", "CachedMultipleNegativesRankingLoss",
    "CachedMultipleNegativesSymmetricRankingLoss", "CachedSpladeLoss", "CoSENTLoss", "ContrastiveLoss",
    "ContrastiveTensionDataLoader", "ContrastiveTensionLoss", "ContrastiveTensionLossInBatchNegatives",
    "CosineSimilarityLoss", "DenoisingAutoEncoderLoss", "DistillKLDivLoss", "EmbedDistillLoss", "FlopsLoss",
    "GISTEmbedLoss", "GlobalOrthogonalRegularizationLoss", "Loss", "MSELoss", "MarginMSELoss", "Matryoshka2dLoss",
    "MatryoshkaLoss", "MegaBatchMarginLoss", "MultiVectorDistillKLDivLoss", "MultiVectorMarginMSELoss",
    "MultiVectorMultipleNegativesRankingLoss", "MultipleNegativesRankingLoss",
    "MultipleNegativesSymmetricRankingLoss", "OnlineContrastiveLoss", "SiameseDistanceMetric", "SoftmaxLoss",
    "SparseAnglELoss", "SparseCoSENTLoss", "SparseCosineSimilarityLoss", "SparseDistillKLDivLoss", "SparseMSELoss",
    "SparseMarginMSELoss", "SparseMultipleNegativesRankingLoss", "SparseTripletLoss", "SpladeLoss",
    "TripletDistanceMetric", "TripletLoss", "contrastive_tension_pairs", "cross_encoder", "delete_words", "noised",
]  # fmt: skip
