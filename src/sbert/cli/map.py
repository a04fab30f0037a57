"""``sbert map``: the texts of a file as a map to look at in a browser."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .console import note, print_json
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


def draw(
    source: Source,
    output: Annotated[Path, typer.Option("--output", "-o", help="The page to write.")] = Path("map.html"),
    count: Annotated[
        int | None, typer.Option("--clusters", "-k", min=1, help="How many named clusters; looked for if not given.")
    ] = None,
    model: Model = DEFAULT_MODEL,
    column: Column = None,
    form: Form = None,
    dtype: Dtype = None,
    backend: Backend = "auto",
    device: Device = None,
    as_json: Json = False,
) -> None:
    """Draw a map of the texts of a file, with named clusters: one page, which needs no network."""
    from ..data import read_texts
    from ..errors import DataError
    from ..search.clusters import cluster
    from ..search.maps import draw_map
    from ..search.naming import name_clusters

    if not output.expanduser().parent.is_dir():
        raise DataError(f"{output} cannot be written: there is no folder {output.parent}.")
    texts = read_texts(source, column=column, form=form)
    embedder = load_model(model, dtype=dtype, backend=backend, device=device)
    vectors = embedder.encode(texts.texts)
    tell_truncation(embedder)
    found = cluster(vectors, n_clusters=count)
    names = name_clusters(texts.texts, found.labels)
    path = draw_map(vectors, texts.texts, [names[label] for label in found.labels.tolist()], output, title=source)
    if as_json:
        print_json({"output": str(path), "texts": len(texts), "clusters": names})
        return
    note(f"{len(texts):,} texts in {len(found):,} clusters, drawn in {path}. Open it in a browser.")
