"""Vectors of anchors and documents: embedded, by one process or several, or read from where they are kept."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ...types import FloatArray
from ..corpus_cache import Role, embed_corpus

#: Takes a role, texts, and a prompt's name or the prompt; gives vectors of length 1.
Embed = Callable[[Role, Sequence[str], "str | None", "str | None"], FloatArray]


@contextmanager
def embedding(
    model: Any,
    processes: Sequence[str] | bool = False,
    batch_size: int | None = None,
    cache_folder: str | os.PathLike[str] | None = None,
    verbose: bool = False,
) -> Iterator[Embed]:
    """What embeds texts, for the time of a ``with`` block.

    Args:
        model: with ``encode_query`` and ``encode_document``.
        processes: True for a process on each device, or the devices; False for none.
        batch_size: texts in a batch at the most.
        cache_folder: where vectors are kept and read; None for nowhere.
        verbose: whether to show progress, in a terminal, and to tell what was read.
    """
    display: dict[str, Any] = {"show_progress_bar": None if verbose else False}
    if batch_size is not None:
        display["batch_size"] = batch_size
    pool = model.start_multi_process_pool(None if processes is True else list(processes)) if processes else None
    if pool is not None:
        display["pool"] = pool

    def embed(role: Role, texts: Sequence[str], prompt_name: str | None, prompt: str | None) -> FloatArray:
        prompts = {"prompt_name": prompt_name, "prompt": prompt}
        options = {"normalize_embeddings": True} | {k: value for k, value in prompts.items() if value is not None}
        if cache_folder is None:
            encode = model.encode_query if role == "query" else model.encode_document
            vectors: FloatArray = encode(list(texts), **options, **display)
            return vectors
        kept = embed_corpus(
            model, texts, Path(cache_folder) / role, role=role, options=options, display_options=display
        )
        if verbose:
            print(kept.note, file=sys.stderr)  # noqa: T201  (this is what verbose asks for)
        return kept.embeddings

    try:
        yield embed
    finally:
        if pool is not None:
            model.stop_multi_process_pool(pool)
