"""The steps from an image to the numbers that a network reads; they are those of transformers' processors."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..checkpoints.modules.image_preprocessing import ImagePreprocessing
from ..types import AnyArray, FloatArray


def preprocessed(image: Any, steps: ImagePreprocessing) -> FloatArray:
    """Bring an image into the form that a network reads.

    Args:
        image: of Pillow, in red, green and blue.
        steps: what is done to it.

    Returns:
        (3, height, width) float32.
    """
    size = _resized(image.size, steps)
    if size is not None:
        from PIL.Image import Resampling

        image = image.resize(size, Resampling[steps.resampling.upper()])
    pixels: AnyArray = np.asarray(image)
    if steps.crop is not None:
        pixels = _middle(pixels, *steps.crop)
    found: FloatArray = pixels.astype(np.float32) * np.float32(steps.scale)
    if steps.mean is not None and steps.std is not None:
        found -= np.array(steps.mean, np.float32)
        found /= np.array(steps.std, np.float32)
    return np.ascontiguousarray(found.transpose(2, 0, 1))


def _resized(size: tuple[int, int], steps: ImagePreprocessing) -> tuple[int, int] | None:
    """The width and height that an image is resized to."""
    if steps.size is not None:
        return steps.size[1], steps.size[0]
    if steps.shortest is None:
        return None
    width, height = size
    if width <= height:
        return steps.shortest, int(steps.shortest * height / width)
    return int(steps.shortest * width / height), steps.shortest


def _middle(pixels: AnyArray, height: int, width: int) -> AnyArray:
    """The middle of an image, with black around it where it is smaller: (height, width, channels)."""
    have = pixels.shape[:2]
    if have[0] < height or have[1] < width:
        larger = max(have[0], height), max(have[1], width)
        top, left = (-(-(large - small) // 2) for large, small in zip(larger, have, strict=True))
        canvas = np.zeros((*larger, pixels.shape[2]), pixels.dtype)
        canvas[top : top + have[0], left : left + have[1]] = pixels
        pixels, have = canvas, larger
    top, left = (have[0] - height) // 2, (have[1] - width) // 2
    return pixels[top : top + height, left : left + width]
