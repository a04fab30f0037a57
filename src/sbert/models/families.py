"""The families of models, and loading one as what it was saved as."""

from __future__ import annotations

import importlib
import os
from typing import TYPE_CHECKING, Any, cast

from ..checkpoints import read, resolve
from ..checkpoints.read import CROSS_ENCODER, MULTI_VECTOR_ENCODER, SENTENCE_TRANSFORMER, SPARSE_ENCODER
from ..errors import UnsupportedModelError, one_of

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from .base import BaseModel
    from .options import LoadOptions

#: Where the class of each family lives, beside this file; its name is the family's.
FAMILIES = {
    SENTENCE_TRANSFORMER: "sentence_transformer",
    CROSS_ENCODER: "cross_encoder",
    SPARSE_ENCODER: "sparse_encoder",
    MULTI_VECTOR_ENCODER: "multi_vector_encoder",
}


def load(model_name_or_path: str | os.PathLike[str], **options: Unpack[LoadOptions]) -> BaseModel:
    """Load a model as the family that it was saved as.

    Args:
        model_name_or_path: a folder, or a model's name with its organisation; without one it means
            ``sentence-transformers/...``.
        **options: as in :class:`~sbert.models.options.LoadOptions`.

    Returns:
        A :class:`~sbert.SentenceTransformer`, :class:`~sbert.CrossEncoder`, :class:`~sbert.SparseEncoder` or
        :class:`~sbert.MultiVectorEncoder`. A plain folder of a network with a head that gives scores is a
        cross-encoder, any other a sentence transformer.

    Raises:
        UnsupportedModelError: it was saved as a family that is not known here.
        SbertError: as the family's constructor.
    """
    family = family_of(model_name_or_path, **options)
    if family not in FAMILIES:
        raise UnsupportedModelError(str(one_of("model_type", family, FAMILIES)))
    kind = getattr(importlib.import_module(f".{FAMILIES[family]}", __package__), family)
    return cast("BaseModel", kind(model_name_or_path, **options))


def family_of(model_name_or_path: str | os.PathLike[str], **options: Unpack[LoadOptions]) -> str:
    """The family that a model was saved as, by name; its weights are not read. Arguments are those of :func:`load`."""
    where: dict[str, Any] = {
        name: options[name] for name in ("cache_folder", "revision", "token", "local_files_only") if name in options
    }
    found = resolve(model_name_or_path, **where)
    return read(found.folder, found.name).model_type
