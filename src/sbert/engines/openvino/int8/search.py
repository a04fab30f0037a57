"""The scales of one group of int8 linear layers, chosen so that their output changes least.

A few channels of a Transformer's activations are ten or a hundred times as large as the rest, and one range for all
would leave few steps to the others. So each channel is divided by a scale of its own, and the weights that meet it are
multiplied by it: the product stays, the difficulty moves to the weights, which have a range a row (SmoothQuant,
https://arxiv.org/abs/2211.10438). How much of it moves (alpha there) is tried out for each group on real activations,
and so is whether to cut off the ends of the range. Where all that leaves a large error, as it does in the second layers
of feed-forward networks, the few channels that matter most are multiplied in float beside the bytes (as in LLM.int8(),
https://arxiv.org/abs/2208.07339), and the search is repeated for the rest.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from ....types import AnyArray, FloatArray, IntArray
from .observe import Observed

#: Steps of the activations' range (unsigned bytes) and of one half of the weights' (signed, without -128).
ACTIVATION_STEPS, WEIGHT_STEPS = 255, 127

_ALPHAS = (0.5, 0.6, 0.7, 0.8, 0.9, 1.0)
_CUTS = (0.9, 0.8, 0.65)
_SMALLEST = np.float32(1e-5)
# A scale below is of a row of zeros, or of numbers so small that dividing by it would overflow.
_NOTHING = np.float32(1e-30)
# Output rows that the error is measured on: more of them change the choice hardly ever, and cost time.
_ROWS_TRIED = 512
# An error from which on channels are kept in float, and how many. Of 16 to 64 channels the first 16 do most; the error
# of the worst layers of MiniLM and mpnet falls to a fifth.
_LARGE_ERROR, _KEPT = 1e-3, 16


@dataclass(frozen=True)
class Scales:
    """How a group of linear layers is quantised.

    Args:
        channel: what each input channel is divided by, (in,) float32; for those that are kept it does not matter.
        low: lower end of the range of the divided inputs; 0 is one of its steps.
        high: upper end.
        error: the output's squared change over its square, the mean of that over the sample's tokens. A mean of ratios:
            a few tokens, such as the first, have outputs so large that a sum would be of them alone.
        kept: numbers of the channels that are multiplied in float, (k,) int64.
    """

    channel: FloatArray
    low: float
    high: float
    error: float
    kept: IntArray = field(default_factory=lambda: np.empty(0, np.int64))


def search(observed: Observed, weight: FloatArray) -> Scales:
    """Choose the scales of a group of layers.

    Args:
        observed: what it reads.
        weight: the weights of all its layers, one below the other, (out, in) float32.
    """
    tried = weight[:: max(1, len(weight) // _ROWS_TRIED)]
    best = _smoothed(observed, weight, tried)
    if best.error < _LARGE_ERROR or observed.sample.shape[1] <= _KEPT:
        return best
    largest = np.maximum(observed.high, -observed.low) * np.abs(weight).max(axis=0)
    kept = np.sort(np.argpartition(largest, -_KEPT)[-_KEPT:])
    bytes_only = np.ones(len(largest), bool)
    bytes_only[kept] = False
    rest = Observed(observed.sample[:, bytes_only], observed.low[bytes_only], observed.high[bytes_only])
    found = _smoothed(rest, weight[:, bytes_only], tried[:, bytes_only], observed.sample @ tried.T)
    channel = np.full(len(largest), np.abs(observed.sample).max(), np.float32)  # too small to widen the range
    channel[bytes_only] = found.channel
    return _better(best, replace(found, channel=channel, kept=kept))


def _smoothed(observed: Observed, weight: FloatArray, tried: FloatArray, compared: FloatArray | None = None) -> Scales:
    """The best division of channels and range.

    Args:
        observed: what is read.
        weight: all rows of weights.
        tried: those that the error is measured on.
        compared: outputs that the change is compared with, where they are not those of this input alone.
    """
    largest = np.maximum(np.maximum(observed.high, -observed.low), _SMALLEST)
    heaviest = np.maximum(np.abs(weight).max(axis=0), _SMALLEST)
    wanted = observed.sample @ tried.T  # (tokens, rows)
    size = np.maximum(np.square(wanted if compared is None else compared).sum(axis=1), _SMALLEST)
    best: Scales | None = None
    for alpha in _ALPHAS:
        channel = np.asarray(largest**alpha / heaviest ** (1 - alpha), np.float32)
        best = _better(best, _tried(observed, channel, 1.0, tried, wanted, size))
    assert best is not None  # noqa: S101  (there are alphas to try)
    for cut in _CUTS:
        best = _better(best, _tried(observed, best.channel, cut, tried, wanted, size))
    return best


def quantize_weight(weight: FloatArray) -> tuple[AnyArray, FloatArray]:
    """A matrix as bytes with one scale a row: (out, in) int8 and (out,) float32, so that bytes times scale is near it.

    >>> quantize_weight(np.array([[1.0, -0.5], [0.0, 0.0]], np.float32))[0].tolist()
    [[127, -64], [0, 0]]
    """
    scale = np.abs(weight).max(axis=1) / np.float32(WEIGHT_STEPS)
    scale = np.where(scale > _NOTHING, scale, np.float32(1)).astype(np.float32)
    return np.rint(weight / scale[:, None]).astype(np.int8), scale


def _better(one: Scales | None, other: Scales) -> Scales:
    return other if one is None or other.error < one.error else one


def _tried(
    observed: Observed, channel: FloatArray, cut: float, weight: FloatArray, wanted: FloatArray, size: FloatArray
) -> Scales:
    low, high = _range(float((observed.low / channel).min()) * cut, float((observed.high / channel).max()) * cut)
    step = (high - low) / ACTIVATION_STEPS
    inputs = np.clip(np.rint(observed.sample / (channel * np.float32(step))), low / step, high / step) * step
    codes, scale = quantize_weight(weight * channel)
    change = inputs.astype(np.float32) @ (codes * scale[:, None]).T - wanted
    error = np.square(change).sum(axis=1) / size
    return Scales(channel, low, high, float(error.mean()))


def _range(low: float, high: float) -> tuple[float, float]:
    """The range widened to hold 0, and moved so that 0 is one of its steps: padding and zeros stay exact."""
    low, high = min(low, 0.0), max(high, 0.0)
    step = max(high - low, float(_SMALLEST)) / ACTIVATION_STEPS
    zero = round(-low / step)
    return -zero * step, (ACTIVATION_STEPS - zero) * step
