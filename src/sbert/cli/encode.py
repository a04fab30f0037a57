"""``sbert encode``: texts of a file to vectors in a file."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

from .console import note, print_json
from .options import (
    DEFAULT_MODEL,
    Backend,
    BatchSize,
    Column,
    Device,
    Dtype,
    Form,
    Json,
    Model,
    TruncateDim,
    load_model,
)

if TYPE_CHECKING:
    from ..types import Precision


def encode(
    source: Annotated[
        str, typer.Argument(metavar="INPUT", help="File: .txt, .jsonl, .csv, .tsv or .parquet, also .gz; - for stdin.")
    ],
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="File: .npy, .jsonl or .parquet. JSON lines to stdout if none."),
    ] = None,
    model: Model = DEFAULT_MODEL,
    column: Column = None,
    form: Form = None,
    prompt_name: Annotated[str | None, typer.Option("--prompt-name", help="The model's prompt to use.")] = None,
    precision: Annotated[str, typer.Option("--precision", help="float32, int8, uint8, binary or ubinary.")] = "float32",
    normalize: Annotated[bool, typer.Option("--normalize", help="Scale vectors to length one.")] = False,
    truncate_dim: TruncateDim = None,
    dtype: Dtype = None,
    backend: Backend = "auto",
    device: Device = None,
    batch_size: BatchSize = None,
    as_json: Json = False,
) -> None:
    """Turn the texts of a file into vectors."""
    from ..data import read_texts, write_embeddings, write_jsonl
    from ..data.writers import check_output

    if output is not None:
        check_output(output)
    texts = read_texts(source, column=column, form=form)
    embedder = load_model(model, dtype=dtype, backend=backend, device=device)
    started = time.perf_counter()
    embeddings = embedder.encode(
        texts.texts,
        prompt_name=prompt_name,
        precision=cast("Precision", precision),  # checked by the model
        normalize_embeddings=normalize,
        truncate_dim=truncate_dim,
        batch_size=batch_size,
    )
    seconds = time.perf_counter() - started
    if output is None:
        write_jsonl(sys.stdout.buffer, embeddings, texts.texts)
    else:
        write_embeddings(output, embeddings, texts.texts)
    cut = embedder.truncation
    if as_json and output is not None:
        print_json(
            {
                "input": texts.source,
                "column": texts.column,
                "output": str(output),
                "model": embedder.spec.name,
                "engine": embedder.engine.name,
                "dtype": embedder.engine.dtype,
                "texts": len(texts),
                "dimension": embeddings.shape[1],
                "seconds": round(seconds, 3),
                "texts_per_second": round(len(texts) / seconds, 1),
                "truncated": cut.truncated,
                "dropped_tokens": cut.dropped_tokens,
            }
        )
        return
    note(
        f"{len(texts):,} texts to vectors of {embeddings.shape[1]} {embeddings.dtype} with {embedder.spec.name} "
        f"({embedder.engine.name}, {embedder.engine.dtype}) in {seconds:.1f} s: {len(texts) / seconds:,.0f} texts/s."
    )
    note(str(cut) if cut.truncated else "No text was cut.")
    if output is not None:
        note(f"Written to {output}.")
