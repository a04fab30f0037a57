"""Building blocks of OpenVINO graphs: the few operations that transformers are made of.

Shapes in comments: B texts, T tokens, H hidden width, N heads, D width of a head.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...checkpoints.weights import Weights
from ...errors import CorruptCheckpointError, UnsupportedModelError, closest
from ...types import AnyArray
from .runtime import import_openvino

import_openvino()
import openvino.opset14 as _opset  # noqa: E402  (only after import_openvino has kept telemetry out)

op: Any = _opset
Node = Any

#: Added to the attention scores of padding: its softmax weight becomes exactly 0 in float32 and bfloat16.
MASKED = np.float32(-1e9)


@dataclass(frozen=True)
class TextInputs:
    """What a network reads, as nodes of the graph.

    Args:
        ids: token numbers, (B, T) int64.
        mask: 1 for a token and 0 for padding, (B, T) int64.
        type_ids: part of the pair, (B, T) int64.
        first_only: whether the first token's vector is all that is read of what comes out.
    """

    ids: Node
    mask: Node
    type_ids: Node
    first_only: bool = False


class Linears:
    """How the large tables of a network, those of its linear layers and its words, become nodes: as they are stored.

    Subclasses lower them otherwise, or watch what goes in. The networks know this interface alone.
    """

    def apply(self, x: Node, tensors: Tensors, names: Sequence[str]) -> list[Node]:
        """``x Wᵀ + b`` for each of the layers named, which all read the same input; the bias is optional."""
        return [_plain_linear(x, tensors, name) for name in names]

    def look_up(self, tensors: Tensors, name: str, ids: Node) -> Node:
        """Rows of the table of that name: (B, T) to (B, T, H)."""
        return embedding(tensors[name], ids)

    def compare(self, x: Node, tensors: Tensors, name: str) -> Node:
        """The product of vectors with every row of the table of that name: (B, T, H) to (B, T, words)."""
        return op.matmul(x, tensors.constant(name), False, True)


class Tensors:
    """The tensors of one network, under whatever prefix the checkpoint gives them.

    Args:
        weights: all tensors of the checkpoint.
        landmark: a tensor that every checkpoint of this architecture has; where it is found tells the prefix
            (``bert.`` and the like in checkpoints that were saved with a head).
        linears: how linear layers and the table of words are lowered.

    Raises:
        CorruptCheckpointError: the landmark is not there.
    """

    def __init__(self, weights: Weights, landmark: str, linears: Linears) -> None:
        self._weights = weights
        self.linears = linears
        found = [name for name in weights if name == landmark or name.endswith(f".{landmark}")]
        if not found:
            raise CorruptCheckpointError(f"{weights.source} has no tensor {landmark!r}.{closest(landmark, weights)}")
        self._prefix = min(found, key=len)[: -len(landmark)]

    def __contains__(self, name: str) -> bool:
        return self._prefix + name in self._weights

    def full_name(self, name: str) -> str:
        """What the checkpoint calls a tensor or layer."""
        return self._prefix + name

    def stored(self, name: str) -> AnyArray:
        """A tensor in the dtype that it is stored in."""
        return self._weights[self._prefix + name]

    def __getitem__(self, name: str) -> AnyArray:
        """A tensor as float32."""
        return self._weights.float32(self._prefix + name)

    def constant(self, name: str) -> Node:
        """A tensor as a node that shares the file's memory."""
        return constant(self[name])


def constant(value: Any) -> Node:
    """A constant; arrays are shared, not copied, so they must not change."""
    array = np.asarray(value)
    return op.constant(array, shared_memory=bool(array.ndim))


def parameter(name: str, shape: Sequence[int] = (-1, -1), kind: type[np.generic] = np.int64) -> Node:
    """An input; of whole numbers, (B, T), by default."""
    node = op.parameter(list(shape), kind, name)
    node.output(0).get_tensor().set_names({name})
    return node


def linear(x: Node, tensors: Tensors, name: str) -> Node:
    """``x Wᵀ + b``; the bias is optional, as in torch."""
    return tensors.linears.apply(x, tensors, [name])[0]


def words(tensors: Tensors, name: str, ids: Node) -> Node:
    """Rows of the table of words: (B, T) to (B, T, H)."""
    return tensors.linears.look_up(tensors, name, ids)


def _plain_linear(x: Node, tensors: Tensors, name: str) -> Node:
    y = op.matmul(x, tensors.constant(f"{name}.weight"), False, True)
    return op.add(y, tensors.constant(f"{name}.bias")) if f"{name}.bias" in tensors else y


