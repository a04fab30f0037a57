"""The folders of late-interaction models that are older than their family, brought into its form.

PyLate's, up to its third version, list a network and a layer; Stanford's (https://arxiv.org/abs/2112.01488) keep the
layer among the network's own tensors. What follows was code in both: which tokens count, and lengths of one.
"""

from __future__ import annotations

import string
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import CorruptCheckpointError
from ..types import AnyArray
from .files import MODULES_FILE, read_json, setting
from .files import listed as stored
from .modules import (
    DenseSpec,
    ModuleSpec,
    MultiVectorMaskSpec,
    NormalizeSpec,
    QueryExpansion,
    TransformerSpec,
)
from .modules.dense import SENTENCE, TOKENS

#: What PyLate calls the family.
PYLATE = "ColBERT"
#: How Stanford's class of network is named, its settings, and its layer.
STANFORD, METADATA, PROJECTION = "HF_ColBERT", "artifact.metadata", "linear.weight"
_IDENTITY = "torch.nn.modules.linear.Identity"
#: Tokens of a query where nothing is said, as in the paper.
_QUERY_LENGTH = 32
#: Width of token vectors, as in the paper, where a model is yet to be trained.
_WIDTH = 128
# Keys by which a folder shows that it was saved by PyLate.
_MARKS = ("query_prefix", "document_prefix", "query_length", "document_length", "do_query_expansion", "skiplist_words")


@dataclass(frozen=True)
class Form:
    """What a folder says, in today's terms.

    Args:
        modules: in order.
        prompts: by name, those that it has of old.
        markers: as in :class:`~sbert.checkpoints.spec.ModelSpec`.
    """

    modules: tuple[ModuleSpec, ...]
    prompts: dict[str, str]
    markers: tuple[str, ...] = ()


def listed(
    modules: tuple[ModuleSpec, ...], prompts: Mapping[str, str], settings: Mapping[str, Any], where: Path
) -> Form:
    """The form of a folder that lists its modules: today's, or PyLate's.

    Args:
        modules: as listed.
        prompts: as saved, by name.
        settings: of the model.
        where: the file that those come from, for messages.
    """
    # Older layers do not say what they read, and nothing here makes a vector a text.
    found = tuple(_on_tokens(module) if isinstance(module, DenseSpec) else module for module in modules)
    prompts, markers = dict(prompts), []
    for key, name in (("query_prefix", "query"), ("document_prefix", "document")):
        if key in settings:
            prefix = setting(settings, key, str, where) or ""
            prompts[name] = prefix + prompts.get(name, "").removeprefix(prefix)
            markers += [prefix] if prefix.strip() else []
    if any(mark in settings for mark in _MARKS) and isinstance(found[0], TransformerSpec):
        attend = bool(setting(settings, "attend_to_expansion_tokens", bool, where))
        length = setting(settings, "query_length", int, where) or _QUERY_LENGTH
        expands = setting(settings, "do_query_expansion", bool, where, True)
        expansion = QueryExpansion("fixed", length, attend) if expands else None
        network = replace(
            found[0],
            query_length=None if expands else setting(settings, "query_length", int, where),
            document_length=setting(settings, "document_length", int, where),
            query_expansion=expansion,
        )
        found = (network, *found[1:])
    if settings.get("model_type") == PYLATE:
        words = stored(settings, "skiplist_words", where)
        found = (*found, *_ending(string.punctuation if words is None else words))
    return Form(found, prompts, tuple(markers))


def unlisted(network: TransformerSpec) -> Form:
    """The form of a folder without a list of modules: Stanford's, or a network that is to be trained.

    Raises:
        CorruptCheckpointError: a folder of Stanford's lacks its layer.
    """
    if STANFORD in map(str, network.config.get("architectures") or ()):
        return _stanford(network)
    bound = 1 / network.dimension**0.5
    table = np.random.default_rng(0).uniform(-bound, bound, (_WIDTH, network.dimension)).astype(np.float32)
    return Form((network, _layer(table), *_ending(())), {})


def is_untrained(folder: Path) -> bool:
    """Whether a folder has no layer of its own, so that :func:`unlisted` makes one of random numbers."""
    config = read_json(folder / "config.json") if (folder / "config.json").is_file() else {}
    return not (folder / MODULES_FILE).is_file() and STANFORD not in map(str, config.get("architectures") or ())


def _stanford(network: TransformerSpec) -> Form:
    path = network.folder / METADATA
    settings = read_json(path) if path.is_file() else {}
    weights = network.weights()
    if PROJECTION not in weights:
        raise CorruptCheckpointError(f"{weights.source} has no tensor {PROJECTION!r}, which {STANFORD} models have.")
    table = weights.float32(PROJECTION)
    markers = [
        setting(settings, key, str, path) or default
        for key, default in (("query_token_id", "[unused0]"), ("doc_token_id", "[unused1]"))
    ]
    network = replace(
        network,
        document_length=setting(settings, "doc_maxlen", int, path),
        query_expansion=QueryExpansion(
            "fixed",
            setting(settings, "query_maxlen", int, path) or _QUERY_LENGTH,
            bool(setting(settings, "attend_to_mask_tokens", bool, path)),
        ),
    )
    words = string.punctuation if setting(settings, "mask_punctuation", bool, path, True) else ()
    prompts = {name: f"{marker} " for name, marker in zip(("query", "document"), markers, strict=True)}
    return Form((network, _layer(table), *_ending(words)), prompts, tuple(f"{marker} " for marker in markers))


def _layer(table: AnyArray) -> DenseSpec:
    wide, into = table.shape
    return DenseSpec(into, wide, False, _IDENTITY, TOKENS, TOKENS, tensors={"linear.weight": table})


def _ending(skiplist: Any) -> tuple[ModuleSpec, ...]:
    return MultiVectorMaskSpec(tuple(map(str, skiplist))), NormalizeSpec(TOKENS, TOKENS)


def _on_tokens(layer: DenseSpec) -> DenseSpec:
    if layer.input_name != SENTENCE:
        return layer
    return replace(layer, input_name=TOKENS, output_name=TOKENS)
