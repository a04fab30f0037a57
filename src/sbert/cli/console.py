"""What the commands print with: results to standard output, everything else to standard error."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence

import typer


def note(text: str) -> None:
    """Tell people something; it never mixes with results."""
    typer.echo(text, err=True)


def print_json(value: object) -> None:
    """Print one JSON object on one line, at once, so that a program at the other end of a pipe need not wait."""
    typer.echo(json.dumps(value, ensure_ascii=False))
    sys.stdout.flush()


def print_table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print a table to a terminal; elsewhere one line a row, with tabs between, for other programs.

    Args:
        columns: headings; those called rank, score and size hold numbers.
        rows: as many strings each.
    """
    if not sys.stdout.isatty():
        for row in rows:
            typer.echo("\t".join(" ".join(value.split()) for value in row))
        return
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for column in columns:
        if column in ("rank", "score", "size"):
            table.add_column(column, justify="right", no_wrap=True)
        else:
            table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*(Text(value) for value in row))  # Text: brackets in a text are not markup
    Console().print(table)


def is_interactive() -> bool:
    """Whether a person sits at both ends."""
    return sys.stdin.isatty() and sys.stdout.isatty()
