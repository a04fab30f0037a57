"""``sbert pairs``: the texts of a file that are most alike."""

from __future__ import annotations

from typing import Annotated

import typer

from .console import note, print_json, print_table
from .options import (
    DEFAULT_MODEL,
    Backend,
    Column,
    Device,
    Dtype,
    Form,
    Json,
    Model,
    Source,
    load_model,
    tell_truncation,
)


def pairs(
    source: Source,
    count: Annotated[int, typer.Option("--count", "-n", min=1, help="How many pairs.")] = 20,
    min_score: Annotated[float | None, typer.Option("--min-score", help="Leave out pairs that are less alike.")] = None,
    model: Model = DEFAULT_MODEL,
    column: Column = None,
    form: Form = None,
    dtype: Dtype = None,
    backend: Backend = "auto",
    device: Device = None,
    as_json: Json = False,
) -> None:
    """Find the most similar pairs of texts in a file.

    Texts are compared by the cosine of their vectors. With --json, one object a pair.
    """
    from ..data import read_texts
    from ..search.pairs import most_similar_pairs

    texts = read_texts(source, column=column, form=form)
    embedder = load_model(model, dtype=dtype, backend=backend, device=device)
    found = most_similar_pairs(embedder.encode(texts.texts), count=count, min_score=min_score)
    tell_truncation(embedder)
    if as_json:
        for score, left, right in found:
            named = {"left": texts.texts[left], "right": texts.texts[right]}
            print_json({"score": round(score, 6), "left_id": left, "right_id": right, **named})
        return
    rows = [(f"{score:.4f}", texts.texts[left], texts.texts[right]) for score, left, right in found]
    print_table(("score", "text", "text like it"), rows)
    note(f"{len(found):,} pairs among {len(texts):,} texts.")
