"""CLIPModel: a network that reads texts and one that reads images, run by transformers."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ...checkpoints import resolve
from ...checkpoints.modules import ImageTextSpec, ModuleSpec
from ...checkpoints.modules.dense import SENTENCE
from ...errors import InputError
from .base import Features, Input, feature
from .pretrained import load_network, quiet
from .transformer import NO_SETTINGS

#: The feature that images come as, (B, 3, height, width).
PIXELS = "pixel_values"


class CLIPModel(Input):
    """Two networks of transformers' ``AutoModel`` that were trained together, at the attribute ``model``.

    Args:
        model_name_or_path: a folder, or a model's name; found as :func:`sbert.checkpoints.resolve` says.
        model_kwargs: passed to ``AutoModel.from_pretrained``.
        config_kwargs: changes to the configuration.

    Raises:
        ModelNotFoundError: there is no model of that name.
        CheckpointError: it does not read texts and images, or its weights are missing or damaged.
    """

    def __init__(
        self,
        model_name_or_path: str | os.PathLike[str],
        *,
        model_kwargs: Mapping[str, Any] | None = None,
        config_kwargs: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__()
        self._load(ImageTextSpec.read(resolve(model_name_or_path).folder), torch.float32, model_kwargs, config_kwargs)

    @classmethod
    def from_spec(
        cls,
        spec: ImageTextSpec,
        *,
        dtype: str | torch.dtype = torch.float32,
        model_kwargs: Mapping[str, Any] | None = None,
        config_kwargs: Mapping[str, Any] | None = None,
    ) -> CLIPModel:
        """Make the module of its spec, with the weights of the spec's folder."""
        module = cls.__new__(cls)
        Input.__init__(module)
        module._load(spec, dtype, model_kwargs, config_kwargs)
        return module

    def _load(
        self,
        spec: ImageTextSpec,
        dtype: str | torch.dtype,
        model_kwargs: Mapping[str, Any] | None,
        config_kwargs: Mapping[str, Any] | None,
    ) -> None:
        self._spec = spec
        self.max_seq_length = spec.max_seq_length
        self.model = load_network(spec.folder, dtype, model_kwargs or {}, config_kwargs or {}, trust_remote_code=False)

    @property
    def auto_model(self) -> Any:
        """The same as ``model``, by the name that a :class:`Transformer` has it by."""
        return self.model

    def to_spec(self) -> ImageTextSpec:
        """The module as data; its weights are not in it, but in the folder that it names, as they were loaded."""
        return replace(self._spec, config=self.model.config.to_dict(), max_seq_length=self.max_seq_length)

    def take_settings(self, spec: ModuleSpec) -> None:  # noqa: D102
        if isinstance(spec, ImageTextSpec):
            self.max_seq_length = spec.max_seq_length

    def facts(self) -> dict[str, Any]:
        """The configuration without paths and versions, and how images are read."""
        return {key: value for key, value in self.to_spec().facts.items() if key not in NO_SETTINGS}

    def save_weights(self, folder: Path) -> None:
        """Write the networks' weights as they are now, and their ``config.json``, to a new folder."""
        with quiet():
            self.model.save_pretrained(folder)

    def forward(self, features: Features) -> Features:
        """Add ``sentence_embedding`` (B, D).

        Args:
            features: ``pixel_values`` (B, 3, height, width) of images, or ``input_ids`` and ``attention_mask`` (B, T)
                of texts.
        """
        if PIXELS in features:
            pixels = feature(features, PIXELS).to(next(self.parameters()).dtype)
            features[SENTENCE] = _vectors(self.model.get_image_features(pixel_values=pixels))
        else:
            ids, mask = feature(features, "input_ids"), feature(features, "attention_mask")
            features[SENTENCE] = _vectors(self.model.get_text_features(input_ids=ids, attention_mask=mask))
        return features

    def get_embedding_dimension(self) -> int:
        """Width of the vectors."""
        return self.to_spec().output_dimension(0)

    get_sentence_embedding_dimension = get_embedding_dimension


def _vectors(output: Any) -> Tensor:
    """What a network gives: vectors, or since transformers 5 an object that has them."""
    found = output if isinstance(output, Tensor) else output.pooler_output
    if not isinstance(found, Tensor):
        raise InputError("The network gives no vectors of texts and images.")
    return found
