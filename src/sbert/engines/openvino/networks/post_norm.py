"""The layer of the original Transformer encoder, which most architectures share but for the names of its tensors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ..graph import Node, Tensors, activation, attention, first_token, linear, named_norm, op


@dataclass(frozen=True)
class Names:
    """What an architecture calls the parts of a layer, relative to the layer."""

    query: str
    key: str
    value: str
    attention_output: str
    attention_norm: str
    inner: str
    outer: str
    output_norm: str


@dataclass(frozen=True)
class Shape:
    """The numbers that a layer needs.

    Args:
        heads: attention heads.
        width: width of a head.
        epsilon: of the normalisations.
        activation: name of the feed-forward network's activation.
    """

    heads: int
    width: int
    epsilon: float
    activation: str


def post_norm_layers(
    x: Node, bias: Node, tensors: Tensors, layers: Sequence[str], names: Names, shape: Shape, *, first_only: bool
) -> Node:
    """Layer after layer, each of attention and a feed-forward network with residual paths and normalisations.

    As in https://arxiv.org/abs/1706.03762, section 3.1.

    Args:
        x: (B, T, H).
        bias: added to the attention scores; broadcasts to (B, N, T, T).
        tensors: the network's.
        layers: prefixes of the layers' tensors.
        names: what the architecture calls them.
        shape: heads, widths and the like.
        first_only: whether only the first token's vector is wanted of the last layer.

    Returns:
        (B, T, H); (B, 1, H) with ``first_only``.
    """
    for place, layer in enumerate(layers, start=1):
        x = _layer(x, bias, tensors, layer, names, shape, first_only=first_only and place == len(layers))
    return x


def _layer(x: Node, bias: Node, tensors: Tensors, layer: str, names: Names, shape: Shape, *, first_only: bool) -> Node:
    def project(y: Node, name: str) -> Node:
        return linear(y, tensors, f"{layer}.{name}")

    projections = tensors.linears.apply(x, tensors, [f"{layer}.{n}" for n in (names.query, names.key, names.value)])
    if first_only:  # it looks at all tokens; nobody looks at what the others see
        x, projections[0], bias = first_token(x), first_token(projections[0]), first_token(bias, axis=2)
    attended = project(attention(projections, bias, shape.heads, shape.width), names.attention_output)
    x = named_norm(op.add(x, attended), tensors, f"{layer}.{names.attention_norm}", shape.epsilon)
    outer = project(activation(project(x, names.inner), shape.activation), names.outer)
    return named_norm(op.add(x, outer), tensors, f"{layer}.{names.output_norm}", shape.epsilon)
