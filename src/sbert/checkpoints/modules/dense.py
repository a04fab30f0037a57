"""Dense: a linear layer with an activation, on the sentence vector or on the token vectors."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ...errors import CorruptCheckpointError, UnsupportedModelError
from ...types import AnyArray
from ..files import write_json
from ..weights import SAFETENSORS, open_weights, save_tensors
from .base import ModuleSpec, read_settings

SENTENCE, TOKENS = "sentence_embedding", "token_embeddings"


@dataclass(frozen=True)
class DenseSpec(ModuleSpec):
    """A linear layer and an activation: ``activation(W x + b)``, plus ``x`` or ``R x`` when it has a residual path.

    Args:
        in_features: width of the input.
        out_features: width of the output.
        bias: whether there is a bias.
        activation: dotted name of the activation's class, as checkpoints write it.
        input_name: what it reads: ``sentence_embedding`` or ``token_embeddings``.
        output_name: what it writes; the same by default.
        use_residual: whether the input is added to the output.
        tensors: ``linear.weight`` (out, in), ``linear.bias`` (out,), ``residual.weight`` (out, in).
    """

    in_features: int
    out_features: int
    bias: bool = True
    activation: str = "torch.nn.modules.activation.Tanh"
    input_name: str = SENTENCE
    output_name: str = SENTENCE
    use_residual: bool = False
    tensors: dict[str, AnyArray] = field(default_factory=dict, compare=False, repr=False)

    kind = "Dense"
    needed_files = ("config.json",)
    needs_weights = True

    @classmethod
    def read(cls, folder: Path) -> DenseSpec:
        """Read settings and weights from the folder."""
        settings = read_settings(folder, cls.config_file, required=True)
        try:
            in_features, out_features = int(settings["in_features"]), int(settings["out_features"])
        except KeyError as error:
            raise CorruptCheckpointError(f"{folder / cls.config_file} lacks {error.args[0]!r}.") from error
        weights = open_weights(folder)
        bias = bool(settings.get("bias", True))
        tensors = {"linear.weight": weights.float32("linear.weight")}
        if bias:
            tensors["linear.bias"] = weights.float32("linear.bias")
        if "residual.weight" in weights:
            tensors["residual.weight"] = weights.float32("residual.weight")
        if tensors["linear.weight"].shape != (out_features, in_features):
            raise CorruptCheckpointError(
                f"{folder}: linear.weight has shape {tensors['linear.weight'].shape}; "
                f"the settings say ({out_features}, {in_features})."
            )
        input_name = settings.get("module_input_name") or SENTENCE
        output_name = settings.get("module_output_name") or input_name
        for name in (input_name, output_name):
            if name not in (SENTENCE, TOKENS):
                raise UnsupportedModelError(f"{folder}: a Dense module on {name!r} is not supported.")
        return cls(
            in_features,
            out_features,
            bias,
            settings.get("activation_function") or "torch.nn.modules.linear.Identity",
            input_name,
            output_name,
            bool(settings.get("use_residual", False)),
            tensors,
        )

    def write(self, folder: Path) -> None:
        """Write settings and weights; names that are the default are left out, since older readers do not know them."""
        settings: dict[str, Any] = {
            "in_features": self.in_features,
            "out_features": self.out_features,
            "bias": self.bias,
            "activation_function": self.activation,
        }
        if (self.input_name, self.output_name) != (SENTENCE, SENTENCE):
            settings |= {"module_input_name": self.input_name, "module_output_name": self.output_name}
        if self.use_residual:
            settings["use_residual"] = True
        write_json(folder / self.config_file, settings)
        save_tensors(self.tensors, folder / SAFETENSORS)

    def output_dimension(self, dimension: int) -> int:  # noqa: ARG002
        """``out_features``, whatever comes in."""
        return self.out_features
