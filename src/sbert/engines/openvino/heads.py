"""The heads of networks that give scores of a text or a pair: from token vectors to one number a label.

Each architecture has its own, as transformers' classes named ``...ForSequenceClassification`` compute them. They are
small, and stay in float whatever the network computes in.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...checkpoints.modules import TransformerSpec
from ...checkpoints.weights import Weights
from .graph import ACTIVATIONS, Linears, Node, Tensors, activation, constant, linear, named_norm, op
from .poolings import POOLINGS


@dataclass(frozen=True)
class Head:
    """What a head is lowered from.

    Args:
        config: the network's configuration.
        weights: all tensors of the checkpoint.
        mask: 1 for a token and 0 for padding, (B, T) int64.
    """

    config: dict[str, Any]
    weights: Weights
    mask: Node

    def apply(self, x: Node, name: str) -> Node:
        """The linear layer of that name: (B, H) to (B, ...)."""
        landmark = f"{name}.weight"
        tensors = Tensors(self.weights, landmark, Linears())
        return linear(x, tensors, name)


def lower_head(config: dict[str, Any], weights: Weights, tokens: Node, mask: Node) -> Node:
    """Append a network's head to its graph.

    Args:
        config: the network's configuration.
        weights: all tensors of the checkpoint.
        tokens: token vectors, (B, T, H).
        mask: 1 for a token and 0 for padding, (B, T) int64.

    Returns:
        The scores, (B, L), before any activation.

    Raises:
        CorruptCheckpointError: a tensor is missing.
    """
    return _HEADS[str(config["model_type"])](Head(config, weights, mask), tokens)


def reads_first_only(config: dict[str, Any]) -> bool:
    """Whether a head reads the first token's vector alone, as all do but some of ModernBERT's."""
    return config.get("model_type") != "modernbert" or config.get("classifier_pooling", "cls") == "cls"


def why_not(network: TransformerSpec) -> str | None:
    """Why a network's head cannot be lowered; None when it can."""
    if network.model_type not in _HEADS:
        return f"the head of architecture {network.model_type!r} is not known to it"
    if not network.has_head:
        return "its weights have no head that gives scores, so one must be trained first"
    named = str(network.config.get("classifier_activation", "gelu"))
    return None if named in ACTIVATIONS else f"activation {named!r} of its head is not known to it"


def _first(tokens: Node) -> Node:
    """The first token's vector, (B, H)."""
    return op.gather(tokens, constant(np.int64(0)), constant(np.int64(1)))


def _pooled_by(pooler: str) -> Callable[[Head, Node], Node]:
    """BERT's and ALBERT's: a pooler that the network was pre-trained with, then one layer."""

    def lower(head: Head, tokens: Node) -> Node:
        return head.apply(op.tanh(head.apply(_first(tokens), pooler)), "classifier")

    return lower


def _two_layers(inner: str, function: Callable[[Node], Node], outer: str) -> Callable[[Head, Node], Node]:
    """Two layers on the first token's vector, with a function between them."""

    def lower(head: Head, tokens: Node) -> Node:
        return head.apply(function(head.apply(_first(tokens), inner)), outer)

    return lower


def _modernbert(head: Head, tokens: Node) -> Node:
    config = head.config
    x = _first(tokens) if config.get("classifier_pooling", "cls") == "cls" else POOLINGS["mean"](tokens, head.mask)
    x = activation(head.apply(x, "head.dense"), str(config.get("classifier_activation", "gelu")))
    norm = Tensors(head.weights, "head.norm.weight", Linears())
    return head.apply(named_norm(x, norm, "head.norm", float(config.get("norm_eps", 1e-5))), "classifier")


def _gelu(x: Node) -> Node:
    return activation(x, "gelu")


_DENSE, _OUT = "classifier.dense", "classifier.out_proj"

_HEADS: dict[str, Callable[[Head, Node], Node]] = {
    "bert": _pooled_by("pooler.dense"),
    "albert": _pooled_by("pooler"),
    "roberta": _two_layers(_DENSE, op.tanh, _OUT),
    "xlm-roberta": _two_layers(_DENSE, op.tanh, _OUT),
    "camembert": _two_layers(_DENSE, op.tanh, _OUT),
    "mpnet": _two_layers(_DENSE, op.tanh, _OUT),
    "electra": _two_layers(_DENSE, _gelu, _OUT),
    "distilbert": _two_layers("pre_classifier", op.relu, "classifier"),
    "modernbert": _modernbert,
}
