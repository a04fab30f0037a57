"""LoRA adapters (https://arxiv.org/abs/2106.09685), merged into their base model before it is used.

A folder with ``adapter_config.json`` holds only what was trained: for some layers two thin matrices. Merged, such a
model is one like any other, runs on every engine and costs nothing more. The merged copy is kept in the cache.
"""

from __future__ import annotations

import math
import shutil
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import CorruptCheckpointError, UnsupportedModelError
from ..types import AnyArray
from .files import read_json, setting, sha256_of
from .modules import TransformerSpec
from .modules.transformer import ADAPTER
from .names import cache_folder
from .read import network_of
from .weights import SAFETENSORS, Weights, open_file, save_tensors, weight_files

ADAPTER_WEIGHTS = ("adapter_model.safetensors", "adapter_model.bin")
_PREFIX = "base_model.model."


def adapter_base(folder: Path) -> tuple[str, str | None] | None:
    """Name and revision of the base model of an adapter's folder; None for a folder that holds no adapter.

    Raises:
        CorruptCheckpointError: the adapter does not say what it belongs to.
    """
    if not (folder / ADAPTER).is_file():
        return None
    settings = read_json(folder / ADAPTER)
    base = setting(settings, "base_model_name_or_path", str, folder / ADAPTER)
    if not base:
        raise CorruptCheckpointError(f"{folder / ADAPTER} does not name its base model (base_model_name_or_path).")
    return base, setting(settings, "revision", str, folder / ADAPTER)


def merge_adapter(folder: Path, base: Path) -> Path:
    """A folder with the adapter merged into its base model; made once, then taken from the cache.

    Args:
        folder: the adapter's; its modules, tokenizer and settings are kept.
        base: the base model's; its network is used.

    Raises:
        UnsupportedModelError: it is another kind of adapter than plain LoRA; what is not supported is named.
        CorruptCheckpointError: its tensors do not fit the base model's.
    """
    scale_settings = _check(read_json(folder / ADAPTER), folder / ADAPTER)
    network = network_of(base)
    path = next((folder / name for name in ADAPTER_WEIGHTS if (folder / name).is_file()), None)
    if path is None:
        raise CorruptCheckpointError(f"{folder} holds an adapter without weights: looked for {ADAPTER_WEIGHTS[0]}.")
    digest = sha256_of(path, folder / ADAPTER, *weight_files(network.folder))[:32]
    target = cache_folder() / "merged" / digest
    if target.is_dir():
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent) as scratch:
        model = Path(scratch) / "model"
        model.mkdir()
        network.write_settings(model)
        (model / TransformerSpec.config_file).unlink()  # lengths and the like are the adapter folder's own
        ignored = shutil.ignore_patterns("adapter_*", ".*")
        shutil.copytree(folder, model, ignore=ignored, dirs_exist_ok=True)
        _write_merged(network.weights(), open_file(path), scale_settings, model / SAFETENSORS)
        try:
            model.rename(target)
        except OSError:
            if not target.is_dir():  # another process was first: its folder is as good
                raise
    return target


def _check(settings: dict[str, Any], where: Path) -> tuple[float, bool]:
    """Alpha, and whether ranks are stabilised (https://arxiv.org/abs/2312.03732)."""
    if settings.get("peft_type") != "LORA":
        raise UnsupportedModelError(f"{where}: adapters of the kind {settings.get('peft_type')!r} are not merged here.")
    expected = {"bias": "none"}
    for key in ("use_dora", "fan_in_fan_out", "modules_to_save", "alpha_pattern", "rank_pattern", "bias"):
        if settings.get(key) and settings[key] != expected.get(key):
            raise UnsupportedModelError(
                f"{where}: {key} is {settings[key]!r}, which is not merged here. Merge it with peft's "
                "merge_and_unload(), save that, and load the result."
            )
    return setting(settings, "lora_alpha", float, where, 8), setting(settings, "use_rslora", bool, where, False)


def _write_merged(base: Weights, adapter: Weights, scaling: tuple[float, bool], path: Path) -> None:
    alpha, stabilised = scaling
    tensors: dict[str, AnyArray] = dict(base)
    for name in adapter:
        if name.endswith(".lora_B.weight"):
            continue
        layer = name.removeprefix(_PREFIX).removesuffix(".lora_A.weight")
        if layer == name or not name.endswith(".lora_A.weight"):
            raise UnsupportedModelError(f"{adapter.source}: the tensor {name!r} is not one of plain LoRA.")
        found = [each for each in base if f".{each}".endswith(f".{layer}.weight")]
        if len(found) != 1:
            raise CorruptCheckpointError(f"{adapter.source} changes {layer!r}; the base model has {len(found)} of it.")
        down = adapter.float32(name)  # (rank, in)
        up = adapter.float32(name.replace(".lora_A.", ".lora_B."))  # (out, rank)
        scale = alpha / (math.sqrt(len(down)) if stabilised else len(down))
        weight = base.float32(found[0])
        if (up.shape[0], down.shape[1]) != weight.shape:
            raise CorruptCheckpointError(
                f"{adapter.source}: the change of {layer!r} has shape {(up.shape[0], down.shape[1])}; the base model's "
                f"tensor has {weight.shape}. It belongs to another base model."
            )
        tensors[found[0]] = weight + np.float32(scale) * (up @ down)
    save_tensors(tensors, path)
