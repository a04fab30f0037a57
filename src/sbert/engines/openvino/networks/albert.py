"""ALBERT (https://arxiv.org/abs/1909.11942): narrow embeddings, and layers that share their weights."""

from __future__ import annotations

from typing import Any

from ....checkpoints.weights import Weights
from ..graph import Linears, Node, Tensors, TextInputs, linear, padding_bias
from .bert import LANDMARK, embeddings, shape_of
from .post_norm import Names, post_norm_layers

NAMES = Names(
    query="attention.query",
    key="attention.key",
    value="attention.value",
    attention_output="attention.dense",
    attention_norm="attention.LayerNorm",
    inner="ffn",
    outer="ffn_output",
    output_norm="full_layer_layer_norm",
)


def build(config: dict[str, Any], weights: Weights, inputs: TextInputs, linears: Linears) -> Node:
    """Lower the network; returns token vectors (B, T, H), or of the first token alone where no other is read."""
    tensors = Tensors(weights, LANDMARK, linears)
    shape = shape_of(config)
    x = linear(embeddings(config, tensors, inputs, shape.epsilon), tensors, "encoder.embedding_hidden_mapping_in")
    bias = padding_bias(inputs)
    count, groups = int(config["num_hidden_layers"]), int(config.get("num_hidden_groups", 1))
    inner = range(int(config.get("inner_group_num", 1)))
    layers = [
        f"encoder.albert_layer_groups.{index * groups // count}.albert_layers.{part}"
        for index in range(count)
        for part in inner
    ]
    return post_norm_layers(x, bias, tensors, layers, NAMES, shape, first_only=inputs.first_only)
