"""The boundary to LanceDB: its import, its errors in our words, and commits that are tried again.

An index is a folder that LanceDB calls a database, with one table in it. Every change is one commit: it is there whole
or not at all, for every reader at once, and a process that is killed leaves nothing but files that no version names.
Writers do not wait for one another. Who commits second finds that out, and does its work again on what is there now.
"""

from __future__ import annotations

import os
import random
import re
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from ..errors import InputError, MissingDependencyError, SbertError, StoredIndexError, closest

#: The table of an index.
TABLE = "passages"
#: Times that a commit is tried, and the seconds waited after the first; doubled each time, and never quite the same.
ATTEMPTS, _FIRST_WAIT = 12, 0.02

#: Words by which LanceDB says that another writer came in between; the last two, that it added a column just now.
_CONFLICTS = (
    "commit conflict", "concurrent", "preempted", "too many attempts", "already exists in the dataset",
    "type conflicts",
)  # fmt: skip

_Result = TypeVar("_Result")


def lancedb() -> Any:
    """The library.

    Raises:
        MissingDependencyError: it is not installed.
    """
    # Its native part warns of every tidying that another writer was faster than; here that is tried again or left.
    os.environ.setdefault("LANCEDB_LOG", "error")
    try:
        import lancedb
    except ImportError as error:
        raise MissingDependencyError("lancedb", "keep an index on disk", "index") from error
    return lancedb


def connect(path: Path) -> Any:
    """The folder of an index, as LanceDB's database. Every read sees the newest version."""
    from datetime import timedelta

    return lancedb().connect(str(path), read_consistency_interval=timedelta(0))


def pages(table: Any, columns: Sequence[str], rows: int, start: int = 0) -> Iterator[Any]:
    """Pyarrow's record batches of some columns of a table of LanceDB, so many rows at the most, in an order that stays.

    Page by page, since LanceDB's own stream reads two gigabytes ahead.

    Args:
        table: that is read.
        columns: their names.
        rows: of a batch.
        start: rows that are left out at the beginning.
    """
    for offset in range(start, table.count_rows(), rows):
        yield one_batch(table.search().select(list(columns)).offset(offset).limit(rows).to_arrow())


def one_batch(table: Any) -> Any:
    """A pyarrow table of a few pieces as one record batch."""
    return table.combine_chunks().to_batches()[0]


def open_table(path: Path) -> Any:
    """The table of an index that is there.

    Raises:
        StoredIndexError: there is none, or it cannot be read.
    """
    lancedb()  # a missing library is told before a missing folder
    if not (path / f"{TABLE}.lance").is_dir():
        near = closest(path.name, [other.name for other in path.parent.glob("*.lance")]) if path.parent.is_dir() else ""
        what = "is no index" if path.exists() else "is not there"
        raise StoredIndexError(f"{path} {what}.{near} Make one with Index.create, or `sbert index build`.")
    with translated(f"{path} cannot be opened"):
        return connect(path).open_table(TABLE)


@contextmanager
def translated(what: str) -> Iterator[None]:
    """Tell what LanceDB raises as an error of sbert, without the parts that are for its developers.

    Args:
        what: went wrong, as the beginning of a sentence.
    """
    try:
        yield
    except SbertError:
        raise
    except (RuntimeError, ValueError, OSError) as error:
        raise StoredIndexError(f"{what}: {plain(error)}") from error


@contextmanager
def translated_filter(where: str | None, columns: Callable[[], list[str]]) -> Iterator[None]:
    """Tell what is wrong with a filter.

    Args:
        where: the filter.
        columns: tells which there are.

    Raises:
        InputError: it cannot be read, names a column that is not there, or compares what cannot be compared.
    """
    try:
        yield
    except SbertError:
        raise
    except (RuntimeError, ValueError, OSError) as error:
        message = plain(error)
        if where is None:
            raise StoredIndexError(f"The index cannot be searched: {message}") from error
        raise InputError(_fault(where, message, columns())) from error


def _fault(where: str, message: str, columns: list[str]) -> str:
    """What is wrong with a filter, of which LanceDB says something."""
    unknown = re.search(r"No field named [\"`']?(\w+)", message)
    if unknown:
        name = unknown.group(1)
        return f"where names {name!r}, which is no column.{closest(name, columns)} There are {', '.join(columns)}."
    return f"where must be a condition in SQL, such as \"document = 'a.md'\"; {where!r}: {message}"


def plain(error: BaseException) -> str:
    """What an error of LanceDB says, on one line, without the places in its source."""
    text = re.sub(r",? ?(/[^\s,]*)?/[\w.-]+\.rs:\d+(:\d+)?", "", str(error))
    text = re.sub(r"^(Invalid input, |lance error: )+", "", " ".join(text.split()))
    return text if len(text) <= 500 else text[:500] + " ..."


def committed(table: Any, change: Callable[[], _Result], what: str, attempts: int = ATTEMPTS) -> _Result:
    """Make a change, again and again while other writers are faster.

    Args:
        table: that is changed; brought to its newest version before each attempt.
        change: makes it, from what the table then holds.
        what: is done, as a phrase that follows "cannot".
        attempts: how often at the most.

    Raises:
        StoredIndexError: it failed, or others were faster every time.
    """
    wait = _FIRST_WAIT
    for attempt in range(1, attempts + 1):
        try:
            return change()
        except SbertError:
            raise
        except (RuntimeError, ValueError, OSError) as error:
            if not is_conflict(error):
                raise StoredIndexError(f"The index cannot {what}: {plain(error)}") from error
            if attempt == attempts:
                raise StoredIndexError(
                    f"The index cannot {what}: other writers were faster {attempt} times. Nothing is half done; "
                    "try again when fewer write."
                ) from error
        time.sleep(wait * (0.5 + random.random()))  # noqa: S311  (no secret)
        wait *= 2
        table.checkout_latest()
    raise AssertionError("unreachable")


def is_conflict(error: BaseException) -> bool:
    """Whether an error says that another writer's commit came in between."""
    text = str(error).lower()
    return any(sign in text for sign in _CONFLICTS)


def quoted(text: str) -> str:
    """A text as SQL writes it.

    >>> quoted("it's")
    "'it''s'"
    """
    return "'" + text.replace("'", "''") + "'"


def listed(column: str, values: list[str]) -> str:
    """The condition that a column is one of some texts; at least one.

    >>> listed("document", ["a", "b"])
    "document IN ('a', 'b')"
    """
    return f"{column} IN ({', '.join(map(quoted, values))})"
