"""ALBERT (https://arxiv.org/abs/1909.11942): narrow embeddings, and layers that share their weights."""

from __future__ import annotations

from typing import Any

from ....checkpoints.weights import Weights
from ..graph import Node, Tensors, TextInputs, activation, attention, linear, named_norm, op, padding_bias
from . import bert


def build(config: dict[str, Any], weights: Weights, inputs: TextInputs) -> Node:
    """Lower the network; returns token vectors (B, T, H)."""
    tensors = Tensors(weights, bert.LANDMARK)
    epsilon = float(config.get("layer_norm_eps", 1e-12))
    x = linear(bert.embeddings(config, tensors, inputs, epsilon), tensors, "encoder.embedding_hidden_mapping_in")
    bias = padding_bias(inputs)
    layers, groups = int(config["num_hidden_layers"]), int(config.get("num_hidden_groups", 1))
    for index in range(layers):
        group = index * groups // layers
        for inner in range(int(config.get("inner_group_num", 1))):
            name = f"encoder.albert_layer_groups.{group}.albert_layers.{inner}"
            x = _layer(x, bias, config, tensors, name, epsilon)
    return x


def _layer(x: Node, bias: Node, config: dict[str, Any], tensors: Tensors, name: str, epsilon: float) -> Node:
    heads = int(config["num_attention_heads"])
    width = int(config["hidden_size"]) // heads
    projections = (linear(x, tensors, f"{name}.attention.{part}") for part in ("query", "key", "value"))
    attended = linear(attention(*projections, bias, heads, width), tensors, f"{name}.attention.dense")
    x = named_norm(op.add(x, attended), tensors, f"{name}.attention.LayerNorm", epsilon)
    inner = linear(activation(linear(x, tensors, f"{name}.ffn"), config["hidden_act"]), tensors, f"{name}.ffn_output")
    return named_norm(op.add(inner, x), tensors, f"{name}.full_layer_layer_norm", epsilon)
