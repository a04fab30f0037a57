"""Dense: a linear layer with an activation, on the sentence vector or on the token vectors."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ...checkpoints.modules import DenseSpec
from ...checkpoints.modules.dense import SENTENCE
from ...errors import InputError, UnsupportedModelError, closest
from .base import Features, Module, arrays, feature, load_arrays


class Dense(Module):
    """Computes ``activation(W x + b)``, plus ``x`` or ``R x`` when it has a residual path.

    Args:
        in_features: width of the input.
        out_features: width of the output.
        bias: whether there is a bias.
        activation_function: an activation of ``torch.nn``, made without arguments, since checkpoints keep the name of
            its class alone; None for none. Tanh by default.
        init_weight: weights to start from, (out_features, in_features); random by default.
        init_bias: bias to start from, (out_features,); random by default.
        module_input_name: what it reads: ``sentence_embedding`` or ``token_embeddings``.
        module_output_name: what it writes; the same by default.
        use_residual: whether the input is added to the output, through a layer of its own where the widths differ.

    Raises:
        InputError: the activation is not one that a checkpoint can name.
    """

    def __init__(
        self,
        in_features: int,
        out_features: int,
        bias: bool = True,
        activation_function: nn.Module | None = nn.Tanh(),  # noqa: B008  (it has no state to share)
        init_weight: Tensor | None = None,
        init_bias: Tensor | None = None,
        module_input_name: str = SENTENCE,
        module_output_name: str | None = None,
        use_residual: bool = False,
    ) -> None:
        super().__init__()
        self.in_features = in_features
        self.out_features = out_features
        self.bias = bias
        self.module_input_name = module_input_name
        self.module_output_name = module_output_name or module_input_name
        self.use_residual = use_residual
        self.activation_function = nn.Identity() if activation_function is None else activation_function
        self._activation_name = _name_of(self.activation_function)
        self.linear = nn.Linear(in_features, out_features, bias=bias)
        self.residual: nn.Linear | None = None
        if use_residual and in_features != out_features:
            self.residual = nn.Linear(in_features, out_features, bias=False)
        with torch.no_grad():
            if init_weight is not None:
                self.linear.weight.copy_(init_weight)
            if init_bias is not None and bias:
                self.linear.bias.copy_(init_bias)

    @classmethod
    def from_spec(cls, spec: DenseSpec) -> Dense:
        """Make the module of its spec and weights, in float32.

        Raises:
            UnsupportedModelError: the activation is not a class of ``torch.nn``.
            CorruptCheckpointError: a tensor is missing or has another shape.
        """
        module = cls(
            spec.in_features,
            spec.out_features,
            spec.bias,
            activation_named(spec.activation),
            module_input_name=spec.input_name,
            module_output_name=spec.output_name,
            use_residual=spec.use_residual,
        )
        load_arrays(module, spec.tensors)
        return module

    def to_spec(self) -> DenseSpec:  # noqa: D102
        return DenseSpec(
            self.in_features,
            self.out_features,
            self.bias,
            self._activation_name,
            self.module_input_name,
            self.module_output_name,
            self.use_residual,
            arrays(self),
        )

    def forward(self, features: Features) -> Features:
        """Write the layer's output, (..., out_features), in the dtype of its weights."""
        x = feature(features, self.module_input_name).to(self.linear.weight.dtype)
        y: Tensor = self.activation_function(self.linear(x))
        if self.use_residual:
            y = y + (x if self.residual is None else self.residual(x))
        features[self.module_output_name] = y
        return features

    def get_embedding_dimension(self) -> int:
        """Width of the output."""
        return self.out_features

    def get_sentence_embedding_dimension(self) -> int:
        """The same by its older name."""
        return self.out_features

    def extra_repr(self) -> str:
        """What ``repr`` shows in front of the layers."""
        return (
            f"module_input_name={self.module_input_name!r}, module_output_name={self.module_output_name!r}, "
            f"use_residual={self.use_residual}"
        )


def activation_named(name: str) -> nn.Module:
    """An activation by the dotted name that checkpoints use, such as ``torch.nn.modules.activation.Tanh``.

    Nothing is imported: the class is looked up in ``torch.nn``, so a checkpoint cannot name code of its own.

    Raises:
        UnsupportedModelError: there is no such class there, or it needs arguments.
    """
    package, _, kind = name.rpartition(".")
    found = getattr(nn, kind, None) if package == "torch.nn" or package.startswith("torch.nn.") else None
    if not (isinstance(found, type) and issubclass(found, nn.Module)):
        raise UnsupportedModelError(
            f"Activation {name!r} of a Dense module is not a class of torch.nn, and no other code is run."
            f"{closest(kind, (each for each in dir(nn) if each[:1].isupper()))}"
        )
    try:
        return found()
    except TypeError as error:
        raise UnsupportedModelError(f"Activation {name!r} of a Dense module needs arguments: {error}.") from error


def _name_of(activation: nn.Module) -> str:
    """The dotted name of an activation, if a checkpoint that holds the name alone would restore it."""
    kind = type(activation)
    name = f"{kind.__module__}.{kind.__qualname__}"
    try:
        plain = activation_named(name)
    except UnsupportedModelError as error:
        raise InputError(
            f"activation_function must be an activation of torch.nn, such as torch.nn.Tanh(); got {activation!r}."
        ) from error
    if repr(plain) != repr(activation) or next(activation.parameters(), None) is not None:
        raise InputError(
            f"activation_function {activation!r} has arguments or weights, which checkpoints do not keep: "
            f"it would come back as {plain!r}. Use one that needs none."
        )
    return name
