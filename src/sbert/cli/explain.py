"""``sbert explain``: which words make two texts alike."""

from __future__ import annotations

import sys
from typing import Annotated, Any

import typer

from ..errors import InputError
from .console import note, print_json, print_table
from .options import DEFAULT_MODEL, Backend, Json, Model, tell_truncation


def explain(
    a: Annotated[str, typer.Argument(metavar="A", help="A text.", show_default=False)],
    b: Annotated[str, typer.Argument(metavar="B", help="Another text.", show_default=False)],
    model: Model = DEFAULT_MODEL,
    output: Annotated[
        str | None, typer.Option("--output", "-o", metavar="FILE", help="Draw the heat map: why.html, or why.png.")
    ] = None,
    search: Annotated[
        bool,
        typer.Option("--search", help="Read A as a query and B as a document, each with the model's prompt for it."),
    ] = False,
    top_k: Annotated[int, typer.Option("--top-k", "-k", min=1, help="Pairs of tokens to list.")] = 10,
    backend: Backend = "auto",
    as_json: Json = False,
) -> None:
    """Show which words make two texts alike.

    Without --search both are read as `sbert similarity` does, and with it as `sbert search` does.

    With mean pooling the cosine is a sum over pairs of tokens, and so is MaxSim of late interaction, of a query A and a
    document B; each pair's share is shown.
    """
    from ..models.families import load

    embedder: Any = load(model, backend=backend, on_truncation="ignore")
    if not hasattr(embedder, "explain"):
        raise InputError(f"Only models that give vectors of tokens are explained; {model} is a {embedder.family}.")
    found = (embedder.explain_search if search else embedder.explain)(a, b)
    tell_truncation(embedder)
    if output is not None:
        note(f"{found.draw(output)}: {found.measure} {found.score:.4f}")
    if as_json:
        print_json({"a": a, "b": b, **found.to_dict()})
        return
    if sys.stdout.isatty():
        import rich

        rich.print(found)
    rows = [(f"{share:+.4f}", one, other) for one, other, share in found.pairs(top_k)]
    print_table(("score", "of the first", "of the second"), rows)
