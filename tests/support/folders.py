"""Small hand-made checkpoint folders, for tests of reading and writing that run no network."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import save_file


def write_json(path: Path, value: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value), encoding="utf-8")


def bert_folder(folder: Path, **config: Any) -> Path:
    """A folder that looks like a plain Hugging Face BERT of width 8, with one tensor and a vocabulary of few words."""
    folder.mkdir(parents=True, exist_ok=True)
    settings = {"model_type": "bert", "hidden_size": 8, "max_position_embeddings": 64, "architectures": ["BertModel"]}
    write_json(folder / "config.json", settings | config)
    save_file({"embeddings.word_embeddings.weight": np.ones((6, 8), np.float32)}, folder / "model.safetensors")
    (folder / "vocab.txt").write_text("[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\nhello\n", encoding="utf-8")
    return folder


def sentence_folder(folder: Path, modules: list[tuple[str, str, dict[str, Any] | None]], **settings: Any) -> Path:
    """A folder with ``modules.json``: (type, path, settings) for each module."""
    bert_folder(folder)
    entries = [{"idx": i, "name": str(i), "path": path, "type": type_} for i, (type_, path, _) in enumerate(modules)]
    write_json(folder / "modules.json", entries)
    for _, path, config in modules:
        if config is not None and path:
            write_json(folder / path / "config.json", config)
    if settings:
        write_json(folder / "config_sentence_transformers.json", settings)
    return folder
