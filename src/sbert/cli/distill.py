"""``sbert distill``: a fast static model from a slow one."""

from __future__ import annotations

import time
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from .console import note, print_json
from .options import Backend, Column, Device, Dtype, Form, Json, load_model


def distill(
    model: Annotated[str, typer.Argument(metavar="MODEL", help="Folder or name of the model to learn from.")],
    output: Annotated[Path, typer.Argument(metavar="OUT", help="Folder to write the static model to.")],
    source: Annotated[
        str | None,
        typer.Option("--texts", "-t", help="File of texts to fit it to: .txt, .jsonl, .csv, .tsv or .parquet."),
    ] = None,
    dimension: Annotated[int, typer.Option("--dimension", "-d", min=1, help="Width of its vectors.")] = 256,
    column: Column = None,
    form: Form = None,
    dtype: Dtype = "float32",
    backend: Backend = "auto",
    device: Device = None,
    as_json: Json = False,
) -> None:
    """Make a fast static model from a slow one.

    A static model has a fixed vector for each token and no network. Texts of the kind that it is for make it much
    better: it is fitted to the slow model's vectors of them.
    """
    from ..data import read_texts
    from ..distillation import distill as make

    texts = None if source is None else read_texts(source, column=column, form=form).texts
    teacher = load_model(model, dtype=dtype, backend=backend, device=device)
    if texts is None:
        note("Without --texts the model is not fitted to real texts, which makes most of its quality.")
    started = time.perf_counter()
    made = make(teacher, output, texts, dimension=dimension)
    seconds = time.perf_counter() - started
    if as_json:
        print_json(asdict(made) | {"folder": str(made.folder), "seconds": round(seconds, 3)})
        return
    note(f"{made.tokens:,} token vectors of {made.dimension} from {teacher.spec.name} in {seconds:.0f} s.")
    if made.cosine_after is not None:
        note(
            f"Fitted to {made.texts:,} texts. On {made.held_back:,} others the mean cosine to the teacher is "
            f"{made.cosine_after:.3f}; before the fit it was {made.cosine_before:.3f}."
        )
    note(f"Written to {made.folder}. Use it by that name: sbert encode FILE --model {made.folder}")
