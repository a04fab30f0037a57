"""MPNet (https://arxiv.org/abs/2004.09297): positions both absolute, as in RoBERTa, and relative, added to the scores."""

from __future__ import annotations

from typing import Any

import numpy as np

from ....checkpoints.modules.transformer import usable_positions
from ....checkpoints.weights import Weights
from ....types import AnyArray
from ..graph import (
    Node,
    Tensors,
    TextInputs,
    activation,
    attention,
    constant,
    embedding,
    length,
    linear,
    named_norm,
    offset_positions,
    op,
    padding_bias,
)

# The relative distances that get a number of their own; fixed in the published model's code.
_MAX_DISTANCE = 128


def build(config: dict[str, Any], weights: Weights, inputs: TextInputs) -> Node:
    """Lower the network; returns token vectors (B, T, H)."""
    tensors = Tensors(weights, "embeddings.word_embeddings.weight")
    heads = int(config["num_attention_heads"])
    width = int(config["hidden_size"]) // heads
    epsilon = float(config.get("layer_norm_eps", 1e-12))
    padding = config.get("pad_token_id")
    words = embedding(tensors["embeddings.word_embeddings.weight"], inputs.ids)
    numbers = offset_positions(inputs, 1 if padding is None else int(padding))
    positions = embedding(tensors["embeddings.position_embeddings.weight"], numbers)
    x = named_norm(op.add(words, positions), tensors, "embeddings.LayerNorm", epsilon)
    bias = op.add(_relative_bias(config, tensors, inputs), padding_bias(inputs))  # (B, N, T, T)
    for index in range(int(config["num_hidden_layers"])):
        name = f"encoder.layer.{index}"
        projections = (linear(x, tensors, f"{name}.attention.attn.{part}") for part in "qkv")
        attended = linear(attention(*projections, bias, heads, width), tensors, f"{name}.attention.attn.o")
        x = named_norm(op.add(attended, x), tensors, f"{name}.attention.LayerNorm", epsilon)
        inner = activation(linear(x, tensors, f"{name}.intermediate.dense"), config["hidden_act"])
        x = named_norm(op.add(linear(inner, tensors, f"{name}.output.dense"), x), tensors, f"{name}.output.LayerNorm", epsilon)
    return x


def _relative_bias(config: dict[str, Any], tensors: Tensors, inputs: TextInputs) -> Node:
    """The learned bias of each head for each distance between two tokens: (1, N, T, T)."""
    table = tensors["encoder.relative_attention_bias.weight"]  # (buckets, N)
    longest = usable_positions(config) or int(config["max_position_embeddings"])
    position = np.arange(longest)
    distance = position[None, :] - position[:, None]  # key minus query
    values = np.ascontiguousarray(table[buckets(distance, len(table))].transpose(2, 0, 1))[None]  # (1, N, L, L)
    count = length(inputs)
    both = op.concat([count, count], 0)
    return op.slice(constant(values), constant([0, 0]), both, constant([1, 1]), constant([2, 3]))


def buckets(distance: AnyArray, count: int) -> AnyArray:
    """The bucket of each relative distance: half for each direction, near ones exact, far ones by logarithm.

    The scheme of T5 (https://arxiv.org/abs/1910.10683, section 2.1), for both directions.

    Args:
        distance: key position minus query position, any shape.
        count: number of buckets.

    >>> buckets(np.array([-200, -1, 0, 1, 7, 8, 200]), 32).tolist()
    [15, 1, 0, 17, 23, 24, 31]
    """
    half = count // 2
    exact = half // 2
    away = np.abs(distance)
    # float32 throughout, as in the published model, so that borders between buckets fall alike.
    scale = np.float32(half - exact) / np.float32(np.log(_MAX_DISTANCE / exact))
    far = exact + (np.log(np.maximum(away, 1).astype(np.float32) / np.float32(exact)) * scale).astype(np.int64)
    return np.where(distance > 0, half, 0) + np.where(away < exact, away, np.minimum(far, half - 1))
