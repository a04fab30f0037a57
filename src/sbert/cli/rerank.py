"""``sbert rerank``: texts in the order in which they answer a query, by a cross-encoder."""

from __future__ import annotations

import time
from typing import Annotated

import typer

from .console import note, print_json, print_table
from .options import Backend, Column, Device, Dtype, Form, Json, load_reranker, tell_truncation


def rerank(
    query: Annotated[str, typer.Argument(metavar="QUERY", help="What is asked.")],
    source: Annotated[
        str,
        typer.Argument(metavar="FILE", help="Candidates: .txt, .jsonl, .csv, .tsv or .parquet, also .gz; - for stdin."),
    ],
    model: Annotated[str, typer.Option("--model", "-m", help="Folder or name of a cross-encoder.")],
    top_k: Annotated[int | None, typer.Option("--top-k", "-k", min=1, help="Texts to show; all by default.")] = None,
    column: Column = None,
    form: Form = None,
    dtype: Dtype = None,
    backend: Backend = "auto",
    device: Device = None,
    as_json: Json = False,
) -> None:
    """Put texts in the order in which they answer a query.

    A cross-encoder reads each text beside the query, which is slow and judges well: give it hundreds of texts, found by
    `sbert search`, not millions.
    """
    from ..data import read_texts

    texts = read_texts(source, column=column, form=form).texts
    reranker = load_reranker(model, dtype=dtype, backend=backend, device=device)
    started = time.perf_counter()
    ranked = reranker.rank(query, texts, top_k, return_documents=True)
    milliseconds = (time.perf_counter() - started) * 1000
    if as_json:
        hits = [{"rank": rank, **hit, "score": round(hit["score"], 6)} for rank, hit in enumerate(ranked, start=1)]
        print_json({"query": query, "hits": hits, "milliseconds": round(milliseconds, 2)})
    else:
        rows = [(str(rank), f"{hit['score']:.4f}", hit["text"]) for rank, hit in enumerate(ranked, start=1)]
        print_table(("rank", "score", "text"), rows)
        note(f"{len(texts):,} texts in {milliseconds:.0f} ms")
    tell_truncation(reranker)
