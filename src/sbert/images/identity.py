"""What an image is known by: a hash of all that its vector depends on, without decoding files."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from .sources import Image

_CHUNK = 1 << 20


def image_digest(item: Image) -> str:
    """A hash of an image: of a file's bytes, of pixels, or of an address, of which nothing is fetched.

    A file that cannot be read is known by its path.

    Args:
        item: anything that :func:`~sbert.images.is_image` takes for one.

    >>> image_digest(np.zeros((2, 2), np.uint8)) == image_digest(np.zeros((4, 1), np.uint8))
    False
    """
    digest = hashlib.sha256()
    if isinstance(item, Mapping):
        item = item.get("image")
    if isinstance(item, (str, Path)):
        try:
            with Path(item).open("rb") as file:
                while part := file.read(_CHUNK):
                    digest.update(part)
        except (OSError, ValueError):
            digest.update(f"unread {item}".encode("utf-8", "surrogatepass"))
    elif isinstance(item, np.ndarray):
        digest.update(f"{item.dtype.str} {item.shape}".encode())
        digest.update(np.ascontiguousarray(item).tobytes())
    else:
        pixels = item.convert("RGB")
        digest.update(f"{pixels.size}".encode())
        digest.update(pixels.tobytes())
    return digest.hexdigest()
