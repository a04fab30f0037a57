"""Tables as documents: one a row, from JSON lines, CSV, TSV and Parquet."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from ...data.readers import read_rows
from ...errors import DataError
from ..documents import Document
from ..schema import usable_name

#: Columns that name a row, if their values differ from row to row; the first that a table has is taken.
ID_COLUMNS = ("id", "_id", "ID", "Id")


def table_documents(path: Path, name: str, form: str, column: str | None = None) -> Iterator[Document]:
    """The rows of a file as documents.

    A document is called after the file and the row: its ``id`` where the table has such a column, else its number.
    All other columns become metadata. The values of CSV and TSV are texts; where all of a column are whole numbers, or
    numbers, as they would be written by themselves (so not ``007``), they become those.

    Args:
        path: the file.
        name: what documents are called after.
        form: ``jsonl``, ``csv``, ``tsv`` or ``parquet``.
        column: the column of texts; found as by :func:`~sbert.data.read_texts`.

    Raises:
        DataError: as :func:`~sbert.data.read_rows`; a text is not text, or two rows have the same id.
    """
    table = read_rows(path, form=form)
    chosen = table.text_column(column)
    id_column = next((known for known in ID_COLUMNS if known in table.columns and known != chosen), None)
    others = [other for other in table.columns if other not in (chosen, id_column)]
    untyped = others if form in ("csv", "tsv") else []
    typed = {other: _numbers([row[other] for row in table.rows]) for other in untyped}
    names = _column_names(others)
    seen: set[str] = set()
    for number, row in enumerate(table.rows, start=1):
        text = row.get(chosen)
        if not isinstance(text, str):
            raise DataError(f"{path}, row {number}: column {chosen!r} is {text!r}; text was expected.")
        own = row.get(id_column) if id_column is not None else number
        if own is None or own == "" or str(own) in seen:
            what = f"the {id_column} {own!r} a second time" if own not in (None, "") else f"no {id_column}"
            raise DataError(f"{path}, row {number} has {what}. Rows are told apart by it.")
        seen.add(str(own))
        convert = {other: typed[other] for other in others if other in typed}
        facts = {names[other]: convert[other](row[other]) if other in convert else row.get(other) for other in others}
        yield Document(f"{name}#{own}", text, {key: value for key, value in facts.items() if value is not None})


def _column_names(columns: list[str]) -> dict[str, str]:
    """Columns with names that an index can have, no two alike."""
    found: dict[str, str] = {}
    taken: set[str] = set()
    for column in columns:
        name = usable_name(column)
        while name in taken:
            name += "_"
        taken.add(name)
        found[column] = name
    return found


def _numbers(values: list[Any]) -> Callable[[str], object]:
    """What turns the values of a column of CSV into numbers, where all of them are; else into themselves."""
    given = [value for value in values if value != ""]
    for kind in (int, float):
        if given and all(_is(kind, value) for value in given):
            return lambda value, kind=kind: None if value == "" else kind(value)  # type: ignore[misc]
    return lambda value: value


def _is(kind: type, value: str) -> bool:
    try:
        number = kind(value)
    except ValueError:
        return False
    if kind is int:
        return str(number) == value and abs(number) < 2**63
    # A code such as 1e5 or 007 is no number; 0.50 is one.
    return math.isfinite(number) and value.strip("-").replace(".", "", 1).isdigit() and not value.startswith("00")
