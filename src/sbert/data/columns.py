"""Which column of a table holds the texts."""

from __future__ import annotations

from collections.abc import Sequence

from ..errors import DataError, closest

#: Names that columns of texts tend to have; the first that a table has is read.
USUAL_NAMES = (
    "text", "texts", "sentence", "sentences", "content", "body", "passage", "document", "description", "definition",
    "abstract", "summary", "question", "query", "title", "name",
)  # fmt: skip


def named_column(name: str, columns: Sequence[str], source: str) -> str:
    """The column that was asked for.

    Raises:
        DataError: there is none of that name.
    """
    if name not in columns:
        raise DataError(f"{source} has no text column {name!r}; it has {_listed(columns)}.{closest(name, columns)}")
    return name


def text_column(columns: Sequence[str], textual: Sequence[str], source: str) -> str:
    """The column to read where none was asked for: the only one of texts, else one with a usual name.

    Args:
        columns: all columns.
        textual: those that hold text.
        source: the file, for messages.

    Raises:
        DataError: no column stands out; all are listed.

    >>> text_column(["id", "Body", "author"], ["Body", "author"], "a.csv")
    'Body'
    """
    if len(textual) == 1:
        return textual[0]
    by_lower = {column.lower(): column for column in reversed(textual)}
    for name in USUAL_NAMES:
        if name in by_lower:
            return by_lower[name]
    found = "several columns of text" if textual else "no column of text"
    raise DataError(
        f"{source} has {found}: its columns are {_listed(columns)}. Name one: column=NAME, or --column NAME."
    )


def _listed(columns: Sequence[str]) -> str:
    return ", ".join(map(repr, columns)) or "none"
