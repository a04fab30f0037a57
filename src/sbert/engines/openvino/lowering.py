"""From a model's spec and weights to one OpenVINO graph, all modules included."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from ...checkpoints import ModelSpec
from ...checkpoints.modules import ImageTextSpec, PoolingSpec, TransformerSpec
from ...checkpoints.modules.transformer import CLASSIFICATION, FILL_MASK, NEXT_WORD
from ...checkpoints.weights import Weights
from ...errors import CorruptCheckpointError
from . import heads, modules, vocabulary
from .feeds import IDS, MASK, POOLED, TYPES
from .graph import Linears, TextInputs, parameter
from .networks import builder, image_text
from .networks import why_not as why_not_network
from .runtime import import_openvino

#: What lowers the head of each task that has one.
_HEADS: dict[str, Any] = {CLASSIFICATION: heads, FILL_MASK: vocabulary}


def why_not(spec: ModelSpec) -> str | None:
    """Why this engine cannot run a model; None when it can."""
    first = spec.modules[0] if spec.modules else None
    if isinstance(first, ImageTextSpec):
        reasons = [image_text.why_not(first.config), *map(modules.why_not, spec.modules[1:])]
        return next((reason for reason in reasons if reason), None)
    if not isinstance(first, TransformerSpec):
        return "it does not start with a Transformer"
    network = first
    if network.task == NEXT_WORD:
        return "it scores by what a language model says next"
    head = _HEADS[network.task].why_not(network) if network.task in _HEADS else None
    reasons = [why_not_network(network.config), head, *map(modules.why_not, spec.modules[1:])]
    return next((reason for reason in reasons if reason), None)


def lower_both(spec: ModelSpec, weights: Weights, *, images: bool) -> Any:
    """Lower one of the networks of a model that reads texts and images.

    Args:
        spec: the model.
        weights: the tensors of both networks.
        images: whether it is that for images.

    Returns:
        An ``openvino.Model`` whose output is the vectors, (B, D). Its inputs are those of :func:`lower`, or ``pixels``
        (B, 3, height, width) float32.

    Raises:
        UnsupportedModelError: an activation or a module is not known here.
        CorruptCheckpointError: a tensor is missing or has a shape that does not fit.
    """
    first = spec.input
    assert isinstance(first, ImageTextSpec)  # noqa: S101  (the engine has looked)
    with _told(first.folder):
        if images:
            inputs = [parameter("pixels", (-1, 3, -1, -1), np.float32)]
            sentence = image_text.build_image(first.config, weights, inputs[0])
        else:
            inputs = [parameter(IDS), parameter(MASK)]
            sentence = image_text.build_text(first.config, weights, TextInputs(inputs[0], inputs[1], inputs[1]))
        features = modules.Features(sentence, inputs[0], sentence)
        for module in spec.modules[1:]:
            features = modules.lower_module(module, features)
        return import_openvino().Model([features.read(spec.output)], inputs, first.model_type)


@contextmanager
def _told(folder: Path) -> Iterator[None]:
    """Tell errors of lowering a damaged checkpoint as what they are."""
    try:
        yield
    except (TypeError, ValueError, ZeroDivisionError) as error:
        raise CorruptCheckpointError(f"{folder / 'config.json'} has settings that make no network: {error}") from error
    except KeyError as error:
        raise CorruptCheckpointError(f"{folder / 'config.json'} lacks {error.args[0]!r}.") from error
    except RuntimeError as error:  # what OpenVINO raises when shapes do not fit together
        raise CorruptCheckpointError(f"The tensors of {folder} do not fit its config.json: {error}") from error


def lower(spec: ModelSpec, weights: Weights, *, tokens_out: bool, linears: Linears | None = None) -> Any:
    """Lower a model.

    Args:
        spec: the model.
        weights: its network's tensors.
        tokens_out: whether the graph's output is the token vectors (B, T, H) instead of the sentence vector, or the
            scores of a network with a head, (B, D).
        linears: how its linear layers are lowered; as they are stored by default.

    Returns:
        An ``openvino.Model`` with the inputs it needs of ``input_ids``, ``attention_mask``, ``token_type_ids`` and
        ``pooling_mask``, each (B, T) int64.

    Raises:
        UnsupportedModelError: the architecture or a module is not known here.
        CorruptCheckpointError: a tensor is missing or has a shape that does not fit.
    """
    ov = import_openvino()
    transformer = spec.transformer
    build = builder(transformer.config)
    first_only = not tokens_out and _reads_first_only(spec)
    inputs = TextInputs(parameter(IDS), parameter(MASK), parameter(TYPES), first_only)
    pooled = parameter(POOLED) if leaves_prompt_out(spec) else inputs.mask
    with _told(transformer.folder):
        linears = linears or Linears()
        tokens = build(transformer.config, weights, inputs, linears)
        if transformer.task == FILL_MASK:
            tokens = vocabulary.lower_vocabulary(transformer.config, weights, tokens, linears)
        features = modules.Features(tokens, pooled)
        if transformer.scores and not tokens_out:
            features = replace(features, scores=heads.lower_head(transformer.config, weights, tokens, inputs.mask))
        for module in spec.modules[1:]:
            if tokens_out and module.pools:
                break
            features = modules.lower_module(module, features)
        output = features.tokens if tokens_out else features.read(spec.output)
        parameters = dict.fromkeys([inputs.ids, inputs.mask, inputs.type_ids, pooled])
        # A graph may have no inputs that nothing reads: what is read depends on the architecture.
        used = [node for node in parameters if node is inputs.mask or node.output(0).get_target_inputs()]
        return ov.Model([output], used, transformer.model_type)


def _reads_first_only(spec: ModelSpec) -> bool:
    """Whether the first token's vector is all that a head or the pooling reads, so that the others' may be left out."""
    if spec.scores:
        return heads.reads_first_only(spec.transformer.config)
    pooling = next((module for module in spec.modules[1:] if module.pools), None)
    return isinstance(pooling, PoolingSpec) and pooling.modes == ("cls",) and not leaves_prompt_out(spec)


def leaves_prompt_out(spec: ModelSpec) -> bool:
    """Whether the tokens of a prompt are kept out of pooling."""
    return any(isinstance(module, PoolingSpec) and not module.include_prompt for module in spec.modules)
