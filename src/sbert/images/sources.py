"""Images as users have them: opened files, paths, arrays, and addresses where that is allowed."""

from __future__ import annotations

import io
import urllib.request
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import ImageError, MissingDependencyError
from ..types import AnyArray

#: What an image may come as: one of Pillow, a path, an array (height, width) or (height, width, channels), or a mapping
#: ``{"image": ...}`` of one of these, of a path as a string, or of an address.
Image = Any

#: Bytes of an image at an address that are read at the most, and seconds that it may take.
_MOST_BYTES, _SECONDS = 64 << 20, 20
_ADDRESSES = ("http://", "https://")


def is_image(item: Any) -> bool:
    """Whether an item is an image, not a text: strings are texts, unless in ``{"image": ...}``."""
    if isinstance(item, Mapping):
        return set(item) == {"image"}
    if isinstance(item, np.ndarray):
        return item.ndim in (2, 3) and item.dtype.kind in "uif"
    return isinstance(item, Path) or _is_opened(item)


def open_image(item: Image, where: str, *, allow_urls: bool = False) -> Any:
    """The image as one of Pillow, in red, green and blue.

    Args:
        item: the image.
        where: what it is called in messages.
        allow_urls: whether addresses may be opened.

    Raises:
        ImageError: there is no such file, it is no image, it is damaged, or too large to be safe.
        MissingDependencyError: Pillow is not installed.
    """
    from_pillow = _pillow()
    if isinstance(item, Mapping):
        item = item.get("image")
    try:
        with warnings.catch_warnings():
            # Twice as many pixels raise by themselves; images between would only be warned of.
            warnings.simplefilter("error", from_pillow.DecompressionBombWarning)
            if isinstance(item, np.ndarray):
                image = from_pillow.fromarray(_pixels(item, where))
            elif _is_opened(item):
                image = item
            elif isinstance(item, str) and item.startswith(_ADDRESSES):
                image = from_pillow.open(io.BytesIO(_fetched(item, where, allow_urls)))
            elif isinstance(item, (str, Path)):
                image = from_pillow.open(item)
            else:
                raise ImageError(f"{where} must be an image, a path or an array; got {type(item).__name__}.")
            return image.convert("RGB")
    except FileNotFoundError as error:
        raise ImageError(f"{where}: there is no file {item}.") from error
    except (from_pillow.DecompressionBombError, from_pillow.DecompressionBombWarning) as error:
        raise ImageError(
            f"{where}: {_named(item)} has more than {from_pillow.MAX_IMAGE_PIXELS:,} pixels. Make it smaller, or raise "
            "PIL.Image.MAX_IMAGE_PIXELS if you trust it."
        ) from error
    except (OSError, ValueError, SyntaxError, EOFError) as error:  # what Pillow raises of files of many kinds
        raise ImageError(f"{where}: {_named(item)} is no image that can be read ({error}).") from error


def _pixels(array: AnyArray, where: str) -> AnyArray:
    """An array as Pillow takes it: whole numbers of one byte, with one, three or four channels last."""
    if array.ndim == 3 and array.shape[2] not in (1, 3, 4):
        raise ImageError(f"{where} must be (height, width) or (height, width, channels); got the shape {array.shape}.")
    if array.ndim not in (2, 3) or 0 in array.shape:
        raise ImageError(f"{where} must be (height, width) or (height, width, channels); got the shape {array.shape}.")
    if array.dtype != np.uint8:
        raise ImageError(f"{where} must be of uint8, from 0 to 255; got {array.dtype}. Convert it first.")
    return array[:, :, 0] if array.ndim == 3 and array.shape[2] == 1 else np.ascontiguousarray(array)


def _fetched(address: str, where: str, allowed: bool) -> bytes:
    if not allowed:
        raise ImageError(f"{where}: {address} is not opened unless you say so: pass allow_urls=True.")
    request = urllib.request.Request(address, headers={"User-Agent": "sbert"})  # noqa: S310  (checked by the caller)
    with urllib.request.urlopen(request, timeout=_SECONDS) as answer:  # noqa: S310
        data: bytes = answer.read(_MOST_BYTES + 1)
    if len(data) > _MOST_BYTES:
        raise ImageError(f"{where}: {address} has more than {_MOST_BYTES >> 20} MiB.")
    return data


def _named(item: Any) -> str:
    return str(item) if isinstance(item, (str, Path)) else f"the {type(item).__name__}"


def _is_opened(item: Any) -> bool:
    """Whether an item is an image of Pillow; without importing it."""
    return any(kind.__module__.startswith("PIL.") for kind in type(item).__mro__) and hasattr(item, "convert")


def _pillow() -> Any:
    """Pillow's module for images.

    Raises:
        MissingDependencyError: it is not installed.
    """
    try:
        import PIL.Image
    except ImportError as error:
        raise MissingDependencyError("pillow", "read images", "image") from error
    return PIL.Image
