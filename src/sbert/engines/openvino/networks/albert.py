"""ALBERT (https://arxiv.org/abs/1909.11942): narrow embeddings, and layers that share their weights."""

from __future__ import annotations

from typing import Any

from ....checkpoints.weights import Weights
from ..graph import Linears, Node, Tensors, TextInputs, linear, padding_bias
from .bert import LANDMARK, embeddings, shape_of
from .post_norm import Names, post_norm_layer

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
    """Lower the network; returns token vectors (B, T, H)."""
    tensors = Tensors(weights, LANDMARK, linears)
    shape = shape_of(config)
    x = linear(embeddings(config, tensors, inputs, shape.epsilon), tensors, "encoder.embedding_hidden_mapping_in")
    bias = padding_bias(inputs)
    layers, groups = int(config["num_hidden_layers"]), int(config.get("num_hidden_groups", 1))
    for index in range(layers):
        group = index * groups // layers
        for inner in range(int(config.get("inner_group_num", 1))):
            layer = f"encoder.albert_layer_groups.{group}.albert_layers.{inner}"
            x = post_norm_layer(x, bias, tensors, layer, NAMES, shape)
    return x
