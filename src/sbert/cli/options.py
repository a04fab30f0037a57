"""Options that several commands share, and the model that they ask for."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .console import note

if TYPE_CHECKING:
    from ..index.identity import IndexModel
    from ..integrations.ray import RayWorkers
    from ..models.base import BaseModel
    from ..models.cross_encoder import CrossEncoder
    from ..models.sentence_transformer import SentenceTransformer

DEFAULT_MODEL = "all-MiniLM-L6-v2"

Source = Annotated[
    str, typer.Argument(metavar="FILE", help="File: .txt, .jsonl, .csv, .tsv or .parquet, also .gz; - for stdin.")
]
Model = Annotated[str, typer.Option("--model", "-m", help="Folder or name of the model.")]
Column = Annotated[
    str | None, typer.Option("--column", "-c", help="Column that holds the texts; found by itself where it can be.")
]
Form = Annotated[
    str | None,
    typer.Option("--form", help="lines, jsonl, csv, tsv or parquet, where the file's name does not tell."),
]
Dtype = Annotated[
    str | None,
    typer.Option(
        "--dtype", help="What to compute in: float32 (the default), bfloat16 or int8, each about twice as fast."
    ),
]
Backend = Annotated[str, typer.Option("--backend", help="Engine: auto, openvino, torch or static.")]
Device = Annotated[str | None, typer.Option("--device", help="Where to compute: cpu, cuda, cuda:1, mps ...")]
ImageQuery = Annotated[
    str | None,
    typer.Option("--image", metavar="FILE", help="An image to look for, instead of QUERY, with a model such as CLIP."),
]
Rerank = Annotated[
    str | None,
    typer.Option("--rerank", metavar="MODEL", help="Cross-encoder that puts the best hundred in order."),
]
TruncateDim = Annotated[int | None, typer.Option("--truncate-dim", min=1, help="Keep this many leading dimensions.")]
BatchSize = Annotated[
    int | None, typer.Option("--batch-size", min=1, help="Texts in a batch at the most; chosen by itself.")
]
Ray = Annotated[
    str | None,
    typer.Option(
        "--ray",
        metavar="ADDRESS",
        help="Spread the work over a Ray cluster: auto for the one that this machine is in, host:6379, or local.",
    ),
]
RayWorkerCount = Annotated[
    int | None, typer.Option("--workers", min=1, help="Workers in the cluster; as many as it has cores.")
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON and nothing else to standard output.")]


def tell_truncation(model: BaseModel, of: str = "") -> None:
    """Tell what was cut off the texts that a model has just read, if anything was.

    Args:
        model: the model.
        of: what the texts were of, to go before it.
    """
    if model.truncation.truncated:
        note(f"{of}: {model.truncation}" if of else str(model.truncation))


def load_model(name: str, **options: Any) -> SentenceTransformer:
    """The model that the options ask for. What is cut off long texts is told by the commands, in counts."""
    from ..models.sentence_transformer import SentenceTransformer

    return SentenceTransformer(name, on_truncation="ignore", **options)


def load_index_model(name: str, **options: Any) -> IndexModel:
    """The model that the options ask for, as an index takes it: of late interaction where it was saved as that."""
    from ..index.identity import load_embedder

    return load_embedder(name, **options)


def load_reranker(name: str, **options: Any) -> CrossEncoder:
    """The cross-encoder that the options ask for."""
    from ..models.cross_encoder import CrossEncoder

    return CrossEncoder(name, on_truncation="ignore", **options)


def ray_workers(address: str | None, count: int | None) -> AbstractContextManager[RayWorkers | None]:
    """The workers that ``--ray`` asks for; None without it."""
    from ..errors import InputError

    if address is None:
        if count is not None:
            raise InputError("--workers is for a Ray cluster: name it with --ray, such as --ray local.")
        return nullcontext()
    from ..integrations.ray import RayWorkers

    return RayWorkers(address, count)
