"""Facts for a model card, kept where scripts put them. The card itself is written by sbert."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import transformers


@dataclass
class ModelCardData:
    """What a script tells about a model: kept as attributes, and not written into the card.

    Args:
        language: of its texts.
        license: of the model.
        model_name: its name.
        model_id: its name on the hub.
        base_model: the model that it was loaded from.
        base_model_revision: of that, where it is known.
        train_datasets: what it was trained on.
        eval_datasets: what it was measured on.
        task_name: what it is for.
        tags: for the hub.
    """

    language: str | list[str] | None = None
    license: str | None = None
    model_name: str | None = None
    model_id: str | None = None
    base_model: str | None = None
    base_model_revision: str | None = None
    train_datasets: list[dict[str, str]] = field(default_factory=list)
    eval_datasets: list[dict[str, str]] = field(default_factory=list)
    task_name: str | None = None
    tags: list[str] = field(default_factory=list)
    local_files_only: bool = True
    generate_widget_examples: bool = False

    def to_dict(self) -> dict[str, Any]:
        """What was told, by name."""
        return {name: value for name, value in vars(self).items() if value}


class SentenceTransformerModelCardData(ModelCardData):
    """Facts about a SentenceTransformer."""


class CrossEncoderModelCardData(ModelCardData):
    """Facts about a CrossEncoder."""


class SparseEncoderModelCardData(ModelCardData):
    """Facts about a SparseEncoder."""


class MultiVectorEncoderModelCardData(ModelCardData):
    """Facts about a MultiVectorEncoder."""


class ModelCardCallback(transformers.TrainerCallback):  # type: ignore[misc]
    """Does nothing: sbert's trainer notes what training was by itself. Libraries look for it among the callbacks."""


class SentenceTransformerModelCardCallback(ModelCardCallback):
    """As :class:`ModelCardCallback`."""


class CrossEncoderModelCardCallback(ModelCardCallback):
    """As :class:`ModelCardCallback`."""


class SparseEncoderModelCardCallback(ModelCardCallback):
    """As :class:`ModelCardCallback`."""


class MultiVectorEncoderModelCardCallback(ModelCardCallback):
    """As :class:`ModelCardCallback`."""
