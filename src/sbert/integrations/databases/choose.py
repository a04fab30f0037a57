"""The kind of database that an address names."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module

from .base import Collection
from .target import parse_target

#: The class of each kind, in a module of its own, so that only the client that is asked for is imported.
_KINDS = {
    "qdrant": "qdrant:QdrantCollection",
    "milvus": "milvus:MilvusCollection",
    "postgresql": "pgvector:PgvectorTable",
    "opensearch": "opensearch:OpenSearchIndex",
}


def open_collection(target: str, name: str) -> Collection:
    """A collection of a database, which need not be there yet.

    Args:
        target: address of the database, as for :func:`~sbert.integrations.databases.upload`.
        name: of the collection.

    Raises:
        DatabaseError: the database cannot be reached, or refuses.
        InputError: the address names no database, or the database takes no such name.
        MissingDependencyError: its client is not installed.
    """
    place = parse_target(target)
    module, _, kind = _KINDS[place.kind].partition(":")
    opened: Callable[..., Collection] = getattr(import_module(f".{module}", __package__), kind)
    return opened(place, name)
