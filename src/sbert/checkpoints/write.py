"""From a :class:`~sbert.checkpoints.spec.ModelSpec` to a folder that every reader of this field can load."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

from ..errors import CheckpointError
from ..version import __version__
from .aliases import written_name
from .files import MODULES_FILE, write_json
from .modules import InputSpec
from .modules.transformer import ADAPTER, COMPANIONS, SETTINGS_FILES
from .read import CROSS_ENCODER, MODEL_FILE
from .spec import USUAL_SIMILARITY, ModelSpec
from .weights import WEIGHT_PATTERNS

#: Takes a model's folder and the sub-folder of each module.
Finish: TypeAlias = Callable[[Path, list[str]], None]


def module_paths(spec: ModelSpec) -> list[str]:
    """The sub-folder of each module, relative to the model's; ``""`` is the model's own."""
    return [
        "" if index == 0 and module.in_root else f"{index}_{module.kind}" for index, module in enumerate(spec.listed)
    ]


def write(spec: ModelSpec, folder: str | Path, finish: Finish | None = None, *, weights: bool = True) -> Path:
    """Write a model: settings, modules and weights.

    The forms chosen are the oldest that can say what there is to say, so that readers from several years read them.
    Everything is written beside the folder first and then moved into place, file by file, ``modules.json`` last. So a
    model in memory that maps the old files is not disturbed, and a folder that was half replaced when the process died
    says that it is damaged instead of giving wrong vectors.

    Args:
        spec: the model.
        folder: where to; made if it is not there. Files of a model that was there before are replaced or removed.
        finish: adds what is not in the spec, before the model is moved into place: weights trained since, a model card.
        weights: whether to copy the network's weights; ``finish`` writes them otherwise.

    Returns:
        The folder.

    Raises:
        CheckpointError: the folder cannot be written.
    """
    folder = Path(folder)
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f".{folder.name}-") as scratch:
            paths = _write_into(Path(scratch), spec, weights)
            if finish is not None:
                finish(Path(scratch), paths)
            _publish(Path(scratch), folder)
    except OSError as error:
        raise CheckpointError(f"{folder} cannot be written: {error}") from error
    return folder


def _write_into(folder: Path, spec: ModelSpec, weights: bool) -> list[str]:
    paths = module_paths(spec)
    for module, path in zip(spec.listed, paths, strict=True):
        (folder / path).mkdir(parents=True, exist_ok=True)
        if isinstance(module, InputSpec) and not weights:
            module.write_settings(folder / path)
        else:
            module.write(folder / path)
    entries = [
        {"idx": index, "name": str(index), "path": path, "type": written_name(module)}
        for index, (module, path) in enumerate(zip(spec.listed, paths, strict=True))
    ]
    write_json(folder / MODULES_FILE, entries)
    settings: dict[str, object] = {
        "__version__": {"sbert": __version__},
        "model_type": spec.model_type,
        "prompts": spec.prompts,
        "default_prompt_name": spec.default_prompt_name,
    }
    if spec.model_type == CROSS_ENCODER:
        settings["activation_fn"] = spec.activation_fn
    else:
        settings["similarity_fn_name"] = spec.similarity_fn_name or USUAL_SIMILARITY.get(spec.model_type, "cosine")
    limits = {"truncate_dim": spec.truncate_dim, "max_active_dims": spec.max_active_dims}
    settings |= {name: limit for name, limit in limits.items() if limit is not None}
    write_json(folder / MODEL_FILE, settings)
    return paths


def _publish(scratch: Path, folder: Path) -> None:
    """Move a finished model into place."""
    folder.mkdir(exist_ok=True)
    if (folder / MODULES_FILE).is_file():
        # A list of no modules: until the new list is there, readers are told that the folder is damaged.
        marker = scratch / "modules.unfinished"
        marker.write_text("[]", encoding="utf-8")
        marker.replace(folder / MODULES_FILE)
    written = sorted(path.relative_to(scratch) for path in scratch.rglob("*"))
    for path in written:
        if (scratch / path).is_dir():
            (folder / path).mkdir(exist_ok=True)
            _remove_stale(folder / path, {other.name for other in written if other.parent == path})
    _remove_stale(folder, {path.name for path in written if path.parent == Path()})
    for path in written:
        if (scratch / path).is_file() and path != Path(MODULES_FILE):
            (scratch / path).replace(folder / path)
    (scratch / MODULES_FILE).replace(folder / MODULES_FILE)


def _remove_stale(folder: Path, kept: set[str]) -> None:
    """Remove what a model that was here before has left and a reader would take for the new one's."""
    for pattern in (*WEIGHT_PATTERNS, *COMPANIONS, *SETTINGS_FILES, ADAPTER):
        for path in folder.glob(pattern):
            if path.is_file() and path.name not in kept and path.suffix != ".py":
                path.unlink()
