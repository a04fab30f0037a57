"""``sbert cluster``: the texts of a file in groups, each with a name."""

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


def cluster(
    source: Source,
    count: Annotated[
        int | None, typer.Option("--clusters", "-k", min=1, help="How many; looked for by itself if not given.")
    ] = None,
    method: Annotated[
        str, typer.Option("--method", help="kmeans, or hdbscan, which leaves out texts between the clusters.")
    ] = "kmeans",
    min_size: Annotated[int, typer.Option("--min-size", min=2, help="Least texts of a cluster, for hdbscan.")] = 10,
    words: Annotated[int, typer.Option("--words", min=1, help="Words of a name.")] = 4,
    model: Model = DEFAULT_MODEL,
    column: Column = None,
    form: Form = None,
    dtype: Dtype = None,
    backend: Backend = "auto",
    device: Device = None,
    as_json: Json = False,
) -> None:
    """Put the texts of a file into clusters, and name them.

    Shows each cluster's size, its most telling words and its most central text. With --json, one object a text. The
    same file gives the same clusters.
    """
    from ..data import read_texts
    from ..errors import one_of
    from ..search.clusters import METHODS, NOISE
    from ..search.clusters import cluster as find
    from ..search.naming import name_clusters

    if method not in METHODS:
        raise one_of("--method", method, METHODS)
    texts = read_texts(source, column=column, form=form)
    embedder = load_model(model, dtype=dtype, backend=backend, device=device)
    vectors = embedder.encode(texts.texts)
    tell_truncation(embedder)
    found = find(vectors, method, count, min_cluster_size=min_size)
    names = name_clusters(texts.texts, found.labels, words)
    if as_json:
        for row, (label, score) in enumerate(zip(found.labels.tolist(), found.scores.tolist(), strict=True)):
            named = {"cluster": label, "name": names[label]} if label != NOISE else {"cluster": None, "name": None}
            print_json({"id": row, **named, "score": round(score, 6), "text": texts.texts[row]})
        return
    central = [texts.texts[row] for row in found.medoids.tolist()]
    sizes = map(str, found.sizes.tolist())
    print_table(("size", "name", "most central text"), list(zip(sizes, names, central, strict=True)))
    outside = int((found.labels == NOISE).sum())
    note(f"{len(found):,} clusters of {len(texts):,} texts{f', of which {outside:,} are in none' if outside else ''}.")
