"""The engine on PyTorch: the same modules as ``torch.nn.Module`` classes, for training, GPUs and any architecture."""

from .base import Features, Input, Module
from .cnn import CNN
from .dense import Dense
from .dropout import Dropout
from .engine import TorchEngine
from .image_text import CLIPModel
from .layer_norm import LayerNorm
from .logit_score import LogitScore
from .lstm import LSTM
from .multi_vector import MultiVectorMask
from .normalize import Normalize
from .pooling import Pooling
from .sparse_auto_encoder import SparseAutoEncoder
from .splade_pooling import SpladePooling
from .tables import StaticEmbedding
from .transformer import Transformer
from .weighted_layer_pooling import WeightedLayerPooling
from .word_weights import WordWeights
from .words import BoW, WordEmbeddings

__all__ = [
    "CNN", "LSTM", "BoW", "CLIPModel", "Dense", "Dropout", "Features", "Input", "LayerNorm", "LogitScore", "Module",
    "MultiVectorMask", "Normalize", "Pooling", "SparseAutoEncoder", "SpladePooling", "StaticEmbedding", "TorchEngine",
    "Transformer", "WeightedLayerPooling", "WordEmbeddings", "WordWeights",
]  # fmt: skip
