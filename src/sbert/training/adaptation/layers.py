"""Fewer layers: a student that is a part of its teacher, to be trained on the teacher's vectors.

Sanh et al., https://arxiv.org/abs/1910.01108, section 3; Sajjad et al., https://arxiv.org/abs/2004.03844.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

from torch import nn

from ...errors import InputError


def drop_layers(model: Any, keep: Sequence[int]) -> None:
    """Keep some of the layers of a model's network, and drop the others. The model is changed.

    Layers that are spread over the network keep more than its first ones: of twelve, ``[0, 3, 6, 9]`` or ``[1, 4, 7,
    10]``. Its vectors mean little before it has been trained, by :class:`~sbert.losses.MSELoss` on its teacher's.

    Args:
        model: whose network is one of transformers with a stack of layers.
        keep: numbers of layers, from 0, in their order.

    Raises:
        InputError: there is no such layer, the network has no stack of layers, or its layers differ by their number, as
            ModernBERT's do.
    """
    network: Any = model.trainable("drop_layers()")
    auto_model = getattr(network[0], "auto_model", None)
    stack = None if auto_model is None else _stack(auto_model)
    if stack is None or auto_model is None:
        raise InputError("drop_layers() needs a model whose network has a stack of layers.")
    if len(set(getattr(auto_model.config, "layer_types", None) or ())) > 1:
        kind = auto_model.config.model_type
        raise InputError(f"drop_layers() needs layers that do not depend on their number; those of {kind} do.")
    parent, name, layers = stack
    wrong = [number for number in keep if not 0 <= number < len(layers)]
    if wrong or not keep or list(keep) != sorted(set(keep)):
        raise InputError(f"keep must be numbers of layers from 0 to {len(layers) - 1}, rising; got {list(keep)}.")
    setattr(parent, name, nn.ModuleList(layers[number] for number in keep))
    config = copy.deepcopy(auto_model.config)
    counted = next(one for one in ("num_hidden_layers", "n_layers", "num_layers") if hasattr(config, one))
    setattr(config, counted, len(keep))
    auto_model.config = config
    for module in auto_model.modules():
        if getattr(module, "config", None) is not None and module is not auto_model:
            module.config = config


def _stack(network: nn.Module) -> tuple[nn.Module, str, nn.ModuleList] | None:
    """The longest list of layers in a network, with who holds it under what name."""
    found: tuple[nn.Module, str, nn.ModuleList] | None = None
    for parent in network.modules():
        for name, child in parent.named_children():
            if isinstance(child, nn.ModuleList) and (found is None or len(child) > len(found[2])):
                found = parent, name, child
    return found
