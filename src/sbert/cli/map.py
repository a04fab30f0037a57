"""``sbert map``: the texts of a file, or the passages of an index, as a map to look at in a browser."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

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
    load_model,
    tell_truncation,
)
from .search import is_index

if TYPE_CHECKING:
    from ..types import FloatArray


def draw(
    source: Annotated[
        str,
        typer.Argument(
            metavar="SOURCE",
            help="File of texts: .txt, .jsonl, .csv, .tsv or .parquet, also .gz; - for stdin. Or an index that `sbert "
            "index build` made; its vectors are used as they are.",
        ),
    ],
    output: Annotated[Path, typer.Option("--output", "-o", help="The page to write.")] = Path("map.html"),
    count: Annotated[
        int | None, typer.Option("--clusters", "-k", min=1, help="How many named clusters; looked for if not given.")
    ] = None,
    where: Annotated[
        str | None, typer.Option("--where", "-w", help="Of an index, a condition in SQL on what is drawn.")
    ] = None,
    sample: Annotated[
        int, typer.Option("--sample", min=1, help="Texts at the most; of more, so many at even distances.")
    ] = 50_000,
    model: Model = DEFAULT_MODEL,
    column: Column = None,
    form: Form = None,
    dtype: Dtype = None,
    backend: Backend = "auto",
    device: Device = None,
    as_json: Json = False,
) -> None:
    """Draw a map of the texts of a file or an index, with named clusters: one page, which needs no network."""
    from ..data.files import check_folder_of
    from ..search.clusters import cluster
    from ..search.maps import draw_map
    from ..search.naming import name_clusters

    check_folder_of(output.expanduser())
    if is_index(source):
        texts, shown, vectors, total, pictures = _of_index(source, where, sample)
    elif where is not None:
        raise typer.BadParameter("conditions are for indexes; a file of texts has no columns to ask.", param_hint="-w")
    else:
        texts, total = _of_file(source, column, form, sample)
        shown, pictures = texts, None
        embedder = load_model(model, dtype=dtype, backend=backend, device=device)
        vectors = embedder.encode(texts)
        tell_truncation(embedder)
    found = cluster(vectors, n_clusters=count)
    names = name_clusters(texts, found.labels)
    labels = [names[label] for label in found.labels.tolist()]
    path = draw_map(vectors, shown, labels, output, title=source, pictures=pictures)
    if as_json:
        print_json({"output": str(path), "texts": len(texts), "of": total, "clusters": names})
        return
    drawn = f"{len(texts):,} texts" if len(texts) == total else f"{len(texts):,} of {total:,} texts"
    note(f"{drawn} in {len(found):,} clusters, drawn in {path}. Open it in a browser.")


def _of_index(
    path: str, where: str | None, sample: int
) -> tuple[Sequence[str], list[str], FloatArray, int, list[str | None]]:
    """Passages of an index, what is shown of each, their vectors, how many there are in all, and pictures of images."""
    from ..index import Index

    index = Index.open(path)
    held = index.contents(where, sample)
    shown = [f"{name}: {passage}" for name, passage in zip(held.documents, held.passages, strict=True)]
    pictures = [None if path is None else _picture(path) for path in held.images()]
    return held.passages, shown, held.vectors, index.count(where), pictures


def _picture(path: Path) -> str | None:
    from ..errors import ImageError
    from ..images import thumbnail

    try:
        return thumbnail(path)
    except ImageError:
        return None  # changed since it was indexed; a dot stands for it


def _of_file(source: str, column: str | None, form: str | None, sample: int) -> tuple[list[str], int]:
    """Texts of a file, and how many there are in all."""
    from ..data import read_texts

    texts = read_texts(source, column=column, form=form).texts
    kept = min(sample, len(texts))
    return [texts[number * len(texts) // kept] for number in range(kept)], len(texts)
