"""The modules that may follow a static embedding, on NumPy arrays of sentence vectors.

Each works row by row, so that a text's vector does not depend on the others, bit for bit.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ...checkpoints.modules import (
    DenseSpec,
    DropoutSpec,
    LayerNormSpec,
    ModuleSpec,
    NormalizeSpec,
    SparseAutoEncoderSpec,
    sparse_auto_encoder,
)
from ...checkpoints.modules.dense import SENTENCE
from ...checkpoints.modules.layer_norm import EPSILON
from ...types import FloatArray

_ACTIVATIONS: dict[str, Callable[[FloatArray], FloatArray]] = {
    "torch.nn.modules.activation.Tanh": np.tanh,
    "torch.nn.modules.activation.ReLU": lambda x: np.maximum(x, 0),
    "torch.nn.modules.activation.Sigmoid": lambda x: 1 / (1 + np.exp(-x)),
    "torch.nn.modules.activation.SiLU": lambda x: x / (1 + np.exp(-x)),
    "torch.nn.modules.linear.Identity": lambda x: x,
}


def apply(module: ModuleSpec, vectors: FloatArray) -> FloatArray:
    """What a module makes of sentence vectors, (n, d) float32; a module that :func:`why_not` names is not taken."""
    return _FORWARDS[type(module)](module, vectors)


def why_not(module: ModuleSpec) -> str | None:
    """Why a module cannot follow here; None when it can."""
    if type(module) not in _FORWARDS:
        return f"module {module.kind} is not known to it"
    names = {getattr(module, name, SENTENCE) for name in ("input_name", "output_name")}
    if names != {SENTENCE}:
        return f"module {module.kind} works on token vectors"
    if isinstance(module, DenseSpec) and module.activation not in _ACTIVATIONS:
        return f"activation {module.activation} of a Dense module is not known to it"
    return None


def _normalize(module: NormalizeSpec, x: FloatArray) -> FloatArray:  # noqa: ARG001
    lengths = np.sqrt((x * x).sum(axis=1, keepdims=True))
    unit: FloatArray = x / np.maximum(lengths, np.float32(1e-12))
    return unit


def _dense(module: DenseSpec, x: FloatArray) -> FloatArray:
    y = _linear(x, module.tensors["linear.weight"])
    if module.bias:
        y += module.tensors["linear.bias"]
    y = _ACTIVATIONS[module.activation](y)
    if module.use_residual:
        residual = module.tensors.get("residual.weight")
        y = y + (x if residual is None else _linear(x, residual))
    return y


def _linear(x: FloatArray, weight: FloatArray) -> FloatArray:
    # A product for each row: in one for all rows, the order in which a row is summed depends on how many there are.
    product: FloatArray = np.matmul(x[:, None, :], weight.T)[:, 0]
    return product


def _layer_norm(module: LayerNormSpec, x: FloatArray) -> FloatArray:
    centred = x - x.mean(axis=1, keepdims=True)
    scale = np.sqrt((centred * centred).mean(axis=1, keepdims=True) + np.float32(EPSILON))
    y: FloatArray = centred / scale * module.tensors["norm.weight"] + module.tensors["norm.bias"]
    return y


def _sparse_auto_encoder(module: SparseAutoEncoderSpec, x: FloatArray) -> FloatArray:
    if module.normalize:
        x = x - x.mean(axis=1, keepdims=True)
        x = x / (x.std(axis=1, ddof=1, keepdims=True) + np.float32(sparse_auto_encoder.EPSILON))
    x = x - module.tensors[sparse_auto_encoder.PRE_BIAS]
    latents = _linear(x, module.tensors[sparse_auto_encoder.ENCODER]) + module.tensors[sparse_auto_encoder.LATENT_BIAS]
    return np.maximum(latents, np.float32(0))


def _dropout(module: DropoutSpec, x: FloatArray) -> FloatArray:  # noqa: ARG001
    return x  # dropout is for training


_FORWARDS: dict[type[ModuleSpec], Callable[[Any, FloatArray], FloatArray]] = {
    NormalizeSpec: _normalize,
    DenseSpec: _dense,
    LayerNormSpec: _layer_norm,
    DropoutSpec: _dropout,
    SparseAutoEncoderSpec: _sparse_auto_encoder,
}
