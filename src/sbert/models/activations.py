"""The functions that a cross-encoder's scores go through, by the names that checkpoints use."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..errors import InputError, UnsupportedModelError, closest
from ..types import FloatArray
from .outputs import torch_for

IDENTITY, SIGMOID = "torch.nn.modules.linear.Identity", "torch.nn.modules.activation.Sigmoid"


def _sigmoid(x: FloatArray) -> FloatArray:
    return np.asarray(np.exp(-np.logaddexp(0, -x)))  # in this form nothing overflows


# Those that need no torch, by the names of torch's classes.
_IN_NUMPY: dict[str, Callable[[FloatArray], FloatArray]] = {
    "Identity": lambda x: x,
    "Sigmoid": _sigmoid,
    "Tanh": np.tanh,
    "ReLU": lambda x: np.maximum(x, 0),
}
# Where torch keeps the class of that name.
_PLACES = {"Identity": IDENTITY}


class Activation:
    """A function from scores to scores.

    Args:
        function: takes (n, labels) float32 and gives as much.
        name: dotted name of torch's class, which a checkpoint can keep; None for a function of the user's own.
    """

    def __init__(self, function: Callable[[FloatArray], Any], name: str | None) -> None:
        self._function = function
        self.name = name

    def __call__(self, scores: FloatArray) -> FloatArray:
        """The scores after it, float32 of the same shape.

        Raises:
            InputError: it gives another shape.
        """
        found = np.asarray(self._function(scores), np.float32)
        if found.shape != scores.shape:
            raise InputError(f"activation_fn made scores of shape {found.shape} of those of shape {scores.shape}.")
        return found

    def __repr__(self) -> str:
        return self.name or f"Activation({self._function!r})"


def activation_of(value: Any) -> Activation:
    """An activation from what users give.

    Args:
        value: ``sigmoid``, ``identity``, ``tanh``, ``relu``; the dotted name of an activation of ``torch.nn``; a
            ``torch.nn.Module``, or a function of one array.

    Raises:
        InputError: it is something else.
        UnsupportedModelError: the name is of code outside ``torch.nn``, which is not run.
    """
    if isinstance(value, Activation):
        return value
    if isinstance(value, str):
        return _named(value)
    if not callable(value):
        raise InputError(f"activation_fn must be a name such as 'sigmoid', or a function; got {type(value).__name__}.")
    kind = type(value)
    if kind.__module__.startswith("torch.nn."):
        name = f"{kind.__module__}.{kind.__qualname__}"
        return _named(name) if repr(value) == f"{kind.__qualname__}()" else Activation(_by_torch(value), None)
    return Activation(value, None)


def softmax(scores: FloatArray) -> FloatArray:
    """Numbers that sum to 1 in each row: (n, labels)."""
    raised = np.exp(scores - scores.max(axis=1, keepdims=True))
    return np.asarray(raised / raised.sum(axis=1, keepdims=True), np.float32)


def _named(name: str) -> Activation:
    short = {kind.lower(): kind for kind in _IN_NUMPY}
    if "." not in name:
        if name.lower() not in short:
            raise InputError(
                f"activation_fn {name!r} is not one of {', '.join(short)}, nor the dotted name of an activation of "
                f"torch.nn.{closest(name, short)}"
            )
        kind = short[name.lower()]
        return Activation(_IN_NUMPY[kind], _PLACES.get(kind, f"torch.nn.modules.activation.{kind}"))
    package, _, kind = name.rpartition(".")
    if package != "torch.nn" and not package.startswith("torch.nn."):
        raise UnsupportedModelError(
            f"Activation {name!r} is not of torch.nn, and no other code is run. Pass activation_fn= instead."
        )
    if kind in _IN_NUMPY:
        return Activation(_IN_NUMPY[kind], name)
    torch_for(f"use the activation {name}")
    from ..engines.torch.dense import activation_named

    return Activation(_by_torch(activation_named(name)), name)


def _by_torch(module: Any) -> Callable[[FloatArray], FloatArray]:
    torch = torch_for("use an activation of torch")

    def apply(scores: FloatArray) -> FloatArray:
        with torch.inference_mode():
            return np.asarray(module(torch.from_numpy(np.ascontiguousarray(scores))).numpy())

    return apply
