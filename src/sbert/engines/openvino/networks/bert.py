"""BERT and its close kin: absolute positions, normalisation after each sub-layer.

BERT (https://arxiv.org/abs/1810.04805), RoBERTa (https://arxiv.org/abs/1907.11692), XLM-RoBERTa
(https://arxiv.org/abs/1911.02116), CamemBERT (https://arxiv.org/abs/1911.03894) and ELECTRA
(https://arxiv.org/abs/2003.10555) differ in how positions are counted and in ELECTRA's narrower embeddings.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ....checkpoints.modules.transformer import OFFSET_POSITIONS, padding_id
from ....checkpoints.weights import Weights
from ..graph import (
    Linears,
    Node,
    Tensors,
    TextInputs,
    constant,
    embedding,
    first_rows,
    length,
    linear,
    named_norm,
    offset_positions,
    op,
    padding_bias,
    words,
)
from .post_norm import Names, Shape, post_norm_layers

LANDMARK = "embeddings.word_embeddings.weight"
NAMES = Names(
    query="attention.self.query",
    key="attention.self.key",
    value="attention.self.value",
    attention_output="attention.output.dense",
    attention_norm="attention.output.LayerNorm",
    inner="intermediate.dense",
    outer="output.dense",
    output_norm="output.LayerNorm",
)


def build(config: dict[str, Any], weights: Weights, inputs: TextInputs, linears: Linears) -> Node:
    """Lower the network; returns token vectors (B, T, H), or of the first token alone where no other is read."""
    tensors = Tensors(weights, LANDMARK, linears)
    shape = shape_of(config)
    x = embeddings(config, tensors, inputs, shape.epsilon)
    if "embeddings_project.weight" in tensors:  # ELECTRA
        x = linear(x, tensors, "embeddings_project")
    bias = padding_bias(inputs)
    layers = [f"encoder.layer.{index}" for index in range(int(config["num_hidden_layers"]))]
    return post_norm_layers(x, bias, tensors, layers, NAMES, shape, first_only=inputs.first_only)


def shape_of(config: dict[str, Any]) -> Shape:
    """A layer's numbers, from the keys that BERT and its kin use."""
    heads = int(config["num_attention_heads"])
    epsilon = float(config.get("layer_norm_eps", 1e-12))
    return Shape(heads, int(config["hidden_size"]) // heads, epsilon, str(config["hidden_act"]))


def embeddings(config: dict[str, Any], tensors: Tensors, inputs: TextInputs, epsilon: float) -> Node:
    """Word, position and type embeddings, added and normalised: (B, T, E)."""
    x = words(tensors, LANDMARK, inputs.ids)
    kinds = "embeddings.token_type_embeddings.weight"
    if kinds in tensors:
        table = tensors[kinds]
        # With a single type there is nothing to look up: its row is part of every token.
        x = op.add(x, embedding(table, inputs.type_ids) if len(table) > 1 else constant(np.ascontiguousarray(table[0])))
    table = tensors["embeddings.position_embeddings.weight"]
    if config["model_type"] in OFFSET_POSITIONS:
        positions = embedding(table, offset_positions(inputs, padding_id(config)))
    else:
        positions = first_rows(table, length(inputs))
    return named_norm(op.add(x, positions), tensors, "embeddings.LayerNorm", epsilon)
