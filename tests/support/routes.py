"""Folders of models with a Router, put together of whole models' folders."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file

from .folders import write_json
from .tiny import tokenizer_of


def routed_folder(
    folder: Path,
    routes: dict[str, Path],
    *,
    default: str | None = "document",
    normalize: bool = False,
    old: bool = False,
    model_type: str | None = None,
) -> Path:
    """Write a folder whose first module is a Router.

    Args:
        folder: where to; made if it is not there.
        routes: by name, the folder of the model whose modules it has.
        default: the default route.
        normalize: whether a Normalize follows the Router.
        old: whether it has the names of the first releases: ``Asym``, and ``config.json``.
        model_type: the family that it says it is; None for nothing said.

    Returns:
        The folder.
    """
    folder.mkdir(parents=True, exist_ok=True)
    types, structure = {}, {}
    for route, source in routes.items():
        listed = json.loads((source / "modules.json").read_text(encoding="utf-8"))
        structure[route] = []
        for place, entry in enumerate(listed):
            name = f"{route}_{place}_{entry['type'].rpartition('.')[2]}"
            home = source / entry["path"]
            (folder / name).mkdir()
            for path in home.iterdir():
                if path.is_file() and path.name not in ("modules.json", "config_sentence_transformers.json"):
                    shutil.copyfile(path, folder / name / path.name)
            types[name] = entry["type"]
            structure[route].append(name)
    parameters = {"default_route": default, "allow_empty_key": default is not None, "route_mappings": {}}
    settings = {"types": types, "structure": structure, "parameters": parameters}
    write_json(folder / ("config.json" if old else "router_config.json"), settings)
    if model_type is not None:
        write_json(folder / "config_sentence_transformers.json", {"model_type": model_type})
    kinds = ["Asym" if old else "Router", *(["Normalize"] if normalize else [])]
    if normalize:
        (folder / "1_Normalize").mkdir()
    write_json(
        folder / "modules.json",
        [
            {
                "idx": i,
                "name": str(i),
                "path": f"{i}_{kind}" if i else "",
                "type": f"sentence_transformers.models.{kind}",
            }
            for i, kind in enumerate(kinds)
        ],
    )
    return folder


def sparse_static_folder(folder: Path, *, in_json: bool = False) -> Path:
    """Write a folder of a SparseStaticEmbedding alone, with a weight for each token of BERT's tiny tokenizer.

    Args:
        folder: where to; made if it is not there.
        in_json: whether the weights are in a file of JSON, as the first releases wrote them.
    """
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer = tokenizer_of("bert")
    tokenizer.save(str(folder / "tokenizer.json"))
    roles = {
        "unk_token": "[UNK]",
        "pad_token": "[PAD]",
        "cls_token": "[CLS]",
        "sep_token": "[SEP]",
        "mask_token": "[MASK]",
    }
    lower = {"do_lower_case": True, "tokenizer_class": "BertTokenizer", "model_max_length": 16}
    write_json(folder / "tokenizer_config.json", roles | lower)
    vocabulary = tokenizer.get_vocab()
    weights = np.random.default_rng(0).random(len(vocabulary)).astype(np.float32)
    if in_json:
        numbers = {token: float(weights[number]) for token, number in vocabulary.items()}
        write_json(folder / "idf.json", numbers)
        write_json(folder / "config.json", {"path": "idf.json", "frozen": True})
    else:
        save_file({"weight": weights}, folder / "model.safetensors")
        write_json(folder / "config.json", {"frozen": True})
    write_json(folder / "config_sentence_transformers.json", {"model_type": "SparseEncoder"})
    kind = "sentence_transformers.sparse_encoder.models.SparseStaticEmbedding"
    write_json(folder / "modules.json", [{"idx": 0, "name": "0", "path": "", "type": kind}])
    return folder
