"""How images are brought into the form that a network reads, as a folder describes it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...errors import CheckpointError, CorruptCheckpointError, UnsupportedModelError
from ..files import listed, read_json, setting

#: The files that settings may be in: one of their own, or among those of the whole processor.
PROCESSOR_FILES = ("preprocessor_config.json", "processor_config.json")
_INSIDE = "image_processor"
#: Pillow's numbers for ways to resize.
_RESAMPLINGS = {0: "nearest", 1: "lanczos", 2: "bilinear", 3: "bicubic", 4: "box", 5: "hamming"}


@dataclass(frozen=True)
class ImagePreprocessing:
    """The steps, in order: resize, cut out the middle, scale to numbers from 0 to 1, shift and scale by channel.

    Args:
        shortest: pixels that the shorter side is resized to, the other with it; None where ``size`` says.
        size: (height, width) that images are resized to, whatever their shape; None for not.
        resampling: how they are resized: ``bicubic``, ``bilinear`` ...
        crop: (height, width) of the middle that is cut out; None for all.
        scale: what pixels, from 0 to 255, are multiplied by.
        mean: of each channel, which is subtracted; None for nothing.
        std: of each channel, which is divided by.
    """

    shortest: int | None = 224
    size: tuple[int, int] | None = None
    resampling: str = "bicubic"
    crop: tuple[int, int] | None = (224, 224)
    scale: float = 1 / 255
    mean: tuple[float, ...] | None = (0.48145466, 0.4578275, 0.40821073)
    std: tuple[float, ...] | None = (0.26862954, 0.26130258, 0.27577711)

    @classmethod
    def read(cls, folder: Path) -> ImagePreprocessing:
        """Read the settings of a folder.

        Raises:
            CheckpointError: it has none.
            CorruptCheckpointError: they are damaged.
            UnsupportedModelError: they ask for something that is not done here.
        """
        path = next((folder / name for name in PROCESSOR_FILES if (folder / name).is_file()), None)
        if path is None:
            raise CheckpointError(
                f"{folder} has no {PROCESSOR_FILES[0]}, which says how images are read. Download it again."
            )
        settings = read_json(path)
        settings = setting(settings, _INSIDE, dict, path, settings)
        on = {step: setting(settings, f"do_{step}", bool, path, True) for step in ("resize", "rescale", "normalize")}
        size = _sizes(settings.get("size"), path) if on["resize"] else {}
        if size and not ({"shortest_edge"} <= size.keys() or {"height", "width"} <= size.keys()):
            raise UnsupportedModelError(f"{path}: images cannot be resized to {settings['size']!r} here.")
        crops = setting(settings, "do_center_crop", bool, path, "crop_size" in settings)
        crop = _sizes(settings.get("crop_size"), path, square=True) if crops else {}
        resampling = _RESAMPLINGS.get(setting(settings, "resample", int, path, 3))
        if resampling is None:
            raise CorruptCheckpointError(f"{path}: 'resample' must be one of {sorted(_RESAMPLINGS)}.")
        square = "height" in size
        return cls(
            None if square else size.get("shortest_edge"),
            (size["height"], size["width"]) if square else None,
            resampling,
            (crop["height"], crop["width"]) if crop else None,
            setting(settings, "rescale_factor", float, path, 1 / 255) if on["rescale"] else 1.0,
            _channels(settings, "image_mean", path) if on["normalize"] else None,
            _channels(settings, "image_std", path) if on["normalize"] else None,
        )

    @property
    def shape(self) -> tuple[int, int] | None:
        """(height, width) of what comes out; None where it depends on the image."""
        return self.crop or self.size


def _sizes(value: Any, path: Path, *, square: bool = False) -> dict[str, int]:
    """A size in either form: a number, or an object of numbers."""
    if isinstance(value, int):
        return {"height": value, "width": value} if square else {"shortest_edge": value}
    if not isinstance(value, dict):
        raise CorruptCheckpointError(f"{path}: a size of images must be given; got {value!r}.")
    sizes = {str(key): number for key, number in value.items() if number is not None}
    if not all(isinstance(number, int) and number > 0 for number in sizes.values()):
        raise CorruptCheckpointError(f"{path}: sizes of images must be whole numbers above 0; got {value!r}.")
    return sizes


def _channels(settings: dict[str, Any], key: str, path: Path) -> tuple[float, ...]:
    values = listed(settings, key, path) or []
    if len(values) != 3 or not all(isinstance(value, (int, float)) for value in values):
        raise CorruptCheckpointError(f"{path}: {key!r} must have a number for each of three channels; got {values!r}.")
    return tuple(float(value) for value in values)
