"""CLIPModel: a network that reads texts and one that reads images, whose vectors compare with each other."""

from __future__ import annotations

import shutil
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from ...errors import CorruptCheckpointError
from ..files import read_json, setting, write_json
from .image_preprocessing import ImagePreprocessing
from .input import InputSpec
from .transformer import SETTINGS_FILES, companions, network_config

CLIP, SIGLIP = "clip", "siglip"
#: What reads texts and images, by the ``model_type`` of configurations.
ARCHITECTURES = (CLIP, SIGLIP)
_SETTINGS = {
    "transformer_task": "feature-extraction",
    "modality_config": {
        kind: {"method": f"get_{kind}_features", "method_output_name": "pooler_output"} for kind in ("text", "image")
    },
    "module_output_name": "sentence_embedding",
}


@dataclass(frozen=True)
class ImageTextSpec(InputSpec):
    """Two networks that were trained together, one for texts and one for images.

    CLIP (https://arxiv.org/abs/2103.00020) and SigLIP (https://arxiv.org/abs/2303.15343).

    Args:
        folder: where their files lie.
        config: ``config.json``.
        preprocessing: how images are brought into the form that their network reads.
        max_seq_length: number of tokens that are read of a text.
    """

    config: dict[str, Any] = field(compare=False, repr=False)
    preprocessing: ImagePreprocessing

    kind = "CLIPModel"
    pools = True
    is_network = True
    reads_images = True
    config_file = SETTINGS_FILES[0]
    needed_files = ("config.json",)

    @classmethod
    def read(cls, folder: Path) -> ImageTextSpec:
        """Read the settings."""
        config = network_config(folder)
        length = _positions(config, folder)
        path = folder / cls.config_file
        if path.is_file():
            length = min(length, setting(read_json(path), "max_seq_length", int, path, length))
        if length < 1:
            raise CorruptCheckpointError(f"{folder}: the maximum length must be at least 1; got {length}.")
        return cls(folder, config, ImagePreprocessing.read(folder), max_seq_length=length)

    def write(self, folder: Path) -> None:
        """Copy the networks with tokenizer and settings; ``.bin`` weights become safetensors."""
        self.write_settings(folder)
        self.copy_weights(folder)

    def write_settings(self, folder: Path) -> None:
        """Write everything but the weights."""
        for path in self.companions():
            shutil.copyfile(path, folder / path.name)
        write_json(folder / self.config_file, {"max_seq_length": self.max_seq_length, **_SETTINGS})

    def companions(self) -> list[Path]:
        """The files that belong to the networks, their tokenizer and images, beside weights."""
        return companions(self.folder)

    @property
    def written_kind(self) -> str:
        """``CLIPModel``, which readers of many years know; for others, what newer ones read them as."""
        return self.kind if self.model_type == CLIP else "Transformer"

    @property
    def model_type(self) -> str:
        """The architecture's short name, such as ``clip``."""
        return str(self.config.get("model_type", ""))

    @property
    def do_lower_case(self) -> bool:
        """Whether texts are lower-cased beside what the tokenizer does: never."""
        return False

    @property
    def architecture(self) -> str:
        """The same as :attr:`model_type`."""
        return self.model_type

    @property
    def facts(self) -> dict[str, Any]:
        """The configuration, and how images are read."""
        config = {key: value for key, value in self.config.items() if key != "_name_or_path"}
        return config | {"images": asdict(self.preprocessing)}

    @property
    def positions(self) -> int | None:
        """Number of tokens that the position table for texts can number."""
        return _positions(self.config, self.folder)

    @property
    def dimension(self) -> int:
        """Width of what the network for texts computes in.

        Raises:
            CorruptCheckpointError: the configuration does not say.
        """
        return self._number("text_config", "hidden_size")

    @property
    def image_tokens(self) -> int:
        """Number of places that the network for images has: patches, and one for all."""
        return (self._number("vision_config", "image_size") // self._number("vision_config", "patch_size")) ** 2 + 1

    def output_dimension(self, dimension: int) -> int:  # noqa: ARG002
        """Width of the vectors of texts and images."""
        if self.model_type == CLIP:
            return int(setting(self.config, "projection_dim", int, self.folder / "config.json", 512))
        return self._number("vision_config", "hidden_size")

    def _number(self, part: str, key: str) -> int:
        return _number(self.config, part, key, self.folder)


def reads_images(folder: Path) -> bool:
    """Whether a folder holds networks for texts and images."""
    path = folder / "config.json"
    return path.is_file() and read_json(path).get("model_type") in ARCHITECTURES


def _positions(config: dict[str, Any], folder: Path) -> int:
    return _number(config, "text_config", "max_position_embeddings", folder)


#: What configurations leave out where it is what the first models had.
_USUAL = {
    CLIP: {"max_position_embeddings": 77, "hidden_size": 512, "image_size": 224, "patch_size": 32},
    SIGLIP: {"max_position_embeddings": 64, "hidden_size": 768, "image_size": 224, "patch_size": 16},
}


def _number(config: dict[str, Any], part: str, key: str, folder: Path) -> int:
    path = folder / "config.json"
    settings = setting(config, part, dict, path, {})
    usual = 768 if part == "vision_config" and key == "hidden_size" else _USUAL[str(config.get("model_type"))].get(key)
    number = setting(settings, key, int, path, usual)
    if number is None or number < 1:
        raise CorruptCheckpointError(f"{path} does not say {key!r} of its {part}.")
    return int(number)
