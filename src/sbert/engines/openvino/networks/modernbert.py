"""ModernBERT (https://arxiv.org/abs/2412.13663): rotary positions, local and global attention in turn, gated layers."""

from __future__ import annotations

from typing import Any

import numpy as np

from ....checkpoints.weights import Weights
from ..graph import (
    MASKED,
    Linears,
    Node,
    Tensors,
    TextInputs,
    activation,
    constant,
    first_rows,
    first_token,
    join_heads,
    length,
    linear,
    named_norm,
    op,
    padding_bias,
    split_heads,
    words,
)

LANDMARK = "embeddings.tok_embeddings.weight"
FULL, LOCAL = "full_attention", "sliding_attention"


def build(config: dict[str, Any], weights: Weights, inputs: TextInputs, linears: Linears) -> Node:
    """Lower the network; returns token vectors (B, T, H), or of the first token alone where no other is read."""
    tensors = Tensors(weights, LANDMARK, linears)
    heads = int(config["num_attention_heads"])
    width = int(config["hidden_size"]) // heads
    epsilon = float(config.get("norm_eps", 1e-5))
    kinds = layer_kinds(config)
    count = length(inputs)
    padding = padding_bias(inputs)  # (B, 1, 1, T)
    bias = {FULL: padding, LOCAL: op.add(padding, _window_bias(int(config.get("local_attention", 128)), count))}
    longest = int(config["max_position_embeddings"])
    rotation = {kind: _rotation(rope_theta(config, kind), longest, width, count) for kind in set(kinds)}

    x = words(tensors, LANDMARK, inputs.ids)
    x = named_norm(x, tensors, "embeddings.norm", epsilon)
    for index, kind in enumerate(kinds):
        name = f"layers.{index}"
        # The first layer has no normalisation of its own: the embeddings have just had theirs.
        y = named_norm(x, tensors, f"{name}.attn_norm", epsilon) if index else x
        parts = op.split(linear(y, tensors, f"{name}.attn.Wqkv"), constant(np.int64(2)), 3)
        query, key, value = (split_heads(parts.output(i), heads, width) for i in range(3))
        query, key = (_rotate(each, *rotation[kind]) for each in (query, key))
        seen = bias[kind]
        if inputs.first_only and index == len(kinds) - 1:  # nobody looks at what the other tokens see
            x, query, seen = first_token(x), first_token(query, axis=2), first_token(seen, axis=2)
        attended = join_heads(op.scaled_dot_product_attention(query, key, value, seen), heads, width)
        x = op.add(x, linear(attended, tensors, f"{name}.attn.Wo"))
        y = named_norm(x, tensors, f"{name}.mlp_norm", epsilon)
        gated = op.split(linear(y, tensors, f"{name}.mlp.Wi"), constant(np.int64(2)), 2)
        inner = op.multiply(activation(gated.output(0), config.get("hidden_activation", "gelu")), gated.output(1))
        x = op.add(x, linear(inner, tensors, f"{name}.mlp.Wo"))
    return named_norm(x, tensors, "final_norm", epsilon)


def layer_kinds(config: dict[str, Any]) -> list[str]:
    """Which attention each layer has, from a new or an old configuration."""
    if config.get("layer_types"):
        return list(config["layer_types"])
    every = int(config.get("global_attn_every_n_layers", 3))
    return [LOCAL if index % every else FULL for index in range(int(config["num_hidden_layers"]))]


def rope_theta(config: dict[str, Any], kind: str) -> float:
    """The base of the rotary frequencies for one kind of layer, from a new or an old configuration."""
    named = (config.get("rope_parameters") or {}).get(kind) or {}
    old, default = ("global_rope_theta", 160_000.0) if kind == FULL else ("local_rope_theta", 10_000.0)
    return float(named.get("rope_theta") or config.get(old) or default)


def _rotation(theta: float, longest: int, width: int, count: Node) -> tuple[Node, Node]:
    """Cosines and sines of every position's angles, each (T, D) (https://arxiv.org/abs/2104.09864)."""
    frequency = 1.0 / theta ** (np.arange(0, width, 2, dtype=np.float32) / np.float32(width))
    angle = np.arange(longest, dtype=np.float32)[:, None] * frequency.astype(np.float32)  # (L, D/2)
    both = np.concatenate([angle, angle], axis=1)
    return first_rows(np.cos(both), count), first_rows(np.sin(both), count)


def _rotate(x: Node, cosine: Node, sine: Node) -> Node:
    """Rotate each pair of a head's numbers by its position's angle: (B, N, T, D)."""
    halves = op.split(x, constant(np.int64(3)), 2)
    turned = op.concat([op.negative(halves.output(1)), halves.output(0)], 3)
    return op.add(op.multiply(x, cosine), op.multiply(turned, sine))


def _window_bias(window: int, count: Node) -> Node:
    """What keeps a token from seeing others more than half a window away: (T, T)."""
    zero, one = constant(np.int64(0)), constant(np.int64(1))
    position = op.range(zero, op.squeeze(count, constant([0])), one, "i64")
    distance = op.abs(op.subtract(op.unsqueeze(position, constant([0])), op.unsqueeze(position, constant([1]))))
    far = op.greater(distance, constant(np.int64(window // 2)))
    return op.multiply(op.convert(far, "f32"), constant(MASKED))
