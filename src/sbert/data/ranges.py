"""The ranges that a folder's int8 and uint8 vectors were made by, in a file beside them."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ..checkpoints.files import sha256_of
from ..errors import DataError
from ..types import FloatArray
from .manifest import RANGES, Manifest


def read_ranges(folder: Path, manifest: Manifest) -> FloatArray | None:
    """The ranges that a folder's vectors were quantised by; None where there are none.

    Raises:
        DataError: the file is missing or damaged.
    """
    if manifest.ranges is None:
        return None
    try:
        if sha256_of(folder / RANGES) == manifest.ranges:
            ranges: FloatArray = np.load(folder / RANGES, allow_pickle=False)
            return ranges
    except OSError:
        pass  # said below
    raise DataError(
        f"{folder / RANGES} is missing or damaged; without it its vectors have no scale. "
        "Encode into another folder, or pass overwrite=True to start again."
    )
