"""Lowering of the modules that follow the transformer: dense layers, normalisation, and pooling by its modes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ...checkpoints.modules import (
    DenseSpec,
    DropoutSpec,
    HierarchicalTokenPoolingSpec,
    LayerNormSpec,
    ModuleSpec,
    MultiVectorMaskSpec,
    NormalizeSpec,
    PoolingSpec,
    SparseAutoEncoderSpec,
    SpladePoolingSpec,
    sparse_auto_encoder,
)
from ...checkpoints.modules.dense import SENTENCE, TOKENS
from ...checkpoints.modules.layer_norm import EPSILON
from ...checkpoints.modules.splade_pooling import LOGARITHMS
from ...checkpoints.spec import SCORES
from ...errors import UnsupportedModelError
from .graph import ACTIVATIONS, Node, activation, constant, layer_norm, op
from .poolings import POOLINGS, float_mask

# torch's class names for activations, and what configurations call the same function.
_TORCH_ACTIVATIONS = {
    "Tanh": "tanh", "Identity": "identity", "ReLU": "relu", "GELU": "gelu", "SiLU": "silu", "Sigmoid": "sigmoid",
}  # fmt: skip


@dataclass(frozen=True)
class Features:
    """What flows from module to module, as nodes.

    Args:
        tokens: token vectors, (B, T, H).
        mask: which tokens take part in pooling, (B, T) int64.
        sentence: the sentence vector, (B, H); None before pooling.
        scores: what a network's own head gives, (B, L); None where it has none.
    """

    tokens: Node
    mask: Node
    sentence: Node | None = None
    scores: Node | None = None

    def read(self, name: str) -> Node:
        """The node of that name.

        Raises:
            UnsupportedModelError: no module before has made it.
        """
        node = {TOKENS: self.tokens, SENTENCE: self.sentence, SCORES: self.scores}.get(name)
        if node is None:
            raise UnsupportedModelError(f"A module reads {name!r}, which no module before it makes.")
        return node

    def write(self, name: str, node: Node) -> Features:
        """The same features with one of them replaced."""
        return replace(self, tokens=node) if name == TOKENS else replace(self, sentence=node)


def lower_module(module: ModuleSpec, features: Features) -> Features:
    """Append one module to the graph.

    Raises:
        UnsupportedModelError: the OpenVINO engine does not know it.
    """
    lower = _LOWERINGS.get(type(module))
    if lower is None:
        raise UnsupportedModelError(f"The OpenVINO engine does not know the module {module.kind}.")
    return lower(module, features)


def why_not(module: ModuleSpec) -> str | None:
    """Why a module cannot be lowered; None when it can."""
    if type(module) not in _LOWERINGS:
        return f"module {module.kind} is not known to it"
    if isinstance(module, DenseSpec) and _activation_name(module) is None:
        return f"activation {module.activation} of a Dense module is not known to it"
    return None


def _pooling(module: PoolingSpec, features: Features) -> Features:
    pooled = [POOLINGS[mode](features.tokens, features.mask) for mode in module.modes]
    return replace(features, sentence=pooled[0] if len(pooled) == 1 else op.concat(pooled, 1))


def _splade_pooling(module: SpladePoolingSpec, features: Features) -> Features:
    if module.strategy == "max":
        # Both activations grow with their input, so the largest output is that of the largest input: the activation is
        # computed once a word instead of once a word and token, to the same bits.
        pooled = _splade_activation(POOLINGS["max"](features.tokens, features.mask), module.activation)
    else:
        weights = _splade_activation(features.tokens, module.activation)
        pooled = op.reduce_sum(op.multiply(weights, float_mask(features.mask)), constant([1]))
    return replace(features, sentence=pooled)


def _splade_activation(x: Node, name: str) -> Node:
    x = op.relu(x)
    for _ in range(LOGARITHMS[name]):
        x = op.log(op.add(x, constant(np.float32(1))))
    return x


def _activation_name(module: DenseSpec) -> str | None:
    if not module.activation.startswith("torch.nn."):
        return None  # another package's class of the same name may be another function
    name = _TORCH_ACTIVATIONS.get(module.activation.rpartition(".")[2])
    return name if name in ACTIVATIONS else None


def _dense(module: DenseSpec, features: Features) -> Features:
    name = _activation_name(module)
    if name is None:
        raise UnsupportedModelError(f"The OpenVINO engine does not run this model: {why_not(module)}.")
    x = features.read(module.input_name)
    y = op.matmul(x, constant(module.tensors["linear.weight"]), False, True)
    if module.bias:
        y = op.add(y, constant(module.tensors["linear.bias"]))
    y = activation(y, name)
    if module.use_residual:
        residual = module.tensors.get("residual.weight")
        y = op.add(y, x if residual is None else op.matmul(x, constant(residual), False, True))
    return features.write(module.output_name, y)


def _normalize(module: NormalizeSpec, features: Features) -> Features:
    x = features.read(module.input_name)
    return features.write(module.output_name, op.normalize_l2(x, constant([-1]), 1e-12, "max"))


def _layer_norm(module: LayerNormSpec, features: Features) -> Features:
    x = features.read("sentence_embedding")
    y = layer_norm(x, module.tensors["norm.weight"], module.tensors["norm.bias"], EPSILON)
    return features.write("sentence_embedding", y)


def _sparse_auto_encoder(module: SparseAutoEncoderSpec, features: Features) -> Features:
    """All latent numbers: which are kept is seen to text by text, outside the graph."""
    x = features.read(SENTENCE)
    if module.normalize:
        x = op.subtract(x, op.reduce_mean(x, constant([1]), True))
        # The spread of a sample: divided by one less than there are numbers.
        square = op.reduce_sum(op.multiply(x, x), constant([1]), True)
        spread = op.sqrt(op.divide(square, constant(np.float32(module.input_dim - 1))))
        x = op.divide(x, op.add(spread, constant(np.float32(sparse_auto_encoder.EPSILON))))
    x = op.subtract(x, constant(module.tensors[sparse_auto_encoder.PRE_BIAS]))
    latents = op.matmul(x, constant(module.tensors[sparse_auto_encoder.ENCODER]), False, True)
    latents = op.add(latents, constant(module.tensors[sparse_auto_encoder.LATENT_BIAS]))
    return replace(features, sentence=op.relu(latents))


def _unchanged(module: ModuleSpec, features: Features) -> Features:  # noqa: ARG001
    """Dropout is for training; which token vectors are kept, and merged, is seen to text by text, outside the graph."""
    return features


_LOWERINGS: dict[type[ModuleSpec], Callable[[Any, Features], Features]] = {
    PoolingSpec: _pooling,
    DenseSpec: _dense,
    NormalizeSpec: _normalize,
    LayerNormSpec: _layer_norm,
    DropoutSpec: _unchanged,
    MultiVectorMaskSpec: _unchanged,
    HierarchicalTokenPoolingSpec: _unchanged,
    SpladePoolingSpec: _splade_pooling,
    SparseAutoEncoderSpec: _sparse_auto_encoder,
}
