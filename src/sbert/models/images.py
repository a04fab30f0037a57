"""The encode loop for images, and for lists of texts and images."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..checkpoints.modules import ImageTextSpec
from ..engines.base import Engine
from ..errors import ImageError, InputError, SbertWarning, one_of
from ..images import is_image, open_image, preprocessed
from ..types import FloatArray
from .inputs import checked
from .parallel import ahead, share
from .progress import Progress

#: What is done about an image that cannot be read.
POLICIES = ("error", "skip")
#: Images that are brought into the network's form together, on so many threads: Pillow leaves Python meanwhile.
_AT_ONCE, _THREADS = 32, 2


@dataclass(frozen=True)
class ImageOptions:
    """How images are read.

    Args:
        on_bad_image: ``error``, or ``skip``: a row of NaN, and a warning that names them.
        allow_urls: whether ``{"image": "https://..."}`` is fetched.
        most: images in a batch at the most; None leaves it to the engine.

    Raises:
        InputError: the policy is not known.
    """

    on_bad_image: str = "error"
    allow_urls: bool = False
    most: int | None = None

    def __post_init__(self) -> None:
        if self.on_bad_image not in POLICIES:
            raise one_of("on_bad_image", self.on_bad_image, POLICIES)


def as_items(inputs: Any) -> tuple[Any, bool]:
    """What was given to a model that reads images as a list, and whether it was one image by itself.

    Tables and the like, which are refused later, stay what they are.
    """
    if is_image(inputs):
        return [inputs], True
    if isinstance(inputs, str) or hasattr(inputs, "columns") or isinstance(inputs, (bytes, Mapping)):
        return inputs, False
    return (list(inputs) if isinstance(inputs, Iterable) else inputs), False


def image_places(items: Any) -> list[int]:
    """Which items of a list are images; none of what is no list."""
    if not isinstance(items, list):
        return []
    return [place for place, item in enumerate(items) if is_image(item)]


def image_vectors(
    engine: Engine, images: Sequence[Any], places: Sequence[int], options: ImageOptions, progress: Progress | None
) -> FloatArray:
    """One vector for each image: (n, dimension) float32.

    Images are opened and resized by threads while others are computed.

    Args:
        engine: of a model that reads images.
        images: the images.
        places: the number of each in the user's eyes, for messages.
        options: how they are read.
        progress: called with the number of images done.

    Raises:
        ImageError: one cannot be read, and that is an error.
        InputError: the model reads no images, or its images differ in size.
    """
    first = engine.spec.input
    if not isinstance(first, ImageTextSpec):
        raise InputError(f"{engine.spec.name or 'This model'} reads texts alone; got {len(images)} images.")
    out = np.full((len(images), engine.spec.dimension), np.nan, np.float32)
    budget = min(engine.image_budget, options.most or engine.image_budget)
    bad: list[str] = []

    def read(numbers: range) -> tuple[list[int], list[FloatArray]]:
        found: dict[int, FloatArray] = {}

        def one(number: int) -> None:
            try:
                opened = open_image(images[number], f"inputs[{places[number]}]", allow_urls=options.allow_urls)
                found[number] = preprocessed(opened, first.preprocessing)
            except ImageError as error:
                if options.on_bad_image == "error":
                    raise
                bad.append(str(error))

        share(one, iter(numbers), _THREADS)
        kept = sorted(found)
        return kept, [found[number] for number in kept]

    with closing(ahead(read, _ranges(len(images), max(_AT_ONCE, budget)))) as ready:
        for numbers, pixels in ready:
            for start in range(0, len(numbers), budget):
                part = slice(start, start + budget)
                out[numbers[part]] = engine.embed_images(_stacked(pixels[part]))
                if progress is not None:
                    progress(len(numbers[part]), 0)
    _tell(bad)
    return out


def mixed_vectors(
    engine: Engine,
    items: Sequence[Any],
    of_texts: Callable[[list[Any]], FloatArray],
    options: ImageOptions,
    progress: Progress | None,
    first: int = 0,
) -> FloatArray:
    """The vectors of a list of texts and images, in its order; arguments and errors are those of :func:`image_vectors`.

    Args:
        engine: of a model that reads images.
        items: texts and images.
        of_texts: gives the vectors of texts.
        options: how images are read.
        progress: called with the number of images done.
        first: the number of the first item in the user's eyes.

    Raises:
        NotTextError: an item is neither.
    """
    places = image_places(items)
    others = sorted(set(range(len(items))).difference(places))
    texts = [checked([items[place]], first + place)[0] for place in others]
    numbers = [first + place for place in places]
    found = image_vectors(engine, [items[place] for place in places], numbers, options, progress)
    if not others:
        return found
    out = np.empty((len(items), engine.spec.dimension), np.float32)
    out[places], out[others] = found, of_texts(texts)
    return out


def refuse_for_images(output_value: str | None, pool: object) -> None:
    """Raise for options of ``encode`` that images do not have.

    Raises:
        InputError: one is asked for.
    """
    if output_value != "sentence_embedding":
        raise InputError(f"Images have sentence embeddings alone; got output_value={output_value!r}.")
    if pool is not None:
        raise InputError("Images are computed by the model itself: leave out pool.")


def _ranges(count: int, size: int) -> Iterator[range]:
    for start in range(0, count, size):
        yield range(start, min(count, start + size))


def _stacked(pixels: Sequence[FloatArray]) -> FloatArray:
    if len({image.shape for image in pixels}) > 1:
        raise InputError("The model's settings bring images to different sizes: pass batch_size=1.")
    return np.stack(pixels)


def _tell(bad: list[str]) -> None:
    if bad:
        shown = "; ".join(bad[:3]) + ("; ..." if len(bad) > 3 else "")
        warnings.warn(f"{len(bad)} images were skipped, and their rows are NaN: {shown}", SbertWarning, stacklevel=4)
