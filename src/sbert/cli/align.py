"""``sbert align``: which texts of two files say the same in two languages."""

from __future__ import annotations

from typing import Annotated

import typer

from ..errors import InputError, one_of
from .console import note, print_json, print_table
from .options import Backend, Column, Device, Dtype, Form, Json, load_model, tell_truncation

_FILE = "of texts: .txt, .jsonl, .csv, .tsv or .parquet, also .gz; - for stdin."


def align(
    source: Annotated[str, typer.Argument(metavar="SOURCE", help=f"File {_FILE}")],
    target: Annotated[str, typer.Argument(metavar="TARGET", help=f"File {_FILE}")],
    model: Annotated[str, typer.Option("--model", "-m", help="Folder or name of a multilingual model.")],
    min_score: Annotated[
        float | None, typer.Option("--min-score", help="Leave out pairs that score less; 1.05 or so for ratios.")
    ] = None,
    neighbours: Annotated[int, typer.Option("--neighbours", "-k", min=1, help="Nearest texts that are compared.")] = 4,
    margin: Annotated[str, typer.Option("--margin", help="Score: ratio, distance or absolute.")] = "ratio",
    strategy: Annotated[
        str, typer.Option("--strategy", help="Pairs to take: intersection, forward, backward or max.")
    ] = "intersection",
    prompt: Annotated[
        str | None, typer.Option("--prompt", help="Put before each text, where the model asks for it: 'query: '.")
    ] = None,
    column: Column = None,
    form: Form = None,
    dtype: Dtype = None,
    backend: Backend = "auto",
    device: Device = None,
    as_json: Json = False,
) -> None:
    """Find the texts of two files that translate each other, the most certain pairs first.

    A pair scores the cosine of its vectors, divided by the mean cosine with the nearest texts of the other file. With
    --json, one object a pair.
    """
    from ..data import read_texts
    from ..search.bitext import MARGINS, STRATEGIES, mine_bitext

    for option, name, known in (("--margin", margin, MARGINS), ("--strategy", strategy, STRATEGIES)):
        if name not in known:
            raise one_of(option, name, known)  # before anything is embedded
    if source == target == "-":
        raise InputError("SOURCE and TARGET cannot both be standard input; name a file for one of them.")
    sides = [read_texts(path, column=column, form=form) for path in (source, target)]
    embedder = load_model(model, dtype=dtype, backend=backend, device=device)
    vectors = []
    for name, texts in zip((source, target), sides, strict=True):
        vectors.append(embedder.encode(texts.texts, prompt=prompt))
        tell_truncation(embedder, name)
    found = mine_bitext(vectors[0], vectors[1], neighbours, margin, strategy, min_score)
    lefts, rights = (texts.texts for texts in sides)
    if as_json:
        for score, left, right in found:
            named = {"source": lefts[left], "target": rights[right]}
            print_json({"score": round(score, 6), "source_id": left, "target_id": right, **named})
        return
    print_table(
        ("score", "source", "target"),
        [(f"{score:.4f}", lefts[left], rights[right]) for score, left, right in found],
    )
    note(f"{len(found):,} pairs among {len(lefts):,} and {len(rights):,} texts.")
