"""What a collection of any database does, and the boundary to the databases' clients."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Protocol

from ...errors import DatabaseError, InputError, MissingDependencyError, SbertError
from .rows import Rows
from .target import Target

#: Seconds that are waited for an answer.
TIMEOUT = 60
#: And for a connection.
CONNECT_TIMEOUT = 10


@dataclass(frozen=True)
class Description:
    """A collection that is there.

    Attributes:
        dimension: of its vectors.
        similarity: by which it compares them: ``cosine``, ``dot`` or ``euclidean``; None where each query says that.
        record: the note that was last kept in it; None where there is none.
    """

    dimension: int
    similarity: str | None
    record: str | None


class Collection(Protocol):
    """Vectors of one kind in a database: a collection, a table, an index.

    Every method may raise :class:`~sbert.errors.DatabaseError`.
    """

    def describe(self) -> Description | None:
        """What is there; None for nothing.

        Raises:
            DatabaseError: what is there has no place for passages.
        """

    def create(self, dimension: int, similarity: str) -> None:
        """Make it, for vectors of a width that are compared by ``cosine``, ``dot`` or ``euclidean``."""

    def drop(self) -> None:
        """Remove it with all that is in it."""

    def upsert(self, rows: Rows) -> None:
        """Put passages in, in the place of those of the same ids; they are safe when this returns.

        Raises:
            InputError: the database cannot hold one of them, which is named.
        """

    def keep(self, record: str) -> None:
        """Keep a note in the collection, in the place of the last one: it goes when the collection goes."""

    def count(self) -> int:
        """Passages that it has, all that were put in among them."""

    def close(self) -> None:
        """Leave the database."""


def client(module: str, target: Target, extra: str, library: str) -> Any:
    """The client of a database.

    Args:
        module: that is imported.
        target: the database.
        extra: of sbert, that installs it.
        library: its name in package registries.

    Raises:
        MissingDependencyError: it is not installed.
    """
    try:
        return import_module(module)
    except ImportError as error:
        raise MissingDependencyError(library, f"upload to {target.shown}", extra) from error


@contextmanager
def translated(target: Target, what: str, *kinds: type[Exception]) -> Iterator[None]:
    """Tell what a client raises as an error of sbert, on one line and without the password.

    Args:
        target: the database.
        what: went wrong, as the beginning of a sentence.
        kinds: of errors, beside those of the network.
    """
    caught: tuple[type[Exception], ...] = (*kinds, OSError)
    try:
        yield
    except SbertError:
        raise
    except caught as error:
        said = " ".join(str(error).split()) or type(error).__name__
        shown = target.hidden(said)
        # The first error stands in tracebacks too, so it is left out where it holds what must not be seen.
        cause = error if shown == said else None
        raise DatabaseError(f"{what}: {shown[:400]}") from cause


def similarity_of(names: Mapping[str, str], theirs: object) -> str:
    """Our name of what a database compares by, as it is written there; theirs where we have none.

    >>> similarity_of({"dot": "IP"}, "IP"), similarity_of({"dot": "IP"}, "HAMMING")
    ('dot', 'HAMMING')
    """
    return next((ours for ours, name in names.items() if name == theirs), str(theirs))


def require_name(name: str, pattern: str, rule: str) -> str:
    """The name of a collection, if a database takes it.

    Raises:
        InputError: it does not.
    """
    if not isinstance(name, str) or not re.fullmatch(pattern, name):
        raise InputError(f"collection must be {rule}; got {name!r}.")
    return name
