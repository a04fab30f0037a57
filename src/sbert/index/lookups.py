"""Indexes of names and hashes: with them documents are found, and replaced, without reading all the others."""

from __future__ import annotations

from functools import partial
from typing import Any

from .lance import committed
from .schema import CONTENT, ID

#: Passages from which on they are kept; below, reading all takes less time than keeping an index.
LOOKED_UP = 20_000


def index_name(table: Any, column: str) -> str | None:
    """The name of the index of a column; None where there is none."""
    return next((index.name for index in table.list_indices() if index.columns == [column]), None)


def make_lookups(table: Any, rows: int) -> None:
    """Make the indexes that a table of so many rows should have, where they are missing."""
    if rows < LOOKED_UP:
        return
    from lancedb.index import BTree

    for column in (ID, CONTENT):
        if index_name(table, column) is None:
            committed(table, partial(table.create_index, column, config=BTree()), "index names")
