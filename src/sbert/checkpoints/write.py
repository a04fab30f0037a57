"""From a :class:`~sbert.checkpoints.spec.ModelSpec` to a folder that every reader of this field can load."""

from __future__ import annotations

from pathlib import Path

from ..version import __version__
from .aliases import written_name
from .files import write_json
from .read import MODEL_FILE, MODULES_FILE
from .spec import ModelSpec


def module_paths(spec: ModelSpec) -> list[str]:
    """The sub-folder of each module, relative to the model's; ``""`` is the model's own."""
    return [
        "" if index == 0 and module.in_root else f"{index}_{module.kind}" for index, module in enumerate(spec.modules)
    ]


def write(spec: ModelSpec, folder: str | Path) -> Path:
    """Write a model: settings, modules and weights.

    The forms chosen are the oldest that can say what there is to say, so that readers from several years read them.

    Args:
        spec: the model.
        folder: where to; made if it is not there.

    Returns:
        The folder.
    """
    folder = Path(folder)
    paths = module_paths(spec)
    for module, path in zip(spec.modules, paths, strict=True):
        (folder / path).mkdir(parents=True, exist_ok=True)
        module.write(folder / path)
    entries = [
        {"idx": index, "name": str(index), "path": path, "type": written_name(module)}
        for index, (module, path) in enumerate(zip(spec.modules, paths, strict=True))
    ]
    write_json(folder / MODULES_FILE, entries)
    settings: dict[str, object] = {
        "__version__": {"sbert": __version__},
        "model_type": spec.model_type,
        "prompts": spec.prompts,
        "default_prompt_name": spec.default_prompt_name,
        "similarity_fn_name": spec.similarity_fn_name or "cosine",
    }
    if spec.truncate_dim is not None:
        settings["truncate_dim"] = spec.truncate_dim
    write_json(folder / MODEL_FILE, settings)
    return folder
