"""SparseAutoEncoder: many latent numbers of a sentence vector, of which the greatest are kept (https://arxiv.org/abs/2503.01776)."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from ...errors import CorruptCheckpointError
from ...types import AnyArray
from ..files import setting, write_json
from ..weights import SAFETENSORS, open_weights, save_tensors
from .base import ModuleSpec, needed_setting, read_settings

ENCODER, LATENT_BIAS, PRE_BIAS, LAST_USED = "encoder.weight", "latent_bias", "pre_bias", "stats_last_nonzero"
#: The encoder's weights are the decoder's: files have them once, by this name, and say in their metadata what else.
_TIED = "decoder.linear.weight"
#: What is added to a vector's spread before it is divided by it.
EPSILON = 1e-5


@dataclass(frozen=True)
class SparseAutoEncoderSpec(ModuleSpec):
    """Latent numbers ``relu(W (x - pre_bias) + latent_bias)``, of which the ``k`` greatest are kept.

    Args:
        input_dim: width of the sentence vector.
        hidden_dim: latent numbers.
        k: of them, how many are kept.
        k_aux: of those that are hardly used, how many take part in training.
        normalize: whether vectors are brought to mean 0 and spread 1 first.
        dead_threshold: training steps after which a latent number that was not used counts as hardly used.
        tensors: :data:`ENCODER` (hidden_dim, input_dim), the biases, and steps since each was used (hidden_dim,).
    """

    input_dim: int
    hidden_dim: int = 512
    k: int = 8
    k_aux: int = 512
    normalize: bool = False
    dead_threshold: int = 30
    tensors: dict[str, AnyArray] = field(default_factory=dict, compare=False, repr=False)

    kind = "SparseAutoEncoder"
    package = "sentence_transformers.sparse_encoder.models"
    needed_files = ("config.json",)
    needs_weights = True

    @classmethod
    def read(cls, folder: Path) -> SparseAutoEncoderSpec:
        """Read settings and weights."""
        settings = read_settings(folder, cls.config_file, required=True)
        path = folder / cls.config_file
        weights = open_weights(folder)
        spec = cls(
            needed_setting(settings, ("input_dim",), path),
            setting(settings, "hidden_dim", int, path, 512),
            setting(settings, "k", int, path, 8),
            setting(settings, "k_aux", int, path, 512),
            setting(settings, "normalize", bool, path, False),
            setting(settings, "dead_threshold", int, path, 30),
            {
                ENCODER: weights.float32(_TIED if _TIED in weights else ENCODER),
                LATENT_BIAS: weights.float32(LATENT_BIAS),
                PRE_BIAS: weights.float32(PRE_BIAS),
            },
        )
        if spec.tensors[ENCODER].shape != (spec.hidden_dim, spec.input_dim):
            raise CorruptCheckpointError(
                f"{folder}: {ENCODER} has shape {spec.tensors[ENCODER].shape}; the settings say "
                f"({spec.hidden_dim}, {spec.input_dim})."
            )
        used = weights[LAST_USED] if LAST_USED in weights else np.zeros(spec.hidden_dim)
        spec.tensors[LAST_USED] = np.asarray(used).astype(np.int64)
        return spec

    def write(self, folder: Path) -> None:
        """Write settings and weights, the tied ones once."""
        settings = {
            "input_dim": self.input_dim,
            "hidden_dim": self.hidden_dim,
            "k": self.k,
            "k_aux": self.k_aux,
            "normalize": self.normalize,
            "dead_threshold": self.dead_threshold,
        }
        write_json(folder / self.config_file, settings)
        tensors = {_TIED if name == ENCODER else name: tensor for name, tensor in self.tensors.items()}
        save_tensors(tensors, folder / SAFETENSORS, {ENCODER: _TIED})

    def output_dimension(self, dimension: int) -> int:  # noqa: ARG002
        """``hidden_dim``, whatever comes in."""
        return self.hidden_dim
