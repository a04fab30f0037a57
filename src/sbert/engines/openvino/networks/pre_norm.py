"""The layer with its normalisations in front, as in networks that read images, but for the names of its tensors."""

from __future__ import annotations

from collections.abc import Sequence

from ..graph import Node, Tensors, activation, attention, linear, named_norm, op
from .post_norm import Names, Shape


def pre_norm_layers(
    x: Node, bias: Node | None, tensors: Tensors, layers: Sequence[str], names: Names, shape: Shape
) -> Node:
    """Layer after layer, each of attention and a feed-forward network on what is normalised, with residual paths.

    As in https://arxiv.org/abs/2002.04745.

    Args:
        x: (B, T, H).
        bias: added to the attention scores; broadcasts to (B, N, T, T). None where every place sees all.
        tensors: the network's.
        layers: prefixes of the layers' tensors.
        names: what the architecture calls them; its normalisations are those in front.
        shape: heads, widths and the like.

    Returns:
        (B, T, H).
    """
    for layer in layers:
        y = named_norm(x, tensors, f"{layer}.{names.attention_norm}", shape.epsilon)
        parts = [f"{layer}.{name}" for name in (names.query, names.key, names.value)]
        attended = attention(tensors.linears.apply(y, tensors, parts), bias, shape.heads, shape.width)
        x = op.add(x, linear(attended, tensors, f"{layer}.{names.attention_output}"))
        y = named_norm(x, tensors, f"{layer}.{names.output_norm}", shape.epsilon)
        inner = activation(linear(y, tensors, f"{layer}.{names.inner}"), shape.activation)
        x = op.add(x, linear(inner, tensors, f"{layer}.{names.outer}"))
    return x
