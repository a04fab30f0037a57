"""Small static models in the forms that others write, with random tables and a real tokenizer."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import save_file
from tokenizers import Tokenizer

from .folders import write_json
from .tiny import tokenizer_of

#: What model2vec writes into ``config.json``.
MODEL2VEC = {"model_type": "model2vec", "architectures": ["StaticModel"], "normalize": True}
WIDTH = 24


def static_folder(
    folder: Path,
    form: str = "sentence-transformers",
    *,
    architecture: str = "bert",
    dtype: str = "float32",
    normalize: bool = True,
    mapped: bool = False,
    listed: bool = True,
    **settings: Any,
) -> Path:
    """Write a folder.

    Args:
        folder: where to; made if it is not there.
        form: ``sentence-transformers`` or ``model2vec``.
        architecture: whose tokenizer it has.
        dtype: of the table.
        normalize: whether vectors get length one.
        mapped: whether the table is smaller than the vocabulary, with ``mapping`` and ``weights``.
        listed: whether there is a ``modules.json``.
        **settings: added to ``config.json`` of model2vec's form.
    """
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer = tokenizer_of(architecture)
    tokenizer.save(str(folder / "tokenizer.json"))
    generator = np.random.default_rng(0)
    size = tokenizer.get_vocab_size()
    table = generator.standard_normal((size // 2 if mapped else size, WIDTH))
    table = np.round(table * 40) if dtype == "int8" else table
    name = "embeddings" if form == "model2vec" else "embedding.weight"
    tensors = {name: table.astype(dtype)}
    if mapped:
        tensors["mapping"] = generator.integers(0, size // 2, size)
        tensors["weights"] = generator.random(size).astype(np.float32)
    save_file(tensors, folder / "model.safetensors")
    if form == "model2vec":
        write_json(folder / "config.json", MODEL2VEC | {"normalize": normalize} | settings)
    if listed:
        kinds = ["StaticEmbedding", "Normalize"] if normalize else ["StaticEmbedding"]
        paths = [".", "1_Normalize"]
        write_json(
            folder / "modules.json",
            [
                {"idx": index, "name": str(index), "path": path, "type": f"sentence_transformers.models.{kind}"}
                for index, (kind, path) in enumerate(zip(kinds, paths, strict=False))
            ],
        )
    return folder


def loop_vectors(
    folder: Path, texts: list[str], table: np.ndarray, *, skip: str | None = None, normalize: bool = True
) -> np.ndarray:
    """Vectors by a plain loop in float64, with the tokenizers library alone.

    Args:
        folder: whose ``tokenizer.json`` is used.
        texts: the texts.
        table: one row a token number.
        skip: a token that is left out.
        normalize: whether vectors get length one.
    """
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    out = np.zeros((len(texts), table.shape[1]))
    for row, text in zip(out, texts, strict=True):
        ids = tokenizer.encode(text, add_special_tokens=False).ids
        if skip is not None:
            ids = [token for token in ids if token != tokenizer.token_to_id(skip)]
        if ids:
            row += np.mean([table[token].astype(np.float64) for token in ids], axis=0)
        if normalize and row.any():
            row /= np.linalg.norm(row)
    return out
