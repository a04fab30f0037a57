"""BERT and its close kin: absolute positions, normalisation after each sub-layer.

BERT (https://arxiv.org/abs/1810.04805), RoBERTa (https://arxiv.org/abs/1907.11692), XLM-RoBERTa
(https://arxiv.org/abs/1911.02116), CamemBERT (https://arxiv.org/abs/1911.03894) and ELECTRA
(https://arxiv.org/abs/2003.10555) differ in how positions are counted and in ELECTRA's narrower embeddings.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ....checkpoints.weights import Weights
from ..graph import (
    Node,
    Tensors,
    TextInputs,
    activation,
    attention,
    constant,
    embedding,
    first_rows,
    length,
    linear,
    named_norm,
    offset_positions,
    op,
    padding_bias,
)

LANDMARK = "embeddings.word_embeddings.weight"
OFFSET = frozenset({"roberta", "xlm-roberta", "camembert"})


def build(config: dict[str, Any], weights: Weights, inputs: TextInputs) -> Node:
    """Lower the network; returns token vectors (B, T, H)."""
    tensors = Tensors(weights, LANDMARK)
    epsilon = float(config.get("layer_norm_eps", 1e-12))
    x = embeddings(config, tensors, inputs, epsilon)
    if "embeddings_project.weight" in tensors:  # ELECTRA
        x = linear(x, tensors, "embeddings_project")
    bias = padding_bias(inputs)
    for index in range(int(config["num_hidden_layers"])):
        x = layer(x, bias, config, tensors, f"encoder.layer.{index}", epsilon)
    return x


def embeddings(config: dict[str, Any], tensors: Tensors, inputs: TextInputs, epsilon: float) -> Node:
    """Word, position and type embeddings, added and normalised: (B, T, E)."""
    words = embedding(tensors[LANDMARK], inputs.ids)
    table = tensors["embeddings.position_embeddings.weight"]
    if config["model_type"] in OFFSET:
        padding = config.get("pad_token_id")
        positions = embedding(table, offset_positions(inputs, 1 if padding is None else int(padding)))
    else:
        positions = first_rows(table, length(inputs))
    types = tensors["embeddings.token_type_embeddings.weight"]
    # With a single type there is nothing to look up: its row is part of every token.
    kind = constant(np.ascontiguousarray(types[0])) if len(types) == 1 else embedding(types, inputs.type_ids)
    return named_norm(op.add(op.add(words, kind), positions), tensors, "embeddings.LayerNorm", epsilon)


def layer(x: Node, bias: Node, config: dict[str, Any], tensors: Tensors, name: str, epsilon: float) -> Node:
    """One layer: attention, then a feed-forward network, each with a residual path and a normalisation after it."""
    heads = int(config["num_attention_heads"])
    width = int(config["hidden_size"]) // heads
    projections = (linear(x, tensors, f"{name}.attention.self.{part}") for part in ("query", "key", "value"))
    attended = linear(attention(*projections, bias, heads, width), tensors, f"{name}.attention.output.dense")
    x = named_norm(op.add(x, attended), tensors, f"{name}.attention.output.LayerNorm", epsilon)
    inner = activation(linear(x, tensors, f"{name}.intermediate.dense"), config["hidden_act"])
    return named_norm(op.add(x, linear(inner, tensors, f"{name}.output.dense")), tensors, f"{name}.output.LayerNorm", epsilon)
