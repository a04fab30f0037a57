"""Pooling in a graph: from token vectors to one vector a text, one function a mode."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from .graph import Node, constant, op


def float_mask(mask: Node) -> Node:
    """The mask as what token vectors are multiplied by: (B, T) int64 to (B, T, 1) float32."""
    return op.unsqueeze(op.convert(mask, "f32"), constant([2]))


def _weighted(tokens: Node, weights: Node) -> Node:
    total = op.reduce_sum(op.multiply(tokens, weights), constant([1]))  # (B, H)
    return total, op.maximum(op.reduce_sum(weights, constant([1])), constant(np.float32(1e-9)))


def _mean(tokens: Node, mask: Node) -> Node:
    return op.divide(*_weighted(tokens, float_mask(mask)))


def _mean_sqrt_length(tokens: Node, mask: Node) -> Node:
    total, count = _weighted(tokens, float_mask(mask))
    return op.divide(total, op.sqrt(count))


def _weighted_mean(tokens: Node, mask: Node) -> Node:
    # Weight 1 for the first token, 2 for the second ...: every place in front of padding counts, the prompt's too.
    places = op.cum_sum(op.broadcast(constant(np.float32(1)), op.shape_of(mask)), constant(np.int64(1)))
    return op.divide(*_weighted(tokens, op.multiply(float_mask(mask), op.unsqueeze(places, constant([2])))))


def _max(tokens: Node, mask: Node) -> Node:
    lowest = constant(np.float32(-np.inf))
    shown = op.select(op.convert(op.unsqueeze(mask, constant([2])), "boolean"), tokens, lowest)
    return _zero_if_empty(op.reduce_max(shown, constant([1])), mask)


def _zero_if_empty(pooled: Node, mask: Node) -> Node:
    """Zeros for a text of which no token takes part: a prompt that is left out and fills it."""
    any_token = op.convert(op.reduce_max(mask, constant([1]), True), "boolean")  # (B, 1)
    return op.select(any_token, pooled, constant(np.float32(0)))


def _at(tokens: Node, index: Node) -> Node:
    """The token vectors at one place of each row: index is (B,)."""
    return op.squeeze(op.gather(tokens, op.unsqueeze(index, constant([1])), constant(np.int64(1)), 1), constant([1]))


def _first(tokens: Node, mask: Node) -> Node:
    # The first place that takes part: after the prompt when that is left out. topk finds the first largest.
    found = op.topk(mask, constant(np.int64(1)), 1, "max", "index", "i64", stable=True)
    return _at(tokens, op.squeeze(found.output(1), constant([1])))


def _last(tokens: Node, mask: Node) -> Node:
    # Places count 1, 2, 3 ... where they take part: the largest count stands at the last of them.
    counted = op.multiply(op.cum_sum(mask, constant(np.int64(1))), mask)
    found = op.topk(counted, constant(np.int64(1)), 1, "max", "index", "i64", stable=True)
    return _zero_if_empty(_at(tokens, op.squeeze(found.output(1), constant([1]))), mask)


#: By mode: from token vectors (B, T, H) and the mask of those that take part (B, T) to (B, H).
POOLINGS: dict[str, Callable[[Node, Node], Node]] = {
    "cls": _first,
    "max": _max,
    "mean": _mean,
    "mean_sqrt_len_tokens": _mean_sqrt_length,
    "weightedmean": _weighted_mean,
    "lasttoken": _last,
}
