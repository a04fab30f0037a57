"""``sbert similarity``: how alike two texts are."""

from __future__ import annotations

from typing import Annotated

import typer

from .console import print_json
from .options import DEFAULT_MODEL, Backend, Device, Dtype, Json, Model, load_model, tell_truncation


def similarity(
    a: Annotated[str, typer.Argument(metavar="A", help="A text.", show_default=False)],
    b: Annotated[str, typer.Argument(metavar="B", help="Another text.", show_default=False)],
    model: Model = DEFAULT_MODEL,
    dtype: Dtype = None,
    backend: Backend = "auto",
    device: Device = None,
    as_json: Json = False,
) -> None:
    """Compare two texts, the model's way."""
    embedder = load_model(model, dtype=dtype, backend=backend, device=device)
    vectors = embedder.encode([a, b])
    score = float(embedder.similarity(vectors[:1], vectors[1:])[0, 0])
    if as_json:
        name = embedder.similarity_fn_name
        print_json({"a": a, "b": b, "similarity": name, "score": score, "truncated": embedder.truncation.truncated})
        return
    tell_truncation(embedder)
    typer.echo(f"{score:.4f}")
