"""Losses of cross-encoders: formulas of the scores of a batch's pairs (torch engine)."""

from .adr_mse import ADRMSELoss
from .base import CrossEncoderLoss
from .lambda_loss import LambdaLoss, RankNetLoss
from .list_mle import ListMLELoss, PListMLELambdaWeight, PListMLELoss
from .list_net import ListNetLoss
from .margin_mse import MarginMSELoss
from .pointwise import BinaryCrossEntropyLoss, CrossEntropyLoss, MSELoss
from .ranking import CachedMultipleNegativesRankingLoss, MultipleNegativesRankingLoss
from .weighting import (
    BaseWeightingScheme,
    LambdaRankScheme,
    NDCGLoss1Scheme,
    NDCGLoss2PPScheme,
    NDCGLoss2Scheme,
    NoWeightingScheme,
)

__all__ = [
    "ADRMSELoss", "BaseWeightingScheme", "BinaryCrossEntropyLoss", "CachedMultipleNegativesRankingLoss",
    "CrossEncoderLoss", "CrossEntropyLoss", "LambdaLoss", "LambdaRankScheme", "ListMLELoss", "ListNetLoss", "MSELoss",
    "MarginMSELoss", "MultipleNegativesRankingLoss", "NDCGLoss1Scheme", "NDCGLoss2PPScheme", "NDCGLoss2Scheme",
    "NoWeightingScheme", "PListMLELambdaWeight", "PListMLELoss", "RankNetLoss",
]  # fmt: skip
