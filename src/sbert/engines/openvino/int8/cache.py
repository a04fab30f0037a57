"""Quantised models, kept so that a model is calibrated once.

An entry is named by a hash of all that its numbers come from: the model's tensors and settings, the texts, the versions
of this package and of the runtime, and what the processor can do. It is written beside its place and moved there
whole, and it is read only where its checksum is right.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ....checkpoints import ModelSpec
from ....checkpoints.files import read_json, sha256_of, write_json
from ....checkpoints.fingerprint import tensors_digest
from ....checkpoints.modules import TransformerSpec
from ....checkpoints.names import cache_folder
from ....checkpoints.weights import SAFETENSORS, Weights, open_file, save_tensors
from ....errors import CheckpointError, InputError, SbertWarning
from ....version import __version__
from ..runtime import cpu_capabilities, runtime_version
from .calibrate import Quantized, quantize
from .fidelity import Fidelity
from .texts import FILE

_ABOUT = "about.json"
_FORM = 6


def int8_weights(spec: ModelSpec, weights: Weights, own: Sequence[str] | None) -> Quantized:
    """A model in int8: as it is stored, from the cache, or calibrated now and kept.

    Args:
        spec: the model, in float.
        weights: its network's tensors.
        own: the user's texts to calibrate on, beside those of the package.

    Raises:
        EngineError: int8 loses too much of this model.
        InputError: texts are given for a model that is stored in int8.

    Warns:
        SbertWarning: what was kept is damaged and is made anew, or it cannot be kept.
    """
    if (stored := spec.transformer.stored_int8) is not None:
        if own is not None:
            raise InputError(f"{spec.name or 'The model'} is stored in int8 already: leave calibrate out.")
        return Quantized(weights, Fidelity.from_dict(stored.get("fidelity"), str(spec.transformer.folder)))
    entry = cache_folder() / "int8" / cache_key(spec, weights, own)
    if (found := _read(entry)) is not None:
        return found
    made = quantize(spec, weights, own)
    _keep(made, entry, spec.name)
    return made


def kept_fidelity(spec: ModelSpec) -> Fidelity | None:
    """The fidelity that was measured when a model was calibrated on the package's texts; None where it was not."""
    if not isinstance(spec.input, TransformerSpec):
        return None  # models of texts alone have int8
    if (stored := spec.transformer.stored_int8) is not None:
        return Fidelity.from_dict(stored.get("fidelity"), str(spec.transformer.folder))
    if not (cache_folder() / "int8").is_dir():
        return None  # without an entry there is no need to hash the weights
    found = _about(cache_folder() / "int8" / cache_key(spec, spec.transformer.weights(), None))
    return Fidelity.from_dict(found["fidelity"], "") if found else None


def cache_key(spec: ModelSpec, weights: Weights, own: Sequence[str] | None) -> str:
    """A hash of all that a quantised model's numbers come from, as 32 hexadecimal digits."""
    facts = {
        "form": _FORM,
        "sbert": __version__,
        "openvino": runtime_version(),
        "processor": sorted(cpu_capabilities()),
        "weights": tensors_digest(weights, spec),
        "config": spec.transformer.config,
        "max_seq_length": spec.transformer.max_seq_length,
        "task": spec.transformer.task,
        "modules": [repr(module) for module in spec.modules[1:]],
        "prompts": spec.prompts,
        "texts": sha256_of(FILE),
        "own": hashlib.sha256(json.dumps(own).encode()).hexdigest(),
    }
    return hashlib.sha256(json.dumps(facts, sort_keys=True, default=str).encode()).hexdigest()[:32]


def _read(entry: Path) -> Quantized | None:
    about = _about(entry)
    if about is None:
        return None
    path = entry / SAFETENSORS
    try:
        if sha256_of(path) == about["sha256"]:
            return Quantized(open_file(path), Fidelity.from_dict(about["fidelity"], str(entry)))
        problem = "its checksum is wrong"
    except (CheckpointError, OSError, KeyError) as error:
        problem = str(error)
    warnings.warn(
        f"The int8 form of the model that was kept in {entry} is damaged ({problem}) and is made anew.",
        SbertWarning,
        stacklevel=2,
    )
    return None


def _about(entry: Path) -> dict[str, Any] | None:
    """The facts beside an entry; None where there is no entry or they cannot be read."""
    try:
        return read_json(entry / _ABOUT) if (entry / _ABOUT).exists() else None
    except (CheckpointError, OSError):
        return {}  # damaged: told and made anew by whoever reads the entry


def _keep(made: Quantized, entry: Path, name: str) -> None:
    try:
        entry.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=entry.parent) as scratch:
            new = Path(scratch) / "new"
            new.mkdir()
            save_tensors(made.weights, new / SAFETENSORS)
            facts = {"model": name, "sha256": sha256_of(new / SAFETENSORS), "fidelity": made.fidelity.to_dict()}
            write_json(new / _ABOUT, facts)
            shutil.rmtree(entry, ignore_errors=True)  # a damaged one; a model in memory keeps its map of the old file
            try:
                new.rename(entry)
            except OSError:
                if not entry.is_dir():  # another process was first: its entry is as good
                    raise
    except (OSError, CheckpointError) as error:
        warnings.warn(
            f"The int8 form of {name or 'the model'} cannot be kept in {entry.parent} ({error}), so it is calibrated "
            "anew each time. Set SBERT_CACHE to a folder that can be written, or save it with sbert quantize.",
            SbertWarning,
            stacklevel=3,
        )
