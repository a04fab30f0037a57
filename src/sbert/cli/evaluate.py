"""``sbert evaluate``: what a model is worth on data with known answers."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated

import typer

from .console import note, print_json, print_table
from .options import Backend, Device, Dtype, Json, tell_truncation


def evaluate(
    model: Annotated[str, typer.Argument(metavar="MODEL", help="Folder or name of the model.")],
    data: Annotated[
        list[str],
        typer.Argument(
            metavar="DATA...",
            help="Files (.jsonl, .csv, .tsv, .parquet, also .gz) of two texts with a score or label, of triplets or "
            "translations; folders in BEIR's form.",
        ),
    ],
    split: Annotated[
        str | None, typer.Option("--split", help="Rows or judgements to take where there are several; test by default.")
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FOLDER", help="Add the measures to tables in a folder.")
    ] = None,
    dtype: Dtype = None,
    backend: Backend = "auto",
    device: Device = None,
    as_json: Json = False,
) -> None:
    """Measure a model: similarity, classification, retrieval, translation.

    What each file is for is told by its columns. Shown is the measure that counts most; all are in --json and in the
    tables of --output. Measures go from 0 to 1.
    """
    from ..evaluation.files import evaluator_of
    from ..models import load
    from ..models.cross_encoder import CrossEncoder

    measured = load(model, dtype=dtype, backend=backend, device=device, on_truncation="ignore")
    reads_pairs = isinstance(measured, CrossEncoder)
    evaluators = [evaluator_of(path, split=split, cross_encoder=reads_pairs) for path in data]
    rows = []
    for path, evaluator in zip(data, evaluators, strict=True):
        started = time.perf_counter()
        metrics = evaluator(measured, output)
        seconds = time.perf_counter() - started
        if as_json:
            print_json({"data": path, "primary": evaluator.primary_metric, "measures": metrics, "seconds": seconds})
        primary = str(evaluator.primary_metric)
        rows.append((path, primary.removeprefix(f"{evaluator.name}_"), f"{metrics[primary]:.4f}", f"{seconds:.1f} s"))
    if not as_json:
        print_table(("data", "measure", "value", "time"), rows)
        if output is not None:
            note(f"All measures: {output}")
    tell_truncation(measured)
