"""From what users call an image to the numbers that a network reads."""

from .identity import image_digest
from .preprocess import preprocessed
from .sources import Image, is_image, open_image
from .thumbnail import thumbnail

__all__ = ["Image", "image_digest", "is_image", "open_image", "preprocessed", "thumbnail"]
