"""Hashes that tell models apart by what they compute."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from ..version import __version__
from .modules.transformer import COMPANIONS
from .spec import ModelSpec
from .weights import weight_files


def folder_digest(spec: ModelSpec) -> str:
    """sha256 over the content of all weights of a model's folder, in hexadecimal."""
    folders = [spec.transformer.folder]
    if spec.folder is not None:
        folders += sorted(path for path in spec.folder.iterdir() if path.is_dir() and weight_files(path))
    digest = hashlib.sha256()
    for path in dict.fromkeys(file for folder in folders for file in weight_files(folder)):
        digest.update(path.name.encode())
        with path.open("rb") as file:
            while block := file.read(1 << 22):
                digest.update(block)
    return digest.hexdigest()


def fingerprint(spec: ModelSpec, weights: str, engine: str, dtype: str, max_seq_length: int | None) -> str:
    """A hash of everything that determines a model's vectors, as 32 hexadecimal digits.

    Args:
        spec: its modules and settings.
        weights: hash of its weights.
        engine: name of the engine.
        dtype: what it computes in.
        max_seq_length: tokens read of a text.
    """
    facts = {
        "version": __version__,
        "weights": weights,
        "engine": engine,
        "dtype": dtype,
        "max_seq_length": max_seq_length,
        # Paths are kept out: the same model in another folder gives the same vectors.
        "modules": [repr(module) for module in spec.modules[1:]],
        "lower_case": spec.transformer.do_lower_case,
        "config": spec.transformer.config,
        "truncate_dim": spec.truncate_dim,
        "tokenizer": _tokenizer_digest(spec.transformer.folder),
    }
    return hashlib.sha256(json.dumps(facts, sort_keys=True, default=str).encode()).hexdigest()[:32]


def _tokenizer_digest(folder: Path) -> str:
    digest = hashlib.sha256()
    for name in COMPANIONS:
        if name != "config.json" and (folder / name).is_file():
            digest.update(name.encode())
            digest.update((folder / name).read_bytes())
    return digest.hexdigest()
