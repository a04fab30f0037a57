"""From a folder to a :class:`~sbert.checkpoints.spec.ModelSpec`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ..errors import CheckpointError, CorruptCheckpointError
from .aliases import module_class
from .files import inside, read_json, read_json_list, setting
from .modules import ModuleSpec, NormalizeSpec, PoolingSpec, StaticEmbeddingSpec, TransformerSpec
from .spec import ModelSpec

MODULES_FILE = "modules.json"
MODEL_FILE = "config_sentence_transformers.json"


def read(folder: str | Path, name: str = "", family: str = "SentenceTransformer") -> ModelSpec:
    """Read a model folder of any of the forms in use.

    With ``modules.json``: the modules it lists. Without: a static model in model2vec's form; or a plain Hugging Face
    folder, which gets mean pooling, or last-token pooling when it is a causal language model. Weights are not read yet.

    Args:
        folder: the model's folder.
        name: the name it was asked for by, kept for messages.
        family: the family it is read for. Of a model that was saved as another, only the network is read, with mean
            pooling: its head, prompts and similarity mean nothing here.

    Raises:
        CheckpointError: the folder is not a model, or a file in it is damaged.
        UnsupportedModelError: a module is of a kind not known here.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise CheckpointError(f"{folder} is not a folder.")
    settings = read_json(folder / MODEL_FILE) if (folder / MODEL_FILE).is_file() else {}
    saved_as = setting(settings, "model_type", str, folder / MODEL_FILE, "SentenceTransformer")
    if saved_as != family:
        network = network_of(folder)
        return ModelSpec((network, PoolingSpec(network.dimension)), folder, name or folder.name, saved_as)
    modules = _listed_modules(folder) if (folder / MODULES_FILE).is_file() else _default_modules(folder)
    return ModelSpec(
        modules=modules,
        folder=folder,
        name=name or folder.name,
        model_type=saved_as,
        prompts=_prompts(settings, folder),
        default_prompt_name=settings.get("default_prompt_name"),
        similarity_fn_name=settings.get("similarity_fn_name"),
        truncate_dim=setting(settings, "truncate_dim", int, folder / MODEL_FILE),
    )


def _listed_modules(folder: Path) -> tuple[ModuleSpec, ...]:
    modules = []
    for entry in read_json_list(folder / MODULES_FILE):
        if "type" not in entry:
            raise CorruptCheckpointError(f"{folder / MODULES_FILE}: an entry has no 'type'.")
        modules.append(module_class(str(entry["type"])).read(inside(folder, str(entry.get("path", "")))))
    if not modules:
        raise CorruptCheckpointError(f"{folder / MODULES_FILE} lists no module.")
    return tuple(modules)


def network_of(folder: Path) -> TransformerSpec:
    """The transformer of a model, whatever follows it."""
    if (folder / MODULES_FILE).is_file():
        for entry in read_json_list(folder / MODULES_FILE):
            if str(entry.get("type")).endswith("Transformer"):
                return TransformerSpec.read(inside(folder, str(entry.get("path", ""))))
    return TransformerSpec.read(folder)


def _default_modules(folder: Path) -> tuple[ModuleSpec, ...]:
    if StaticEmbeddingSpec.is_plain(folder):
        static = StaticEmbeddingSpec.read(folder)
        return (static, NormalizeSpec()) if static.settings.get("normalize") else (static,)
    transformer = TransformerSpec.read(folder)
    architecture = str((transformer.config.get("architectures") or [""])[0])
    causal = architecture.endswith("ForCausalLM") and transformer.config.get("is_causal") is not False
    return transformer, PoolingSpec(transformer.dimension, ("lasttoken" if causal else "mean",))


def _prompts(settings: dict[str, Any], folder: Path) -> dict[str, str]:
    prompts = settings.get("prompts") or {}
    if not isinstance(prompts, dict):
        raise CorruptCheckpointError(f"{folder / MODEL_FILE}: 'prompts' must be an object of name to text.")
    return {str(name): str(text or "") for name, text in prompts.items()}
