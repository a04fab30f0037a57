"""Losses: what training makes smaller, as formulas of the vectors of a batch (torch engine)."""

from . import cross_encoder
from .base import Loss
from .classification import SoftmaxLoss
from .distillation import DistillKLDivLoss, MarginMSELoss, MSELoss
from .matryoshka import MatryoshkaLoss
from .pairs import AnglELoss, ContrastiveLoss, CoSENTLoss, CosineSimilarityLoss, OnlineContrastiveLoss
from .ranking import (
    CachedMultipleNegativesRankingLoss,
    CachedMultipleNegativesSymmetricRankingLoss,
    MultipleNegativesRankingLoss,
    MultipleNegativesSymmetricRankingLoss,
)
from .triplets import BatchAllTripletLoss, BatchHardSoftMarginTripletLoss, BatchHardTripletLoss, TripletLoss

__all__ = [
    "AnglELoss", "BatchAllTripletLoss", "BatchHardSoftMarginTripletLoss", "BatchHardTripletLoss",
    "CachedMultipleNegativesRankingLoss", "CachedMultipleNegativesSymmetricRankingLoss", "CoSENTLoss",
    "ContrastiveLoss", "CosineSimilarityLoss", "DistillKLDivLoss", "Loss", "MSELoss", "MarginMSELoss", "MatryoshkaLoss",
    "MultipleNegativesRankingLoss", "MultipleNegativesSymmetricRankingLoss", "OnlineContrastiveLoss", "SoftmaxLoss",
    "TripletLoss", "cross_encoder",
]  # fmt: skip
