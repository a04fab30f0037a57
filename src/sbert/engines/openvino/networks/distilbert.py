"""DistilBERT (https://arxiv.org/abs/1910.01108): BERT's layers under other names, without token types."""

from __future__ import annotations

from typing import Any

from ....checkpoints.weights import Weights
from ..graph import Linears, Node, Tensors, TextInputs, padding_bias
from .bert import LANDMARK, embeddings
from .post_norm import Names, Shape, post_norm_layers

NAMES = Names(
    query="attention.q_lin",
    key="attention.k_lin",
    value="attention.v_lin",
    attention_output="attention.out_lin",
    attention_norm="sa_layer_norm",
    inner="ffn.lin1",
    outer="ffn.lin2",
    output_norm="output_layer_norm",
)
_EPSILON = 1e-12  # fixed in the published model's code


def build(config: dict[str, Any], weights: Weights, inputs: TextInputs, linears: Linears) -> Node:
    """Lower the network; returns token vectors (B, T, H), or of the first token alone where no other is read."""
    tensors = Tensors(weights, LANDMARK, linears)
    heads = int(config["n_heads"])
    shape = Shape(heads, int(config["dim"]) // heads, _EPSILON, str(config.get("activation", "gelu")))
    x = embeddings(config, tensors, inputs, _EPSILON)
    bias = padding_bias(inputs)
    layers = [f"transformer.layer.{index}" for index in range(int(config["n_layers"]))]
    return post_norm_layers(x, bias, tensors, layers, NAMES, shape, first_only=inputs.first_only)
