"""Images as documents: found by their vectors, and by the words of their names."""

from __future__ import annotations

import re
from pathlib import Path

from ...errors import DataError, ImageError
from ...images import open_image
from ..documents import Document, ImageFile

#: Suffixes of images that Pillow reads without more.
SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".gif", ".bmp", ".tif", ".tiff")
_BETWEEN = re.compile(r"[\W_]+")


def is_image(name: str) -> bool:
    """Whether a document is an image's, by its name, which is that of its file."""
    return name.lower().endswith(SUFFIXES)


def image_document(path: Path, name: str) -> Document:
    """An image as a document.

    Args:
        path: its file.
        name: what the document is called.

    Raises:
        DataError: it is no image that can be read.
    """
    try:
        image = open_image(path, str(path))
    except ImageError as error:
        raise DataError(str(error)) from error
    words = _BETWEEN.sub(" ", path.stem).strip() or path.name
    return Document(name, words, {"width": image.width, "height": image.height}, image=ImageFile(str(path)))
