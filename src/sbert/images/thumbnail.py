"""Small pictures for pages."""

from __future__ import annotations

import base64
import io
from pathlib import Path

from .sources import open_image

#: Pixels of the longer side.
_SIDE = 96


def thumbnail(path: Path) -> str:
    """A small picture of an image file, as the address of itself that pages can hold (``data:image/jpeg;base64,...``).

    Raises:
        ImageError: the file is no image that can be read.
    """
    return f"data:image/jpeg;base64,{base64.b64encode(small_jpeg(path, _SIDE)).decode()}"


def small_jpeg(path: Path, side: int) -> bytes:
    """A small picture of an image file, as a JPEG.

    Args:
        path: the file.
        side: pixels of the longer side at the most.

    Raises:
        ImageError: the file is no image that can be read.
    """
    image = open_image(path, str(path))
    image.thumbnail((side, side))
    written = io.BytesIO()
    image.save(written, "JPEG", quality=80)
    return written.getvalue()
