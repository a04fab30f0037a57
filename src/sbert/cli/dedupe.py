"""``sbert dedupe``: the texts of a file without those that repeat others, word for word or nearly."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

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

if TYPE_CHECKING:
    from ..search.duplicates import Duplicates

#: What makes a text worth keeping rather than another, by the name of the choice.
KEEP: dict[str, Callable[[str], int]] = {"first": lambda _: 0, "longest": len, "shortest": lambda text: -len(text)}


def dedupe(
    source: Source,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="File for the rows that are kept, all columns: .txt, .jsonl, .csv, .tsv."),
    ] = None,
    threshold: Annotated[
        float, typer.Option("--threshold", "-t", min=-1, max=1, help="Least cosine of a text with the one it repeats.")
    ] = 0.95,
    keep: Annotated[str, typer.Option("--keep", help="Which of a group: first, longest or shortest.")] = "first",
    groups: Annotated[bool, typer.Option("--groups", help="Show what repeats what instead of what is kept.")] = False,
    model: Model = DEFAULT_MODEL,
    column: Column = None,
    form: Form = None,
    dtype: Dtype = None,
    backend: Backend = "auto",
    device: Device = None,
    as_json: Json = False,
) -> None:
    """Leave out the texts of a file that repeat others, word for word or nearly.

    Prints the texts that are kept, or with -o writes their rows. With --json, one object a text, or with --groups a
    group.
    """
    from ..data import read_rows
    from ..data.tables import check_table, write_rows
    from ..errors import one_of
    from ..search.duplicates import deduplicate

    if keep not in KEEP:
        raise one_of("--keep", keep, KEEP)
    if output is not None:
        check_table(output)
    rows = read_rows(source, form=form)
    texts = rows.texts(column)
    embedder = load_model(model, dtype=dtype, backend=backend, device=device)
    found = deduplicate(embedder, texts, threshold, priority=[KEEP[keep](text) for text in texts])
    tell_truncation(embedder)
    if output is not None:
        write_rows(output, rows, found.keepers.tolist(), column)
    if groups:
        _print_groups(found, texts, as_json)
    elif as_json:
        _print_rows(found, texts)
    elif output is None:
        for row in found.keepers.tolist():
            typer.echo(texts[row] if "\n" not in texts[row] else " ".join(texts[row].split()))
    dropped, repeated = len(texts) - len(found), len(found.groups())
    where = f" Written to {output}." if output is not None else ""
    note(f"{len(found):,} of {len(texts):,} texts kept; {dropped:,} repeat one of {repeated:,} others.{where}")


def _print_rows(found: Duplicates, texts: Sequence[str]) -> None:
    for row, (keeper, score) in enumerate(zip(found.keeper_of.tolist(), found.scores.tolist(), strict=True)):
        repeats = {} if keeper == row else {"repeats": keeper, "score": round(score, 6)}
        print_json({"id": row, "kept": keeper == row, **repeats, "text": texts[row]})


def _print_groups(found: Duplicates, texts: Sequence[str], as_json: bool) -> None:
    lines = []
    for number, group in enumerate(found.groups(), start=1):
        scores = [round(score, 6) for score in found.scores[group].tolist()]
        members = [
            {"id": row, "score": score, "text": texts[row]} for row, score in zip(group.tolist(), scores, strict=True)
        ]
        if as_json:
            print_json({"kept": members[0], "dropped": members[1:]})
        shown = ["kept", *(f"{score:.4f}" for score in scores[1:])]
        lines += [(str(number), score, texts[row]) for score, row in zip(shown, group.tolist(), strict=True)]
    if not as_json:
        print_table(("group", "score", "text"), lines)
