"""From a folder to a :class:`~sbert.checkpoints.spec.ModelSpec`."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from ..errors import CheckpointError, CorruptCheckpointError, InputError, UnsupportedModelError
from . import late_interaction
from .aliases import read_module
from .files import MODULES_FILE, inside, read_json, read_json_list, setting
from .modules import (
    ImageTextSpec,
    LogitScoreSpec,
    ModuleSpec,
    NormalizeSpec,
    PoolingSpec,
    RouterSpec,
    SpladePoolingSpec,
    StaticEmbeddingSpec,
    TransformerSpec,
)
from .modules.image_text import reads_images
from .modules.transformer import CLASSIFICATION, FEATURES, FILL_MASK, NEXT_WORD
from .spec import ModelSpec

MODEL_FILE = "config_sentence_transformers.json"
#: The families of models, by the names that folders use.
SENTENCE_TRANSFORMER, CROSS_ENCODER, SPARSE_ENCODER = "SentenceTransformer", "CrossEncoder", "SparseEncoder"
MULTI_VECTOR_ENCODER = "MultiVectorEncoder"


def read(folder: str | Path, name: str = "", family: str | None = None) -> ModelSpec:
    """Read a model folder of any of the forms in use.

    With ``modules.json``: the modules it lists. Without, for a :class:`~sbert.CrossEncoder`: the network with its head;
    for a :class:`~sbert.SparseEncoder`: the network with the head it was pre-trained with, and SPLADE's pooling; for a
    :class:`~sbert.MultiVectorEncoder`: the network with Stanford's layer, or a new one; for a
    :class:`~sbert.SentenceTransformer`: a static model in model2vec's form, or a plain Hugging Face folder, which gets
    mean pooling, or last-token pooling when it is a causal language model. Weights are not read yet.

    Args:
        folder: the model's folder.
        name: the name it was asked for by, kept for messages.
        family: the family it is read for; by default the one that it was saved as. Of a model of another family, only
            the network is read, and prompts and similarity mean nothing: with mean pooling for a SentenceTransformer,
            with its head or layer for the others.

    Raises:
        CheckpointError: the folder is not a model, or a file in it is damaged.
        UnsupportedModelError: a module is of a kind not known here.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise CheckpointError(f"{folder} is not a folder.")
    settings = read_json(folder / MODEL_FILE) if (folder / MODEL_FILE).is_file() else {}
    listed = (folder / MODULES_FILE).is_file()
    saved_as = _saved_as(folder, settings, listed, family)
    family = family or saved_as
    if saved_as != family:
        modules = _with_head(folder, family) or _pooled(network_of(folder))
        return ModelSpec(modules, folder, name or folder.name, saved_as)
    form = _form(folder, settings, listed, family)
    modules = form.modules
    router = modules[0] if isinstance(modules[0], RouterSpec) else None
    if router is not None:
        modules = _on_default_route(router, modules[1:], folder)
    _refuse_lengths_of_tasks(modules, family)
    return ModelSpec(
        modules=modules,
        router=router,
        folder=folder,
        name=name or folder.name,
        model_type=saved_as,
        prompts=form.prompts,
        markers=form.markers,
        default_prompt_name=settings.get("default_prompt_name"),
        similarity_fn_name=settings.get("similarity_fn_name"),
        truncate_dim=setting(settings, "truncate_dim", int, folder / MODEL_FILE),
        activation_fn=_activation(settings, modules, folder) if family == CROSS_ENCODER else None,
        max_active_dims=setting(settings, "max_active_dims", int, folder / MODEL_FILE),
    )


def _form(folder: Path, settings: dict[str, Any], listed: bool, family: str) -> late_interaction.Form:
    """The modules and prompts that a folder has, or that it means."""
    prompts = _prompts(settings, folder)
    if family != MULTI_VECTOR_ENCODER:
        return late_interaction.Form(_listed_modules(folder) if listed else _default_modules(folder, family), prompts)
    if listed:
        return late_interaction.listed(_listed_modules(folder), prompts, settings, folder / MODEL_FILE)
    form = _unlisted(folder)
    return replace(form, prompts=form.prompts | prompts)


def _on_default_route(router: RouterSpec, rest: tuple[ModuleSpec, ...], folder: Path) -> tuple[ModuleSpec, ...]:
    """The modules that a text goes through that no task is named for; of any route where there is no such."""
    try:
        router.output_dimension(0)
    except InputError as error:
        raise CorruptCheckpointError(f"{folder}: {error}") from error
    return (*router.routes[router.usual], *rest)


