"""The architectures that are lowered to OpenVINO graphs, one file a family.

A file has one function, ``build(config, weights, inputs, linears)``, that returns the node of the token vectors. A new
architecture is one file and one line here; the conformance suite then compares it with transformers.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

from ....checkpoints.modules.transformer import STORED_INT8
from ....errors import UnsupportedModelError
from ..graph import ACTIVATIONS

#: From the ``model_type`` of a configuration to the module that lowers it.
NETWORKS = {
    "bert": "bert",
    "roberta": "bert",
    "xlm-roberta": "bert",
    "camembert": "bert",
    "electra": "bert",
    "distilbert": "distilbert",
    "mpnet": "mpnet",
    "albert": "albert",
    "modernbert": "modernbert",
}


_ACTIVATION_KEYS = ("hidden_act", "hidden_activation", "activation")


def why_not(config: dict[str, Any]) -> str | None:
    """Why a configuration cannot be lowered; None when it can."""
    model_type = config.get("model_type")
    if model_type not in NETWORKS:
        return f"architecture {model_type!r} is not one of {', '.join(NETWORKS)}"
    if config.get("position_embedding_type", "absolute") != "absolute":
        return f"position_embedding_type {config['position_embedding_type']!r} is not known to it"
    if config.get("is_decoder"):
        return "the network is a decoder"
    if (stored := config.get("quantization_config")) and stored.get("quant_method") != STORED_INT8:
        return "the weights are stored in a quantised form that is not its own"
    activation = next((config[key] for key in _ACTIVATION_KEYS if config.get(key)), "gelu")
    if activation not in ACTIVATIONS:
        return f"activation {activation!r} is not known to it"
    ropes = [config.get("rope_scaling"), *(config.get("rope_parameters") or {}).values()]
    if any(isinstance(rope, dict) and rope.get("rope_type", "default") != "default" for rope in ropes):
        return "its rotary positions are scaled, and only plain ones are known"
    return None


def builder(config: dict[str, Any]) -> Callable[..., Any]:
    """The function that lowers a configuration.

    Raises:
        UnsupportedModelError: there is none.
    """
    if reason := why_not(config):
        raise UnsupportedModelError(f"The OpenVINO engine does not run this model: {reason}.")
    module = importlib.import_module(f".{NETWORKS[config['model_type']]}", __name__)
    build: Callable[..., Any] = module.build
    return build
