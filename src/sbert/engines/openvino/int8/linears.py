"""int8 linear layers as nodes: the input rounded to bytes, the weights stored as bytes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from ....checkpoints.weights import Weights
from ....types import AnyArray
from ..graph import Linears, Node, Tensors, constant, op
from .search import ACTIVATION_STEPS, Scales, quantize_weight

#: What is stored beside a weight of bytes, by the name of the weight: a scale a row.
SCALE = "_scale"
#: What is stored of a group of layers that read the same input, by the full name of the first.
CHANNEL, RANGE = ".input_scale", ".input_range"
#: Numbers of the input channels that are multiplied in float, where there are any; and, by the name of the weight,
#: its columns that meet them, whose bytes are zero.
KEPT, COLUMNS = ".input_kept", "_kept"


def int8_tensors(weights: Weights, layers: Sequence[str], scales: Scales) -> dict[str, AnyArray]:
    """The tensors of one group of layers in int8.

    Args:
        weights: the checkpoint's.
        layers: full names of the group's layers.
        scales: how they are quantised.
    """
    tensors: dict[str, AnyArray] = {
        layers[0] + CHANNEL: scales.channel,
        layers[0] + RANGE: np.array([scales.low, scales.high], np.float32),
    }
    if len(scales.kept):
        tensors[layers[0] + KEPT] = scales.kept
    for layer in layers:
        name = f"{layer}.weight"
        weight = weights.float32(name)
        widened = weight * scales.channel
        if len(scales.kept):
            tensors[name + COLUMNS] = np.ascontiguousarray(weight[:, scales.kept])
            widened[:, scales.kept] = 0
        tensors |= int8_table(name, widened)
    return tensors


def int8_table(name: str, table: AnyArray) -> dict[str, AnyArray]:
    """A table as bytes with a scale a row, under the names that they are stored by."""
    codes, scale = quantize_weight(table)
    return {name: codes, name + SCALE: scale}


class Int8Linears(Linears):
    """Lowers the layers that are stored in int8 to whole numbers, and the others as they are.

    OpenVINO takes a rounded input (FakeQuantize) times widened bytes for a product of bytes.

    Args:
        weights: where the tensors of :func:`int8_tensors` lie.
        in_bytes: whether to compute in bytes; else the weights alone are rounded, for processors that cannot.
    """

    def __init__(self, weights: Mapping[str, AnyArray], *, in_bytes: bool = True) -> None:
        self._weights = weights
        self._in_bytes = in_bytes

    def apply(self, x: Node, tensors: Tensors, names: Sequence[str]) -> list[Node]:  # noqa: D102
        group = tensors.full_name(names[0])
        if group + RANGE not in self._weights:
            return super().apply(x, tensors, names)
        y = op.multiply(x, constant(np.float32(1) / self._weights[group + CHANNEL]))
        if self._in_bytes:
            low, high = (constant(np.float32(end)) for end in self._weights[group + RANGE])
            y = op.fake_quantize(y, low, high, low, high, ACTIVATION_STEPS + 1)
        kept = None
        if group + KEPT in self._weights:
            kept = op.gather(x, constant(self._weights[group + KEPT]), constant(np.int64(-1)))  # (B, T, k)
        return [self._layer(y, kept, tensors, name) for name in names]

    def look_up(self, tensors: Tensors, name: str, ids: Node) -> Node:  # noqa: D102
        if name + SCALE not in tensors:
            return super().look_up(tensors, name, ids)
        zero = constant(np.int64(0))
        codes = op.convert(op.gather(constant(tensors.stored(name)), ids, zero), "f32")  # (B, T, H)
        scale = op.gather(constant(tensors.stored(name + SCALE)[:, None]), ids, zero)  # (B, T, 1)
        return op.multiply(codes, scale)

    def compare(self, x: Node, tensors: Tensors, name: str) -> Node:  # noqa: D102
        if name + SCALE not in tensors:
            return super().compare(x, tensors, name)
        return op.matmul(x, _widened(tensors, name), False, True)

    def _layer(self, x: Node, kept: Node | None, tensors: Tensors, name: str) -> Node:
        y = op.matmul(x, _widened(tensors, f"{name}.weight"), False, True)
        if f"{name}.bias" in tensors:
            y = op.add(y, tensors.constant(f"{name}.bias"))
        if kept is not None:
            y = op.add(y, op.matmul(kept, tensors.constant(f"{name}.weight{COLUMNS}"), False, True))
        return y


def _widened(tensors: Tensors, name: str) -> Node:
    """A table that is stored as bytes, times the scale of each row: float32 again, (rows, H)."""
    codes = op.convert(constant(tensors.stored(name)), "f32")
    return op.multiply(codes, constant(tensors.stored(name + SCALE)[:, None]))
