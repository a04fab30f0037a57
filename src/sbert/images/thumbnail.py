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
    image = open_image(path, str(path))
    image.thumbnail((_SIDE, _SIDE))
    written = io.BytesIO()
    image.save(written, "JPEG", quality=80)
    return f"data:image/jpeg;base64,{base64.b64encode(written.getvalue()).decode()}"
