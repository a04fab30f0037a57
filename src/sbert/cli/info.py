"""``sbert info``: what a model is, without running it."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .console import print_json
from .options import Json

if TYPE_CHECKING:
    from ..checkpoints import ModelSpec
    from ..checkpoints.modules import ModuleSpec
    from ..engines.openvino.int8.fidelity import Fidelity


def info(
    model: Annotated[str, typer.Argument(metavar="MODEL", help="Folder or name of the model.")],
    as_json: Json = False,
) -> None:
    """Show what a model is, without running it.

    Modules, dimensions, lengths, prompts, size, and whether the fast engine runs it.
    """
    facts = describe(model)
    if as_json:
        print_json(facts)
        return
    for label, value in _lines(facts):
        typer.echo(f"{label:<14}{value}")


def describe(name: str) -> dict[str, Any]:
    """What a model's folder says about it, as plain values.

    Raises:
        ModelNotFoundError: there is no such model on this machine, and it could not be fetched.
        CheckpointError: its folder cannot be used.
        UnsupportedModelError: it has a module that is not known here.
    """
    from ..checkpoints import read, resolve
    from ..checkpoints.spec import USUAL_SIMILARITY
    from ..engines.openvino import OpenVINOEngine, kept_fidelity

    found = resolve(name)
    spec = read(found.folder, found.name)
    engine, reason = _fast_engine(spec)
    fidelity = kept_fidelity(spec) if reason is None and engine == OpenVINOEngine.name else None
    parameters, size = _size(spec)
    usual = USUAL_SIMILARITY.get(spec.model_type, "cosine")
    return {
        "name": found.name,
        "folder": str(found.folder),
        "found_in": found.source,
        "family": spec.model_type,
        "architecture": spec.input.architecture,
        "modules": [_settings(module) for module in spec.modules],
        "dimension": min(spec.dimension, spec.truncate_dim or spec.dimension),
        "max_seq_length": spec.input.max_seq_length,
        "reads_images": spec.input.reads_images,
        "similarity": None if spec.scores else spec.similarity_fn_name or usual,
        "labels": spec.dimension if spec.scores else None,
        "prompts": spec.prompts,
        "default_prompt_name": spec.default_prompt_name,
        "parameters": parameters,
        "megabytes": round(size / 1e6, 1),
        "engine": engine,
        "fast_engine": reason is None,
        "why_not_fast": reason,
        "stored_in": "int8" if spec.input.stored_int8 is not None else "float",
        "int8_fidelity": None if fidelity is None else fidelity.to_dict(),
        "int8": _int8(spec, fidelity),
    }


_INT8_UNKNOWN = "not measured yet: load it once with dtype='int8', or run sbert quantize"


def _int8(spec: ModelSpec, fidelity: Fidelity | None) -> str:
    if spec.input.reads_images:
        return "no: for models of texts alone"
    return _INT8_UNKNOWN if fidelity is None else str(fidelity)


def _fast_engine(spec: ModelSpec) -> tuple[str, str | None]:
    """The engine without torch that is for such a model, and why it cannot run this one; None when it can."""
    from ..engines import openvino, static

    if not spec.input.is_network:
        return static.StaticEngine.name, static.why_not(spec)
    return openvino.OpenVINOEngine.name, openvino.why_not(spec)


def _settings(module: ModuleSpec) -> dict[str, Any]:
    settings = {field.name: getattr(module, field.name) for field in fields(module) if field.repr}  # type: ignore[arg-type]
    return {"kind": module.kind} | {name: value for name, value in settings.items() if not isinstance(value, Path)}


def _size(spec: ModelSpec) -> tuple[int | None, int]:
    """Number of parameters (None where the files' form needs torch to be read) and bytes of the weight files."""
    from ..checkpoints.weights import learned, open_weights, weight_files
    from ..errors import MissingDependencyError

    folders = [spec.input.folder]
    if spec.folder is not None:
        folders += [path for path in (spec.folder, *sorted(spec.folder.iterdir())) if path.is_dir()]
    with_weights = [folder for folder in dict.fromkeys(folders) if weight_files(folder)]
    size = sum(file.stat().st_size for folder in with_weights for file in weight_files(folder))
    try:
        opened = [open_weights(folder) for folder in with_weights]
    except MissingDependencyError:
        return None, size
    # Scales, ranges and columns in float stand beside int8 weights, which hold them already: none is a parameter.
    return sum(learned(weights, ("_scale", ".input_range", "_kept")) for weights in opened), size


def _lines(facts: dict[str, Any]) -> list[tuple[str, str]]:
    places = {"folder": "a folder", "cache": "the hub's cache", "package": "an installed package", "hub": "the hub"}
    millions = f"{facts['parameters'] / 1e6:.1f} M parameters, " if facts["parameters"] is not None else ""
    modules = " > ".join(_phrase(module) for module in facts["modules"])
    lines = [
        ("name", facts["name"]),
        ("found in", f"{places[facts['found_in']]}: {facts['folder']}"),
        ("family", facts["family"]),
        ("architecture", facts["architecture"]),
        ("modules", modules),
        ("labels", str(facts["labels"])) if facts["labels"] else ("dimension", str(facts["dimension"])),
        ("reads", _reads(facts)),
        *([("similarity", facts["similarity"])] if facts["similarity"] else []),
        ("size", f"{millions}{facts['megabytes']:,} MB"),
        ("stored in", facts["stored_in"]),
        *([("int8", facts["int8"])] if facts["engine"] == "openvino" else []),
        ("fast engine", f"yes ({facts['engine']})" if facts["fast_engine"] else f"no: {facts['why_not_fast']}"),
    ]
    for name, text in facts["prompts"].items():
        default = " (default)" if name == facts["default_prompt_name"] else ""
        lines.append(("prompt", f"{name}{default}: {text!r}"))
    return lines


def _reads(facts: dict[str, Any]) -> str:
    length = facts["max_seq_length"]
    texts = "any length" if length is None else f"{length} tokens of a text"
    return f"{texts}; images" if facts["reads_images"] else texts


def _phrase(module: dict[str, Any]) -> str:
    kind = str(module["kind"])
    if "modes" in module:
        return f"{kind}({'+'.join(module['modes'])})"
    return f"{kind}({module['out_features']})" if "out_features" in module else kind
