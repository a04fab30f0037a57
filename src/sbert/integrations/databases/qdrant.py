"""Qdrant: a server, or a folder that its client looks after by itself."""

from __future__ import annotations

import json
import os
import uuid
from pathlib import Path
from typing import Any

from ...errors import DatabaseError
from .base import TIMEOUT, Description, client, require_name, similarity_of, translated
from .rows import Rows
from .target import Target

#: Of the ids, which Qdrant wants to be UUIDs: the same passage has the same one for ever.
NAMESPACE = uuid.UUID("1d0c7f0c-5b84-5a3e-9a55-0f6f9d1f7a10")
_DISTANCES = {"cosine": "COSINE", "dot": "DOT", "euclidean": "EUCLID"}
_KEY = "sbert"


class QdrantCollection:
    """A collection of Qdrant. The key of a server is the address's password, or ``QDRANT_API_KEY``.

    Each point's payload is flat: ``id``, ``passage``, ``document``, ``heading`` ..., and metadata by its names.

    Args:
        target: the database.
        name: of the collection.
    """

    def __init__(self, target: Target, name: str) -> None:
        self._target = target
        self._library = client("qdrant_client", target, "qdrant", "qdrant-client")
        from qdrant_client.http.exceptions import ApiException

        # Its local mode raises what Python raises.
        self._errors: tuple[type[Exception], ...] = (ApiException, ValueError, RuntimeError)
        self._name = require_name(name, r"[A-Za-z0-9_][A-Za-z0-9_.-]*", "letters, digits, '_', '-' and '.'")
        with translated(target, f"{target.shown} cannot be opened", *self._errors):
            self._client: Any
            if target.path:
                self._client = self._library.QdrantClient(path=str(Path(target.path).expanduser()))
            else:
                key = target.password or os.environ.get("QDRANT_API_KEY") or None
                self._client = self._library.QdrantClient(
                    url=target.address(6333), api_key=key, timeout=TIMEOUT, check_compatibility=False
                )
            self._client.get_collections()

    def describe(self) -> Description | None:  # noqa: D102  (as Collection says)
        with self._asking("described"):
            if not self._client.collection_exists(self._name):
                return None
            config = self._client.get_collection(self._name).config
        vectors = config.params.vectors
        if not hasattr(vectors, "size") or getattr(vectors, "multivector_config", None) is not None:
            raise DatabaseError(
                f"The collection {self._name!r} of {self._target.shown} has vectors with names, or several a point. "
                "Choose another name."
            )
        similarity = similarity_of(_DISTANCES, vectors.distance.name)
        written = (config.metadata or {}).get(_KEY)
        return Description(int(vectors.size), similarity, None if written is None else json.dumps(written))

    def create(self, dimension: int, similarity: str) -> None:  # noqa: D102
        models = self._library.models
        vectors = models.VectorParams(size=dimension, distance=models.Distance[_DISTANCES[similarity]])
        with self._asking("made"):
            self._client.create_collection(self._name, vectors_config=vectors)

    def drop(self) -> None:  # noqa: D102
        with self._asking("removed"):
            self._client.delete_collection(self._name)

    def upsert(self, rows: Rows) -> None:  # noqa: D102
        ids = [point_id(name) for name in rows.ids]
        batch = self._library.models.Batch(ids=ids, vectors=rows.vectors.tolist(), payloads=rows.payloads())
        with self._asking("written to"):
            self._client.upsert(self._name, points=batch, wait=True)

    def keep(self, record: str) -> None:  # noqa: D102
        with self._asking("given a note"):
            self._client.update_collection(self._name, metadata={_KEY: json.loads(record)})

    def count(self) -> int:  # noqa: D102
        with self._asking("counted"):
            return int(self._client.count(self._name, exact=True).count)

    def close(self) -> None:  # noqa: D102
        self._client.close()

    def _asking(self, done: str) -> Any:
        what = f"The collection {self._name!r} of {self._target.shown} cannot be {done}"
        return translated(self._target, what, *self._errors)


def point_id(passage: str) -> str:
    """The id of a passage's point."""
    return str(uuid.uuid5(NAMESPACE, passage))
