"""The engine on PyTorch: the same modules as ``torch.nn.Module`` classes, for training, GPUs and any architecture."""

from .base import Features, Module
from .dense import Dense
from .dropout import Dropout
from .engine import TorchEngine
from .layer_norm import LayerNorm
from .multi_vector import MultiVectorMask
from .normalize import Normalize
from .pooling import Pooling
from .splade_pooling import SpladePooling
from .transformer import Transformer

__all__ = [
    "Dense", "Dropout", "Features", "LayerNorm", "Module", "MultiVectorMask", "Normalize",
    "Pooling", "SpladePooling", "TorchEngine", "Transformer",
]  # fmt: skip
