"""Lowering of the modules that follow the transformer: pooling, dense layers, normalisation."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ...checkpoints.modules import DenseSpec, DropoutSpec, LayerNormSpec, ModuleSpec, NormalizeSpec, PoolingSpec
from ...checkpoints.modules.dense import TOKENS
from ...checkpoints.modules.layer_norm import EPSILON
from ...errors import UnsupportedModelError
from .graph import ACTIVATIONS, Node, activation, constant, layer_norm, op

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
    """

    tokens: Node
    mask: Node
    sentence: Node | None = None

    def read(self, name: str) -> Node:
        """The node of that name.

        Raises:
            UnsupportedModelError: no module before has made it.
        """
        node = self.tokens if name == TOKENS else self.sentence
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
    pooled = [_POOLINGS[mode](features.tokens, features.mask) for mode in module.modes]
    return replace(features, sentence=pooled[0] if len(pooled) == 1 else op.concat(pooled, 1))


def _float_mask(mask: Node) -> Node:
    return op.unsqueeze(op.convert(mask, "f32"), constant([2]))  # (B, T, 1)


def _weighted(tokens: Node, weights: Node) -> Node:
    total = op.reduce_sum(op.multiply(tokens, weights), constant([1]))  # (B, H)
    return total, op.maximum(op.reduce_sum(weights, constant([1])), constant(np.float32(1e-9)))


def _mean(tokens: Node, mask: Node) -> Node:
    return op.divide(*_weighted(tokens, _float_mask(mask)))


def _mean_sqrt_length(tokens: Node, mask: Node) -> Node:
    total, count = _weighted(tokens, _float_mask(mask))
    return op.divide(total, op.sqrt(count))


def _weighted_mean(tokens: Node, mask: Node) -> Node:
    # Weight 1 for the first token, 2 for the second ...: every place in front of padding counts, the prompt's too.
    places = op.cum_sum(op.broadcast(constant(np.float32(1)), op.shape_of(mask)), constant(np.int64(1)))
    return op.divide(*_weighted(tokens, op.multiply(_float_mask(mask), op.unsqueeze(places, constant([2])))))


def _max(tokens: Node, mask: Node) -> Node:
    lowest = constant(np.float32(-np.inf))
    shown = op.select(op.convert(op.unsqueeze(mask, constant([2])), "boolean"), tokens, lowest)
    return _zero_if_empty(op.reduce_max(shown, constant([1])), mask)


def _zero_if_empty(pooled: Node, mask: Node) -> Node:
    """Zeros for a text of which no token takes part: a prompt that is left out and fills it."""
    any_token = op.convert(op.reduce_max(mask, constant([1]), True), "boolean")  # (B, 1)
    return op.select(any_token, pooled, constant(np.float32(0)))


def _at(tokens: Node, index: Node) -> Node:
    """The token vectors at one place of each row: index is (B,)."""
    return op.squeeze(op.gather(tokens, op.unsqueeze(index, constant([1])), constant(np.int64(1)), 1), constant([1]))


def _first(tokens: Node, mask: Node) -> Node:
    # The first place that takes part: after the prompt when that is left out. topk finds the first largest.
    found = op.topk(mask, constant(np.int64(1)), 1, "max", "index", "i64", stable=True)
    return _at(tokens, op.squeeze(found.output(1), constant([1])))


def _last(tokens: Node, mask: Node) -> Node:
    # Places count 1, 2, 3 ... where they take part: the largest count stands at the last of them.
    counted = op.multiply(op.cum_sum(mask, constant(np.int64(1))), mask)
    found = op.topk(counted, constant(np.int64(1)), 1, "max", "index", "i64", stable=True)
    return _zero_if_empty(_at(tokens, op.squeeze(found.output(1), constant([1]))), mask)


_POOLINGS: dict[str, Callable[[Node, Node], Node]] = {
    "cls": _first,
    "max": _max,
    "mean": _mean,
    "mean_sqrt_len_tokens": _mean_sqrt_length,
    "weightedmean": _weighted_mean,
    "lasttoken": _last,
}


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


def _dropout(module: DropoutSpec, features: Features) -> Features:  # noqa: ARG001
    return features  # dropout is for training


_LOWERINGS: dict[type[ModuleSpec], Callable[[Any, Features], Features]] = {
    PoolingSpec: _pooling,
    DenseSpec: _dense,
    NormalizeSpec: _normalize,
    LayerNormSpec: _layer_norm,
    DropoutSpec: _dropout,
}
