"""Queries of a search as people ask them, and their answers as they are printed."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

from .console import is_interactive, note, print_json, print_table

PROMPT = "search > "

#: Finds the hits of a query, each a dict of plain values with ``score``.
Find = Callable[[str], list[dict[str, Any]]]


def answer(query: str | None, find: Find, columns: tuple[str, ...], *, as_json: bool) -> None:
    """Answer a query, or all that are asked for where there is none.

    Args:
        query: the one that was given; None asks for queries, or reads them from standard input.
        find: finds the hits.
        columns: of a hit that are shown after its rank and score.
        as_json: whether to print an object for each query.
    """
    from ..errors import InputError

    for asked in [query] if query is not None else _asked():
        started = time.perf_counter()
        try:
            hits = find(asked)
        except InputError as error:
            if query is not None:
                raise
            note(f"{asked!r}: {error}")  # one bad query of many does not end the others
            continue
        milliseconds = (time.perf_counter() - started) * 1000
        hits = [{"rank": rank, **hit, "score": round(hit["score"], 6)} for rank, hit in enumerate(hits, start=1)]
        if as_json:
            print_json({"query": asked, "hits": hits, "milliseconds": round(milliseconds, 2)})
        else:
            shown = [tuple(str(hit[name] or "") for name in columns) for hit in hits]
            rows = [(str(hit["rank"]), f"{hit['score']:.4f}", *row) for hit, row in zip(hits, shown, strict=True)]
            print_table(("rank", "score", *columns), rows)
            note(f"{milliseconds:.0f} ms")


def _asked() -> Iterator[str]:
    """Queries as people type them or as lines of standard input; empty ones are passed over."""
    if is_interactive():
        import contextlib

        with contextlib.suppress(ImportError):
            import readline  # noqa: F401  (gives input() editing and history)
        note("Type what you look for; an empty line or Ctrl-D ends.")
        with contextlib.suppress(EOFError):
            while line := input(PROMPT).strip():
                yield line
        return
    for line in sys.stdin:
        if line.strip():
            yield line.strip()