def layer_norm(x: Node, weight: AnyArray, bias: AnyArray | None, epsilon: float) -> Node:
    """Layer normalisation over the last axis (https://arxiv.org/abs/1607.06450)."""
    y = op.multiply(op.mvn(x, constant([-1]), True, epsilon, "inside_sqrt"), constant(weight))
    return y if bias is None else op.add(y, constant(bias))


def named_norm(x: Node, tensors: Tensors, name: str, epsilon: float) -> Node:
    """Layer normalisation by the tensors of that name; the oldest checkpoints say gamma and beta."""
    scale, shift = ("gamma", "beta") if f"{name}.gamma" in tensors else ("weight", "bias")
    bias = tensors[f"{name}.{shift}"] if f"{name}.{shift}" in tensors else None  # noqa: SIM401 (not a dict)
    return layer_norm(x, tensors[f"{name}.{scale}"], bias, epsilon)


def activation(x: Node, name: str) -> Node:
    """An activation by the name that configurations use.

    Raises:
        UnsupportedModelError: it is not one of those known here.
    """
    if name not in ACTIVATIONS:
        raise UnsupportedModelError(
            f"Activation {name!r} is not known to the OpenVINO engine.{closest(name, ACTIVATIONS)}"
        )
    return ACTIVATIONS[name](x)


ACTIVATIONS: dict[str, Any] = {
    "gelu": lambda x: op.gelu(x, "erf"),
    "gelu_python": lambda x: op.gelu(x, "erf"),
    "gelu_new": lambda x: op.gelu(x, "tanh"),
    "gelu_fast": lambda x: op.gelu(x, "tanh"),
    "gelu_pytorch_tanh": lambda x: op.gelu(x, "tanh"),
    "quick_gelu": lambda x: op.multiply(x, op.sigmoid(op.multiply(x, constant(np.float32(1.702))))),
    "relu": op.relu,
    "silu": lambda x: op.swish(x),
    "swish": lambda x: op.swish(x),
    "tanh": op.tanh,
    "sigmoid": op.sigmoid,
    "identity": lambda x: x,
}


def embedding(table: AnyArray, ids: Node) -> Node:
    """Rows of a table: (B, T) to (B, T, H)."""
    return op.gather(constant(table), ids, constant(np.int64(0)))


def length(inputs: TextInputs) -> Node:
    """T, as a vector of one number."""
    return op.unsqueeze(
        op.gather(op.shape_of(inputs.ids), constant(np.int64(1)), constant(np.int64(0))), constant(np.int64(0))
    )


def first_rows(table: AnyArray, count: Node) -> Node:
    """The first ``count`` rows of a table."""
    return op.slice(constant(table), constant([0]), count, constant([1]), constant([0]))


def first_token(x: Node, axis: int = 1) -> Node:
    """The first place along an axis, which stays: (B, T, H) to (B, 1, H)."""
    return op.slice(x, constant([0]), constant([1]), constant([1]), constant([axis]))


def offset_positions(inputs: TextInputs, padding_id: int) -> Node:
    """Position numbers as RoBERTa counts them: from ``padding_id + 1``, over tokens that are not the padding token."""
    real = op.convert(op.not_equal(inputs.ids, constant(np.int64(padding_id))), "i64")
    counted = op.multiply(op.cum_sum(real, constant(np.int64(1))), real)
    return op.add(counted, constant(np.int64(padding_id)))


def padding_bias(inputs: TextInputs) -> Node:
    """What is added to attention scores so that padding gets none: (B, 1, 1, T)."""
    mask = op.convert(op.unsqueeze(inputs.mask, constant([1, 2])), "f32")
    return op.multiply(op.subtract(constant(np.float32(1)), mask), constant(MASKED))


def split_heads(x: Node, heads: int, width: int) -> Node:
    """(B, T, N·D) to (B, N, T, D)."""
    return op.transpose(op.reshape(x, constant([0, 0, heads, width]), True), constant([0, 2, 1, 3]))


def join_heads(x: Node, heads: int, width: int) -> Node:
    """(B, N, T, D) to (B, T, N·D)."""
    return op.reshape(op.transpose(x, constant([0, 2, 1, 3])), constant([0, 0, heads * width]), True)


def attention(projections: Sequence[Node], bias: Node | None, heads: int, width: int) -> Node:
    """Scaled dot-product attention of several heads (https://arxiv.org/abs/1706.03762, section 3.2).

    Args:
        projections: query, key and value, each (B, T, N·D).
        bias: added to the scores; broadcasts to (B, N, T, T). None for nothing.
        heads: N.
        width: D.

    Returns:
        (B, T, N·D)
    """
    split = [split_heads(x, heads, width) for x in projections]
    return join_heads(op.scaled_dot_product_attention(*split, bias), heads, width)
