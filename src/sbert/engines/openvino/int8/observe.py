"""What goes into the linear layers of a network, seen on real texts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ....text import Batch
from ....types import FloatArray
from ..feeds import feeds_of
from ..graph import Linears, Node, Tensors
from ..runtime import import_openvino, native_precision, run_once

#: Tokens of each text whose numbers are kept. What the error is measured on need not be all tokens; ranges are of all.
_TOKENS_KEPT = 2


class WatchedLinears(Linears):
    """Lowers linear layers as they are stored, and remembers their inputs.

    Attributes:
        inputs: for each group of layers that read the same input, by the full name of the first: the nodes that they
            read. Several where the network uses a layer more than once, as ALBERT does.
        layers: for each group, the full names of its layers.
    """

    def __init__(self) -> None:
        self.inputs: dict[str, list[Node]] = {}
        self.layers: dict[str, list[str]] = {}

    def apply(self, x: Node, tensors: Tensors, names: Sequence[str]) -> list[Node]:  # noqa: D102
        full = [tensors.full_name(name) for name in names]
        self.inputs.setdefault(full[0], []).append(x)
        self.layers[full[0]] = full
        return super().apply(x, tensors, names)


@dataclass(frozen=True)
class Observed:
    """The inputs of one group of linear layers over many tokens.

    Args:
        sample: inputs of some tokens, (tokens, in) float32.
        low: the smallest number seen of each channel, over all tokens, (in,).
        high: the greatest, (in,).
    """

    sample: FloatArray
    low: FloatArray
    high: FloatArray

    def joined(self, other: Observed) -> Observed:
        """What was seen here and there together."""
        return Observed(
            np.concatenate([self.sample, other.sample]),
            np.minimum(self.low, other.low),
            np.maximum(self.high, other.high),
        )


def observe(model: Any, watched: WatchedLinears, batches: Iterable[Batch]) -> dict[str, Observed]:
    """Run texts through a graph and look at what its linear layers read.

    Args:
        model: the ``openvino.Model`` that was lowered with ``watched``.
        watched: knows the inputs of each group of layers.
        batches: the texts.

    Returns:
        What was seen, by group.
    """
    groups = [(group, node) for group, nodes in watched.inputs.items() for node in nodes]
    watching = import_openvino().Model([node for _, node in groups], model.get_parameters(), "watched")
    run = run_once(watching, native_precision())
    generator = np.random.default_rng(0)
    seen: dict[str, Observed] = {}
    for batch in batches:
        outputs = run(feeds_of(run.names, batch))
        real = batch.mask.astype(bool)
        kept = real & (generator.random(real.shape).argsort(axis=1) < _TOKENS_KEPT)
        for (group, _), output in zip(groups, outputs, strict=True):
            tokens = output[real]  # (tokens, in)
            found = Observed(output[kept], tokens.min(axis=0), tokens.max(axis=0))
            seen[group] = seen[group].joined(found) if group in seen else found
    return seen
