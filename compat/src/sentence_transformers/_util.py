"""What differs from sbert in ``sentence_transformers.util``: functions that give tensors, and small helpers."""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from tqdm.autonotebook import tqdm

import sbert.util

from ._tensors import as_tensor


def _of_tensors(function: Callable[..., Any]) -> Callable[..., torch.Tensor]:
    """A similarity of sbert, giving a tensor whatever it is given."""

    @functools.wraps(function)
    def similarity(a: Any, b: Any) -> torch.Tensor:
        found: torch.Tensor = function(as_tensor(a), as_tensor(b))
        return found

    similarity.__doc__ = f"As :func:`sbert.util.{function.__name__}`, as a tensor."
    return similarity


cos_sim = pytorch_cos_sim = _of_tensors(sbert.util.cos_sim)
dot_score = _of_tensors(sbert.util.dot_score)
euclidean_sim = _of_tensors(sbert.util.euclidean_sim)
manhattan_sim = _of_tensors(sbert.util.manhattan_sim)
pairwise_angle_sim = _of_tensors(sbert.util.pairwise_angle_sim)
pairwise_cos_sim = _of_tensors(sbert.util.pairwise_cos_sim)
pairwise_dot_score = _of_tensors(sbert.util.pairwise_dot_score)
pairwise_euclidean_sim = _of_tensors(sbert.util.pairwise_euclidean_sim)
pairwise_manhattan_sim = _of_tensors(sbert.util.pairwise_manhattan_sim)

#: sbert's own function for each of ours, which it knows and computes faster than one that it has to call.
_OWN = {
    cos_sim: sbert.util.cos_sim,
    dot_score: sbert.util.dot_score,
    euclidean_sim: sbert.util.euclidean_sim,
    manhattan_sim: sbert.util.manhattan_sim,
}


def _with_own_score(function: Callable[..., Any]) -> Callable[..., Any]:
    """A function of sbert that takes a ``score_function``, given sbert's own where it is one of ours."""

    @functools.wraps(function)
    def wrapped(*args: Any, **options: Any) -> Any:
        args = tuple(_OWN.get(value, value) if callable(value) and _hashable(value) else value for value in args)
        score = options.get("score_function")
        if callable(score) and _hashable(score):
            options["score_function"] = _OWN.get(score, score)
        return function(*args, **options)

    return wrapped


def _hashable(value: object) -> bool:
    return type(value).__hash__ is not None


semantic_search = information_retrieval = _with_own_score(sbert.util.semantic_search)
paraphrase_mining = _with_own_score(sbert.util.paraphrase_mining)
paraphrase_mining_embeddings = _with_own_score(sbert.util.paraphrase_mining_embeddings)


def normalize_embeddings(embeddings: Any) -> torch.Tensor:
    """Vectors scaled to length 1, as a tensor of the same shape."""
    return sbert.util.normalize_embeddings(as_tensor(embeddings))


def _convert_to_tensor(vectors: Any) -> torch.Tensor:
    return as_tensor(vectors)


def _convert_to_batch(vectors: Any) -> torch.Tensor:
    tensor = as_tensor(vectors)
    return tensor.unsqueeze(0) if tensor.ndim == 1 else tensor


_convert_to_batch_tensor = _convert_to_batch


def get_device_name() -> str:
    """The device that torch would compute on: ``cuda``, ``mps``, ``npu`` ..., or ``cpu``."""
    found = torch.accelerator.current_accelerator(check_available=True) if hasattr(torch, "accelerator") else None
    return "cpu" if found is None else found.type


def is_sentence_transformer_model(model_name_or_path: str, **_: Any) -> bool:
    """Whether a model on this machine was saved with its modules."""
    from sbert.checkpoints import resolve
    from sbert.errors import CheckpointError

    try:
        folder = resolve(model_name_or_path, local_files_only=True).folder
    except CheckpointError:
        return False
    return (Path(folder) / "modules.json").is_file()


def fullname(value: object) -> str:
    """The path of a value's class, as ``modules.json`` has it."""
    kind = type(value)
    return kind.__name__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__name__}"


class LoggingHandler(logging.Handler):
    """Writes records above a progress bar instead of through it."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write one record."""
        try:
            tqdm.write(self.format(record))
        except Exception:
            self.handleError(record)
