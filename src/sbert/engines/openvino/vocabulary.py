"""The heads that networks are pre-trained with: from token vectors to a number for each word of the vocabulary.

Each architecture calls its parts otherwise; the arithmetic is one: a layer, an activation, a normalisation, and the
product with the table of words, which most share with their input.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ...checkpoints.modules import TransformerSpec
from ...checkpoints.weights import Weights
from ...errors import CorruptCheckpointError
from .graph import Linears, Node, Tensors, activation, linear, named_norm, op


@dataclass(frozen=True)
class _Parts:
    """What an architecture calls the parts of its head.

    Args:
        dense: the layer.
        norm: the normalisation after it.
        decoder: the product with the table of words, where it has a table of its own.
        biases: names that a word's own number may have; the first that is there is read.
        words: the table of words, inside the network.
        activations: keys of the configuration that name the activation; the first that is there counts, else gelu.
        epsilons: the same of the normalisation's epsilon, else 1e-12.
    """

    dense: str
    norm: str
    decoder: str
    biases: tuple[str, ...]
    words: str = "embeddings.word_embeddings.weight"
    activations: tuple[str, ...] = ()
    epsilons: tuple[str, ...] = ("layer_norm_eps",)


_ROBERTA = _Parts("lm_head.dense", "lm_head.layer_norm", "lm_head.decoder", ("lm_head.decoder.bias", "lm_head.bias"))

_PARTS: dict[str, _Parts] = {
    "bert": _Parts(
        "cls.predictions.transform.dense",
        "cls.predictions.transform.LayerNorm",
        "cls.predictions.decoder",
        ("cls.predictions.decoder.bias", "cls.predictions.bias"),
        activations=("hidden_act",),
    ),
    "distilbert": _Parts(
        "vocab_transform",
        "vocab_layer_norm",
        "vocab_projector",
        ("vocab_projector.bias",),
        activations=("activation",),
        epsilons=(),
    ),
    "roberta": _ROBERTA,
    "xlm-roberta": _ROBERTA,
    "camembert": _ROBERTA,
    "mpnet": _ROBERTA,
    "electra": _Parts(
        "generator_predictions.dense",
        "generator_predictions.LayerNorm",
        "generator_lm_head",
        ("generator_lm_head.bias",),
    ),
    "albert": _Parts(
        "predictions.dense",
        "predictions.LayerNorm",
        "predictions.decoder",
        ("predictions.decoder.bias", "predictions.bias"),
        activations=("hidden_act",),
    ),
    "modernbert": _Parts(
        "head.dense",
        "head.norm",
        "decoder",
        ("decoder.bias",),
        words="embeddings.tok_embeddings.weight",
        activations=("classifier_activation",),
        epsilons=("norm_eps",),
    ),
}


def why_not(network: TransformerSpec) -> str | None:
    """Why a network's head cannot be lowered; None when it can."""
    if network.model_type not in _PARTS:
        return f"the head of architecture {network.model_type!r} is not known to it"
    return None if network.has_head else "its weights have no head that tells words"


def lower_vocabulary(config: dict[str, Any], weights: Weights, tokens: Node, linears: Linears) -> Node:
    """Append the head to a graph.

    Args:
        config: the network's configuration.
        weights: all tensors of the checkpoint.
        tokens: token vectors, (B, T, H).
        linears: how the table of words is lowered; what is left stays in float.

    Returns:
        A number for each word at each token, (B, T, words).

    Raises:
        CorruptCheckpointError: a tensor is missing.
    """
    parts = _PARTS[str(config["model_type"])]
    own = Tensors(weights, f"{parts.dense}.weight", Linears())
    x = linear(tokens, own, parts.dense)
    x = activation(x, next((str(config[key]) for key in parts.activations if config.get(key)), "gelu"))
    epsilon = next((float(config[key]) for key in parts.epsilons if config.get(key)), 1e-12)
    x = named_norm(x, own, parts.norm, epsilon)
    if f"{parts.decoder}.weight" in own:
        y = op.matmul(x, own.constant(f"{parts.decoder}.weight"), False, True)
    elif config.get("tie_word_embeddings", True):
        y = linears.compare(x, Tensors(weights, parts.words, linears), parts.words)
    else:
        raise CorruptCheckpointError(f"{weights.source} has no tensor {parts.decoder + '.weight'!r}.")
    bias = next((name for name in parts.biases if name in own), None)
    return y if bias is None else op.add(y, own.constant(bias))
