"""Which column of a table holds what is looked for: the one that is named, or the one that stands out."""

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
        raise DataError(f"{source} has no column {name!r}; it has {_listed(columns)}.{closest(name, columns)}")
    return name


def text_column(columns: Sequence[str], textual: Sequence[str], source: str) -> str:
    """The column of texts to read where none was asked for, as :func:`likely_column` finds it.

    >>> text_column(["id", "Body", "author"], ["Body", "author"], "a.csv")
    'Body'
    """
    return likely_column(columns, textual, USUAL_NAMES, source, "text", "column")


def likely_column(
    columns: Sequence[str], fitting: Sequence[str], usual: Sequence[str], source: str, kind: str, option: str
) -> str:
    """The column to read where none was asked for: the only one that fits, else one with a usual name.

    Args:
        columns: all columns.
        fitting: those that hold what is looked for.
        usual: names that such columns tend to have, in lower case, the likeliest first.
        source: the file, for messages.
        kind: what is looked for, for messages.
        option: by which a column is named.

    Raises:
        DataError: no column stands out; all are listed.
    """
    if len(fitting) == 1:
        return fitting[0]
    by_lower = {column.lower(): column for column in reversed(fitting)}
    for name in usual:
        if name in by_lower:
            return by_lower[name]
    found = f"several columns of {kind}" if fitting else f"no column of {kind}"
    raise DataError(
        f"{source} has {found}: its columns are {_listed(columns)}. Name one: {option}=NAME, or --{option} NAME."
    )


def _listed(columns: Sequence[str]) -> str:
    return ", ".join(map(repr, columns)) or "none"