def _saved_as(folder: Path, settings: dict[str, Any], listed: bool, family: str | None) -> str:
    """The family that a folder was saved as; of a plain one, the family that it is read for."""
    if settings or listed or (family is None and not _has_head(folder)):
        name = str(setting(settings, "model_type", str, folder / MODEL_FILE, SENTENCE_TRANSFORMER))
        return MULTI_VECTOR_ENCODER if name == late_interaction.PYLATE else name
    return family or CROSS_ENCODER


def _has_head(folder: Path) -> bool:
    return (folder / "config.json").is_file() and network_of(folder, CLASSIFICATION).has_head


def _activation(settings: dict[str, Any], modules: tuple[ModuleSpec, ...], folder: Path) -> str | None:
    """The activation of a cross-encoder, where its folder names one: each release has written it elsewhere."""
    places = [(settings, "activation_fn", folder / MODEL_FILE)]
    if isinstance(modules[0], TransformerSpec):
        where, config = modules[0].folder / "config.json", modules[0].config
        noted = setting(config, "sentence_transformers", dict, where, {})
        places += [(noted, "activation_fn", where), (config, "sbert_ce_default_activation_function", where)]
    named = (setting(values, key, str, where) for values, key, where in places)
    return next((str(name) for name in named if name), None)


def _listed_modules(folder: Path) -> tuple[ModuleSpec, ...]:
    modules = []
    for entry in read_json_list(folder / MODULES_FILE):
        if "type" not in entry:
            raise CorruptCheckpointError(f"{folder / MODULES_FILE}: an entry has no 'type'.")
        modules.append(read_module(str(entry["type"]), inside(folder, str(entry.get("path", "")))))
    if not modules:
        raise CorruptCheckpointError(f"{folder / MODULES_FILE} lists no module.")
    return tuple(modules)


def network_of(folder: Path, task: str = FEATURES) -> TransformerSpec:
    """The transformer of a model, whatever follows it, to be used for a task."""
    network = None
    if (folder / MODULES_FILE).is_file():
        for entry in read_json_list(folder / MODULES_FILE):
            if network is None and str(entry.get("type")).endswith("Transformer"):
                network = TransformerSpec.read(inside(folder, str(entry.get("path", ""))))
    return replace(network or TransformerSpec.read(folder), task=task)


def _default_modules(folder: Path, family: str) -> tuple[ModuleSpec, ...]:
    if (found := _with_head(folder, family)) is not None:
        return found
    if StaticEmbeddingSpec.is_plain(folder):
        static = StaticEmbeddingSpec.read(folder)
        return (static, NormalizeSpec()) if static.settings.get("normalize") else (static,)
    if reads_images(folder):
        return (ImageTextSpec.read(folder),)
    transformer = TransformerSpec.read(folder)
    architecture = str((transformer.config.get("architectures") or [""])[0])
    causal = architecture.endswith("ForCausalLM") and transformer.config.get("is_causal") is not False
    return _pooled(transformer, "lasttoken" if causal else "mean")


def _pooled(network: TransformerSpec, mode: str = "mean") -> tuple[ModuleSpec, ...]:
    return network, PoolingSpec(network.dimension, (mode,))


def _with_head(folder: Path, family: str) -> tuple[ModuleSpec, ...] | None:
    """The modules of a family whose networks have a head, where a folder does not list them; None for others."""
    if family == CROSS_ENCODER:
        speaking = network_of(folder, NEXT_WORD)
        if speaking.has_head:
            return speaking, LogitScoreSpec.usual(speaking.folder)
        return (network_of(folder, CLASSIFICATION),)
    if family == SPARSE_ENCODER:
        network = network_of(folder, FILL_MASK)
        return network, SpladePoolingSpec(dimension=network.vocabulary)
    return _unlisted(folder).modules if family == MULTI_VECTOR_ENCODER else None


def _unlisted(folder: Path) -> late_interaction.Form:
    return late_interaction.unlisted(network_of(folder))


def _refuse_lengths_of_tasks(modules: tuple[ModuleSpec, ...], family: str) -> None:
    """Refuse lengths of queries and documents in families that read them alike."""
    first = modules[0]
    if family != MULTI_VECTOR_ENCODER and isinstance(first, TransformerSpec) and first.task_settings:
        raise UnsupportedModelError(
            f"{first.folder / first.config_file}: {first.task_settings[0]!r} changes the model in a way that only "
            "MultiVectorEncoder reads."
        )


def _prompts(settings: dict[str, Any], folder: Path) -> dict[str, str]:
    prompts = settings.get("prompts") or {}
    if not isinstance(prompts, dict):
        raise CorruptCheckpointError(f"{folder / MODEL_FILE}: 'prompts' must be an object of name to text.")
    return {str(name): str(text or "") for name, text in prompts.items()}
