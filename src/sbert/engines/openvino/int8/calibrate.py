"""From a model in float to the same model in int8: calibration on texts, without training."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np

from ....checkpoints import ModelSpec
from ....checkpoints.modules import PoolingSpec
from ....checkpoints.modules.transformer import FEATURES
from ....checkpoints.weights import Weights
from ....errors import EngineError
from ....text import Batch, load_tokenizer, make_batch, plan_batches
from ....text.tokenizer import TextOrPair
from ....types import AnyArray, FloatArray
from ..feeds import feeds_of
from ..graph import Linears
from ..lowering import lower
from ..runtime import native_precision, run_once
from .fidelity import AIM, LEAST, Fidelity
from .linears import Int8Linears, int8_table, int8_tensors
from .observe import WatchedLinears, observe
from .search import Scales, search
from .texts import calibration_texts, in_pairs

_Item = TypeVar("_Item")

_TOKENS_IN_BATCH = 1024
#: A table of words shorter than this is left in float: it takes little room.
_LONG_TABLE = 1000
#: At most this part of the groups of layers is left in float, a few at a time; more would leave little of int8.
_MOST_IN_FLOAT, _AT_A_TIME = 4, 24


@dataclass(frozen=True)
class Quantized:
    """A network's tensors, its large ones in int8.

    Args:
        weights: by the checkpoint's names; those of :mod:`.linears` beside them.
        fidelity: what was measured.
    """

    weights: Weights
    fidelity: Fidelity


def quantize(spec: ModelSpec, weights: Weights, own: Sequence[str] | None) -> Quantized:
    """Quantise a model.

    Layers whose outputs change most are left in float, as many as the aim of :data:`.fidelity.AIM` asks for
    and a quarter at the most.

    Args:
        spec: the model, in float.
        weights: its network's tensors.
        own: the user's texts, beside those of the package.

    Raises:
        EngineError: vectors in int8 are too far from those in float32; both figures are named.
    """
    shown, held_back = calibration_texts(own, spec.prompts.values())
    if spec.scores:
        spec, shown, held_back = _without_head(spec), in_pairs(shown), in_pairs(held_back)
    watched = WatchedLinears()
    model = lower(spec, weights, tokens_out=True, linears=watched)
    batches = list(_batches(spec, shown))
    with _progress("Calibrating int8, once", len(batches) + len(watched.layers)) as step:
        seen = observe(model, watched, (step(batch) for batch in batches))
        chosen = {
            step(group): search(seen.pop(group), _stacked(weights, layers)) for group, layers in watched.layers.items()
        }
    exact = _vectors(spec, weights, None, held_back)
    return _faithful(spec, weights, watched, chosen, exact, held_back)


def _without_head(spec: ModelSpec) -> ModelSpec:
    """A network as its head sees it: by the vector that the scores are made of, whose fidelity can be told."""
    network = spec.transformer
    mode = str(network.config.get("classifier_pooling", "cls"))
    return replace(spec, modules=(replace(network, task=FEATURES), PoolingSpec(network.dimension, (mode,))))


@contextmanager
def _progress(description: str, total: int) -> Iterator[Callable[[_Item], _Item]]:
    """A bar that shows after two seconds in a terminal, and a function that passes an item on and counts it."""
    from tqdm.auto import tqdm

    with tqdm(total=total, desc=description, delay=2, disable=None) as bar:

        def counted(item: _Item) -> _Item:
            bar.update()
            return item

        yield counted


def _faithful(
    spec: ModelSpec,
    weights: Weights,
    watched: WatchedLinears,
    chosen: dict[str, Scales],
    exact: FloatArray,
    held_back: list[TextOrPair],
) -> Quantized:
    """Quantise all groups but the most sensitive ones: as few of those as fidelity allows."""
    by_error = sorted(chosen, key=lambda group: chosen[group].error)
    number = len(by_error)
    left_out = 0
    while True:
        groups = by_error[: number - left_out]
        tensors = _tensors(weights, {group: (watched.layers[group], chosen[group]) for group in groups})
        vectors = _vectors(spec, tensors, Int8Linears(tensors), held_back)
        layers = sum(map(len, watched.layers.values()))
        in_float = layers - sum(len(watched.layers[group]) for group in groups)
        fidelity = Fidelity.measured(exact, vectors, in_float, layers)
        step = max(1, number // _AT_A_TIME)
        if fidelity.apart >= AIM or left_out + step > number // _MOST_IN_FLOAT:
            break
        left_out += step
    if not fidelity.mean >= LEAST:  # also where a vector is not a number
        raise EngineError(
            f"int8 loses too much of {spec.name or 'this model'}: {fidelity}; a mean of {LEAST} is the least that is "
            "accepted. Use dtype='bfloat16', or pass calibrate= texts like yours."
        )
    return Quantized(tensors, fidelity)


def _tensors(weights: Weights, groups: dict[str, tuple[list[str], Scales]]) -> Weights:
    """All tensors of a network, with some groups of layers and the table of words in int8."""
    found: dict[str, AnyArray] = dict(weights)
    for layers, scales in groups.values():
        found |= int8_tensors(weights, layers, scales)
    for name in _tables_of_words(weights):
        found |= int8_table(name, weights.float32(name))
    return Weights({name: (array, "") for name, array in found.items()}, weights.source)


def _tables_of_words(weights: Weights) -> Iterator[str]:
    for name in weights:
        if name.endswith(("word_embeddings.weight", "tok_embeddings.weight")) and weights.shape(name)[0] >= _LONG_TABLE:
            yield name


def _stacked(weights: Weights, layers: list[str]) -> FloatArray:
    return np.concatenate([weights.float32(f"{layer}.weight") for layer in layers])


def _batches(spec: ModelSpec, texts: list[TextOrPair]) -> Iterator[Batch]:
    tokenizer = load_tokenizer(spec.transformer)
    tokens = tokenizer.batch(texts)
    for length, rows in plan_batches(tokens.lengths, _TOKENS_IN_BATCH, longest=tokenizer.max_length):
        yield make_batch(tokens, rows, length, tokenizer.pad_id)


def _vectors(spec: ModelSpec, weights: Weights, linears: Linears | None, texts: list[TextOrPair]) -> FloatArray:
    """Vectors of texts, in no particular but always the same order: (n, d)."""
    pooled = spec.pools
    run = run_once(
        lower(spec, weights, tokens_out=not pooled, linears=linears), native_precision() if linears else "f32"
    )
    found = []
    for batch in _batches(spec, texts):
        output = run(feeds_of(run.names, batch))[0]
        found.append(output if pooled else output[batch.mask.astype(bool)])
    return np.concatenate(found)
