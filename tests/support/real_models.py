"""Folders of real models, made from packages that carry their weights; a test without its package is skipped."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from benchmarks import folders


def packaged(distribution: str, file: str) -> Path:
    """A file of an installed package."""
    return _made(folders.packaged, distribution, file)


def paraphrase_l3_onnx() -> Path:
    """paraphrase-MiniLM-L3-v2 as an ONNX graph with its pooling."""
    return _made(folders.paraphrase_l3_onnx)


def paraphrase_l3(folder: Path) -> Path:
    """A checkpoint folder of paraphrase-MiniLM-L3-v2, its tensors taken from the ONNX graph."""
    return _made(folders.paraphrase_l3, folder)


def splade_tiny() -> Path:
    """A folder of a real tiny SPLADE: two layers, 128 wide, tensors by the names of the oldest checkpoints."""
    return _made(folders.splade_tiny)


def multilingual_e5_small(folder: Path) -> Path:
    """A checkpoint folder of multilingual-e5-small, its 4-bit weights widened by the script beside the shared data."""
    return _made(folders.multilingual_e5_small, folder)


def _made(make: Callable[..., Path], *arguments: Path | str) -> Path:
    try:
        return make(*arguments)
    except FileNotFoundError as missing:
        pytest.skip(str(missing))
