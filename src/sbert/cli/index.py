"""``sbert index``: documents kept on disk with their vectors, brought in step with their files, and searched."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .console import note, print_json, print_table
from .options import (
    DEFAULT_MODEL,
    Backend,
    BatchSize,
    Column,
    Device,
    Dtype,
    ImageQuery,
    Json,
    Model,
    Ray,
    RayWorkerCount,
    Rerank,
    load_index_model,
    load_model,
    ray_workers,
)
from .retrieval import answer_by_image, answer_from
from .search import PASSAGE_COLUMNS, described, tell_skipped

if TYPE_CHECKING:
    from ..index import Changes, Index
    from ..integrations.ray import RayWorkers

app = typer.Typer(
    help="Keep documents in an index on disk: build, add, load, remove, sync, search, info, versions, rollback; and in "
    "tables and databases of others: export, import, upload.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

IndexPath = Annotated[str, typer.Argument(metavar="INDEX", help="Folder of the index, NAME.lance.")]
Inputs = Annotated[
    list[str],
    typer.Argument(
        metavar="INPUT...",
        help="Files and folders: .txt, .md, .html and .pdf are a document each; .jsonl, .csv, .tsv and .parquet hold "
        "one in each row; images, for models that read them.",
    ),
]
OnBadFile = Annotated[
    str, typer.Option("--on-bad-file", help="error, or skip to leave out and tell what cannot be read.")
]
Where = Annotated[
    str | None, typer.Option("--where", "-w", help="Condition in SQL, such as \"year > 2020 AND document LIKE 'a/%'\".")
]


@app.command()
def build(
    inputs: Inputs,
    output: Annotated[str, typer.Option("--output", "-o", help="Folder of the index, NAME.lance.")],
    model: Model = DEFAULT_MODEL,
    column: Column = None,
    chunk_tokens: Annotated[
        int | None,
        typer.Option("--chunk-tokens", min=1, help="Tokens of a passage; what the model reads, 256 at the most."),
    ] = None,
    language: Annotated[
        str, typer.Option("--language", help="Whose words text search stems, such as German; none for none.")
    ] = "English",
    on_bad_file: OnBadFile = "error",
    dtype: Dtype = None,
    backend: Backend = "auto",
    device: Device = None,
    batch_size: BatchSize = None,
    ray: Ray = None,
    workers: RayWorkerCount = None,
    as_json: Json = False,
) -> None:
    """Make an index of documents. Run again after it died, it goes on where it was."""
    from ..index import Index

    embedder = load_index_model(model, dtype=dtype, backend=backend, device=device)
    index = Index.create(output, embedder, chunk_tokens=chunk_tokens, language=language, exist_ok=True)
    with ray_workers(ray, workers) as others:
        _sync(index, inputs, column, on_bad_file, batch_size, as_json, others)


@app.command()
def sync(
    path: IndexPath,
    inputs: Inputs,
    column: Column = None,
    on_bad_file: OnBadFile = "error",
    batch_size: BatchSize = None,
    ray: Ray = None,
    workers: RayWorkerCount = None,
    as_json: Json = False,
) -> None:
    """Embed what is new or changed in files and folders, and remove what is gone from them."""
    index = _opened(path)
    with ray_workers(ray, workers) as others:
        _sync(index, inputs, column, on_bad_file, batch_size, as_json, others)


@app.command()
def add(
    path: IndexPath,
    inputs: Inputs,
    column: Column = None,
    on_bad_file: OnBadFile = "error",
    batch_size: BatchSize = None,
    as_json: Json = False,
) -> None:
    """Embed what is new or changed in files and folders; remove nothing."""
    index = _opened(path)
    for source in inputs:
        files = index.files(source, column=column, on_bad_file=on_bad_file)
        _report(source, index.add(files, batch_size=batch_size), as_json)


@app.command()
def load(
    path: IndexPath,
    vectors: Annotated[str, typer.Argument(metavar="VECTORS", help="Folder that `sbert encode -o FOLDER/` wrote.")],
    inputs: Annotated[
        list[str], typer.Argument(metavar="INPUT...", help="The files of texts that it was written from.")
    ],
    model: Model = DEFAULT_MODEL,
    column: Column = None,
    precision: Annotated[
        str, typer.Option("--precision", help="Of a new index: float32, or float16, which takes half the space.")
    ] = "float32",
    dtype: Dtype = None,
    backend: Backend = "auto",
    device: Device = None,
    as_json: Json = False,
) -> None:
    """Load texts with the vectors that were made of them, into an index that is made if it is not there."""
    from ..data import Corpus, open_embeddings
    from ..index import Index

    shards, texts = open_embeddings(vectors), Corpus(inputs, column=column)
    embedder = load_model(model, dtype=dtype, backend=backend, device=device)
    index = Index.create(path, embedder, precision=precision, exist_ok=True)
    _report(vectors, index.load(texts, shards, source=Path(vectors).name), as_json)


@app.command()
def remove(
    path: IndexPath,
    documents: Annotated[list[str] | None, typer.Argument(metavar="[DOCUMENT]...", help="Documents by name.")] = None,
    where: Where = None,
    as_json: Json = False,
) -> None:
    """Remove documents by their names or by a condition."""
    count = _opened(path).remove(documents or None, where=where)
    if as_json:
        print_json({"removed": count})
    else:
        note(f"{count:,} documents removed.")


@app.command()
def search(
    path: IndexPath,
    query: Annotated[
        str | None, typer.Argument(metavar="QUERY", help="What to look for; asked for, or read from stdin, if none.")
    ] = None,
    top_k: Annotated[int, typer.Option("--top-k", "-k", min=1, help="Hits for each query.")] = 10,
    where: Where = None,
    mode: Annotated[str, typer.Option("--mode", help="dense (by meaning), text (by words), or hybrid.")] = "hybrid",
    rerank: Rerank = None,
    image: ImageQuery = None,
    as_json: Json = False,
) -> None:
    """Find the passages that answer a query."""
    index = _opened(path)
    if image is not None:
        answer_by_image(index, image, query, described, PASSAGE_COLUMNS, top_k=top_k, where=where, as_json=as_json)
        return
    if mode != "text":
        _ = index.model  # loaded now, so that the time told of the first query is its own
    answer_from(
        index,
        query,
        described,
        PASSAGE_COLUMNS,
        top_k=top_k,
        rerank=rerank,
        as_json=as_json,
        where=where,
        mode=mode,
    )


@app.command()
def info(path: IndexPath, as_json: Json = False) -> None:
    """Show what an index holds and how it is searched."""
    facts = _opened(path).info().to_dict()
    if as_json:
        print_json(facts)
    else:
        print_table(("", ""), [(name.replace("_", " "), _told(value)) for name, value in facts.items()])


@app.command()
def versions(path: IndexPath, as_json: Json = False) -> None:
    """List the states that an index can be brought back to."""
    for version in _opened(path).versions():
        when = version.time.isoformat(sep=" ", timespec="seconds")
        if as_json:
            print_json({"version": version.number, "time": when, "passages": version.passages})
        else:
            typer.echo(f"{version.number}\t{when}\t{version.passages:,} passages")


@app.command()
def rollback(
    path: IndexPath,
    version: Annotated[int, typer.Argument(metavar="VERSION", help="One of `sbert index versions`.")],
    as_json: Json = False,
) -> None:
    """Bring an older state back, as a new version."""
    index = _opened(path)
    number = index.rollback(version)
    if as_json:
        print_json({"version": number, "passages": len(index)})
    else:
        note(f"Version {number} is as version {version} was: {len(index):,} passages.")


@app.command()
def export(
    path: IndexPath,
    output: Annotated[str, typer.Argument(metavar="OUTPUT", help="NAME.parquet, a file, or NAME.lance, a dataset.")],
    where: Where = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace a table that is there.")] = False,
    as_json: Json = False,
) -> None:
    """Write passages, vectors and metadata to one table that other programs read."""
    count = _opened(path).export(output, where=where, overwrite=overwrite)
    if as_json:
        print_json({"output": output, "passages": count})
    else:
        note(f"{count:,} passages written to {output}.")


@app.command("import")
def import_(
    source: Annotated[str, typer.Argument(metavar="TABLE", help="NAME.parquet or NAME.lance.")],
    path: Annotated[str, typer.Argument(metavar="INDEX", help="Folder of the index; made if it is not there.")],
    model: Annotated[
        str | None,
        typer.Option("--model", "-m", help="That made the vectors; only for tables that no index was exported to."),
    ] = None,
    text: Annotated[str | None, typer.Option("--text", help="Of such a table, the column of texts.")] = None,
    vector: Annotated[str | None, typer.Option("--vector", help="Of such a table, the column of vectors.")] = None,
    id_: Annotated[str | None, typer.Option("--id", help="Of such a table, the column of names.")] = None,
    precision: Annotated[
        str, typer.Option("--precision", help="Of a new index: float32, or float16, which takes half the space.")
    ] = "float32",
    replace: Annotated[
        bool, typer.Option("--replace", help="Replace documents that are there in another state.")
    ] = False,
    check: Annotated[
        bool,
        typer.Option("--check/--no-check", help="Embed some texts once more, to see that the model made the vectors."),
    ] = True,
    as_json: Json = False,
) -> None:
    """Put a table of passages and vectors into an index. Run again after it died, it goes on where it was."""
    from ..index import import_table

    _, done = import_table(
        source, path, model, text=text, vector=vector, id=id_, precision=precision, replace=replace, check=check
    )
    if as_json:
        print_json({"source": source, **done.to_dict()})
    else:
        note(f"{source}: {done}")


@app.command()
def upload(
    path: IndexPath,
    target: Annotated[
        str,
        typer.Argument(
            metavar="TARGET",
            help="qdrant:FOLDER, qdrant://host:6333, milvus:FILE.db, milvus://host:19530, "
            "postgresql://user@host/database or opensearch://host:9200; +https behind the first word for TLS.",
        ),
    ],
    collection: Annotated[str, typer.Option("--collection", "-c", help="Collection, table or index; made if need be.")],
    where: Where = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Remove the collection first.")] = False,
    batch_size: Annotated[
        int | None, typer.Option("--batch-size", min=1, help="Passages of a request at the most.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Put passages into a vector database. Run again after it died, it goes on where it was."""
    from ..integrations.databases import upload as upload_to

    done = upload_to(_opened(path), target, collection, where=where, overwrite=overwrite, batch_size=batch_size)
    if as_json:
        print_json(done.to_dict())
        return
    note(str(done))
    if done.extra:
        note(
            f"{done.extra:,} of them are not from this upload: others put them there, or the index has them no more. "
            "--overwrite leaves nothing else."
        )


def _opened(path: str) -> Index:
    from ..index import Index

    return Index.open(path)


def _sync(
    index: Index,
    inputs: list[str],
    column: str | None,
    on_bad_file: str,
    batch_size: int | None,
    as_json: bool,
    workers: RayWorkers | None,
) -> None:
    for source in inputs:
        changes = index.sync(source, column=column, on_bad_file=on_bad_file, batch_size=batch_size, workers=workers)
        _report(source, changes, as_json)


def _report(source: str, changes: Changes, as_json: bool) -> None:
    if as_json:
        print_json({"source": source, **changes.to_dict()})
    else:
        note(f"{source}: {changes}")
        tell_skipped(dict(changes.skipped))


def _told(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name}: {each}" for name, each in value.items()) or "none"
    if isinstance(value, (tuple, list)):
        return ", ".join(map(str, value)) or "none"
    return f"{value:,}" if isinstance(value, int) else "none" if value is None else str(value)
