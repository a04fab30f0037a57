"""Hashes that tell models apart by what they compute."""

from __future__ import annotations

import hashlib
import json

import numpy as np

from .spec import ModelSpec
from .weights import Weights

#: Of the arithmetic of all engines. Raised when a release computes other vectors from the same model, by more than the
#: last bits: then what is stored is of another model. The package's own version is not part of a fingerprint, or every
#: upgrade would refuse every index.
NUMERICS = 1


def tensors_digest(weights: Weights, spec: ModelSpec) -> str:
    """sha256 over all tensors of a model, module by module, in hexadecimal.

    Args:
        weights: the network's tensors.
        spec: the model; its other modules hold theirs.
    """
    digest = hashlib.sha256()
    for tensors in (weights, *(getattr(module, "tensors", {}) for module in spec.modules[1:])):
        for name in sorted(tensors):
            array = tensors[name]
            digest.update(f"{name} {array.dtype} {array.shape}".encode())
            digest.update(np.ascontiguousarray(array).data)
        digest.update(b"next module")
    return digest.hexdigest()


def fingerprint(spec: ModelSpec, weights: str, tokenizer: str, engine: str, dtype: str) -> str:
    """A hash of everything that determines a model's vectors, as 32 hexadecimal digits.

    Args:
        spec: its modules and settings, as they are now.
        weights: hash of its weights.
        tokenizer: its tokenizer in full, as text.
        engine: name of the engine.
        dtype: what it computes in.
    """
    facts = {
        "numerics": NUMERICS,
        "weights": weights,
        "tokenizer": hashlib.sha256(tokenizer.encode()).hexdigest(),
        "engine": engine,
        "dtype": dtype,
        # Paths are kept out: the same model in another folder gives the same vectors.
        "modules": [repr(module) for module in spec.modules[1:]],
        "max_seq_length": spec.input.max_seq_length,
        # How weights are stored is in their hash: a model in int8 is the same from a folder of its own.
        "config": {key: value for key, value in spec.input.facts.items() if key != "quantization_config"},
        "truncate_dim": spec.truncate_dim,
        "prompts": spec.prompts,
        "default_prompt_name": spec.default_prompt_name,
    }
    return hashlib.sha256(json.dumps(facts, sort_keys=True, default=str).encode()).hexdigest()[:32]
