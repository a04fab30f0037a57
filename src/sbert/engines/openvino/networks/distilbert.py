"""DistilBERT (https://arxiv.org/abs/1910.01108): BERT's layers under other names, without token types."""

from __future__ import annotations

from typing import Any

from ....checkpoints.weights import Weights
from ..graph import (
    Node,
    Tensors,
    TextInputs,
    activation,
    attention,
    embedding,
    first_rows,
    length,
    linear,
    named_norm,
    op,
    padding_bias,
)

EPSILON = 1e-12


def build(config: dict[str, Any], weights: Weights, inputs: TextInputs) -> Node:
    """Lower the network; returns token vectors (B, T, H)."""
    tensors = Tensors(weights, "embeddings.word_embeddings.weight")
    heads = int(config["n_heads"])
    width = int(config["dim"]) // heads
    words = embedding(tensors["embeddings.word_embeddings.weight"], inputs.ids)
    positions = first_rows(tensors["embeddings.position_embeddings.weight"], length(inputs))
    x = named_norm(op.add(words, positions), tensors, "embeddings.LayerNorm", EPSILON)
    bias = padding_bias(inputs)
    for index in range(int(config["n_layers"])):
        name = f"transformer.layer.{index}"
        projections = (linear(x, tensors, f"{name}.attention.{part}_lin") for part in "qkv")
        attended = linear(attention(*projections, bias, heads, width), tensors, f"{name}.attention.out_lin")
        x = named_norm(op.add(attended, x), tensors, f"{name}.sa_layer_norm", EPSILON)
        inner = activation(linear(x, tensors, f"{name}.ffn.lin1"), config.get("activation", "gelu"))
        x = named_norm(op.add(linear(inner, tensors, f"{name}.ffn.lin2"), x), tensors, f"{name}.output_layer_norm", EPSILON)
    return x
