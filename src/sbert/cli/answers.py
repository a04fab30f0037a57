"""Queries of a search as people ask them, and their answers as they are printed."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from .console import is_interactive, note, print_json, print_table

if TYPE_CHECKING:
    from ..search.pipeline import Timings

PROMPT = "search > "

#: Finds the hits of a query, each a dict of plain values with ``score``.
Find = Callable[[str], list[dict[str, Any]]]


def answer(
    query: str | None,
    find: Find,
    columns: tuple[str, ...],
    *,
    as_json: bool,
    steps: Callable[[], Timings] | None = None,
) -> None:
    """Answer a query, or all that are asked for where there is none.

    Args:
        query: the one that was given; None asks for queries, or reads them from standard input.
        find: finds the hits.
        columns: of a hit that are shown after its rank and score.
        as_json: whether to print an object for each query.
        steps: how long the steps of the last search took, where it has several.
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
            each = {} if steps is None else _milliseconds(steps())
            print_json({"query": asked, "hits": hits, "milliseconds": round(milliseconds, 2), **each})
        else:
            shown = [tuple(str(hit[name] or "") for name in columns) for hit in hits]
            rows = [(str(hit["rank"]), f"{hit['score']:.4f}", *row) for hit, row in zip(hits, shown, strict=True)]
            print_table(("rank", "score", *columns), rows)
            note(f"{milliseconds:.0f} ms" if steps is None else f"{milliseconds:.0f} ms: {steps()}")


def _milliseconds(timings: Timings) -> dict[str, float]:
    return {
        f"{step}_milliseconds": round(1000 * seconds, 2)
        for step, seconds in (("retrieve", timings.retrieve), ("rerank", timings.rerank))
    }


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
