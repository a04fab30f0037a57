"""A network in int8 in a model's folder, instead of its weights in float."""

from __future__ import annotations

from pathlib import Path

from ....checkpoints.files import read_json, write_json
from ....checkpoints.modules.transformer import STORED_INT8
from ....checkpoints.weights import SAFETENSORS_INT8, save_tensors
from ....version import __version__
from .calibrate import Quantized


def store(quantized: Quantized, folder: Path) -> None:
    """Write int8 weights into a network's folder, and into its ``config.json`` that they are that.

    Args:
        quantized: the weights and their fidelity.
        folder: has all of the network but its weights.
    """
    save_tensors(quantized.weights, folder / SAFETENSORS_INT8)
    facts = {"quant_method": STORED_INT8, "sbert": __version__, "fidelity": quantized.fidelity.to_dict()}
    write_json(folder / "config.json", read_json(folder / "config.json") | {"quantization_config": facts})
