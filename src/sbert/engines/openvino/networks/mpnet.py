"""MPNet (https://arxiv.org/abs/2004.09297): absolute positions as in RoBERTa, and relative ones added to the scores."""

from __future__ import annotations

from typing import Any

import numpy as np

from ....checkpoints.modules.transformer import usable_positions
from ....checkpoints.weights import Weights
from ....types import AnyArray
from ..graph import Linears, Node, Tensors, TextInputs, constant, length, op, padding_bias
from .bert import LANDMARK, embeddings, shape_of
from .post_norm import Names, post_norm_layers

NAMES = Names(
    query="attention.attn.q",
    key="attention.attn.k",
    value="attention.attn.v",
    attention_output="attention.attn.o",
    attention_norm="attention.LayerNorm",
    inner="intermediate.dense",
    outer="output.dense",
    output_norm="output.LayerNorm",
)
# Fixed in the published model's code, whatever relative_attention_num_buckets says.
_BUCKETS, _MAX_DISTANCE = 32, 128


def build(config: dict[str, Any], weights: Weights, inputs: TextInputs, linears: Linears) -> Node:
    """Lower the network; returns token vectors (B, T, H), or of the first token alone where no other is read."""
    tensors = Tensors(weights, LANDMARK, linears)
    shape = shape_of(config)
    x = embeddings(config, tensors, inputs, shape.epsilon)
    bias = op.add(_relative_bias(config, tensors, inputs), padding_bias(inputs))  # (B, N, T, T)
    layers = [f"encoder.layer.{index}" for index in range(int(config["num_hidden_layers"]))]
    return post_norm_layers(x, bias, tensors, layers, NAMES, shape, first_only=inputs.first_only)


def _relative_bias(config: dict[str, Any], tensors: Tensors, inputs: TextInputs) -> Node:
    """The learned bias of each head for each distance between two tokens: (1, N, T, T)."""
    table = tensors["encoder.relative_attention_bias.weight"]  # (buckets, N)
    longest = usable_positions(config) or int(config["max_position_embeddings"])
    position = np.arange(longest)
    distance = position[None, :] - position[:, None]  # key minus query
    values = np.ascontiguousarray(table[buckets(distance, _BUCKETS)].transpose(2, 0, 1))[None]  # (1, N, L, L)
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
