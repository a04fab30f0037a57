"""The class names that ``modules.json`` files have used, old and new, and the kinds they stand for."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from ..errors import UnsupportedModelError, closest
from .modules import KINDS, ImageTextSpec, ModuleSpec, TransformerSpec
from .modules.image_text import reads_images
from .modules.transformer import FILL_MASK

#: What the first releases with sparse encoders called a Transformer whose task is to fill masks.
MASKED_LM = "MLMTransformer"
_OTHER_NAMES = {MASKED_LM: "Transformer", "Asym": "Router"}
_PREFIXES = ("sentence_transformers.", "sbert.")
# Another package's, whose code is not run: what it does is what this module does.
_SAME_ELSEWHERE = {"pylate.models.Dense.Dense": "Dense"}


def module_class(type_name: str) -> type[ModuleSpec]:
    """The kind of module that a dotted class name of ``modules.json`` stands for.

    Names under ``sentence_transformers`` are known by their last part, wherever the class lived in that release:
    ``sentence_transformers.models.Pooling`` and ``sentence_transformers.sentence_transformer.modules.pooling.Pooling``
    are one.

    Raises:
        UnsupportedModelError: the name is of another package (its code is not run), or of a kind not built here.
    """
    kind = type_name.rpartition(".")[2]
    kind = _OTHER_NAMES.get(kind, kind)
    if not type_name.startswith(_PREFIXES) and type_name not in _SAME_ELSEWHERE:
        raise UnsupportedModelError(
            f"Module {type_name!r} is code of its own, which is not run. Only modules of the known kinds are read: "
            f"{', '.join(KINDS)}."
        )
    if kind not in KINDS:
        raise UnsupportedModelError(
            f"Module {type_name!r} is not supported; supported kinds are {', '.join(KINDS)}.{closest(kind, KINDS)}"
        )
    return KINDS[kind]


def read_module(type_name: str, folder: Path) -> ModuleSpec:
    """Read a module of a dotted class name from its folder.

    Raises:
        UnsupportedModelError: as :func:`module_class`.
        CheckpointError: the folder cannot be used.
    """
    kind = module_class(type_name)
    if kind is TransformerSpec and reads_images(folder):
        kind = ImageTextSpec
    module = kind.read(folder)
    if isinstance(module, TransformerSpec) and type_name.endswith(f".{MASKED_LM}"):
        return replace(module, task=FILL_MASK)
    return module


def written_name(module: ModuleSpec) -> str:
    """The dotted class name to write for a module.

    >>> from sbert.checkpoints.modules import NormalizeSpec
    >>> written_name(NormalizeSpec())
    'sentence_transformers.models.Normalize'
    """
    return f"{module.package}.{module.written_kind}"
