"""Images that come inside JSON, as data URLs."""

from __future__ import annotations

import base64
import binascii
import io
import warnings
from typing import Any

from ..errors import MissingDependencyError
from .refusals import TooLarge, WrongField

PREFIX = "data:image/"


def image_of(value: str, where: str, most_pixels: int) -> Any:
    """An image of Pillow, of which only the header has been read: pixels are made when the model reads it.

    Args:
        value: ``data:image/png;base64,...``, or the base64 alone.
        where: what it is called in messages.
        most_pixels: that it may have.

    Raises:
        TooLarge: it has more.
        WrongField: it is no base64, or no image, or the server has no library that reads images.
    """
    try:
        import PIL.Image
    except ImportError as error:
        raise WrongField(str(MissingDependencyError("pillow", "read images", "image"))) from error
    head, comma, coded = value.partition(",") if value.startswith("data:") else ("data:;base64", ",", value)
    if not comma or not head.endswith(";base64"):
        raise WrongField(f"{where} must be a data URL in base64, such as data:image/png;base64,...")
    try:
        data = base64.b64decode(coded, validate=True)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", PIL.Image.DecompressionBombWarning)  # a stricter limit follows
            image = PIL.Image.open(io.BytesIO(data))
    except (binascii.Error, ValueError, OSError, SyntaxError, PIL.Image.DecompressionBombError) as error:
        raise WrongField(f"{where} is no image that can be read.") from error
    if image.width * image.height > most_pixels:
        raise TooLarge(f"{where} has {image.width} x {image.height} pixels; {most_pixels:,} are allowed.")
    return image
