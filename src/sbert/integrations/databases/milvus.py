"""Milvus: a server, or a file of milvus-lite."""

from __future__ import annotations

import logging
import os
from importlib import import_module
from pathlib import Path
from typing import Any

from ...errors import DatabaseError, InputError
from ...index.schema import DOCUMENT, ID, PASSAGE, VECTOR
from .base import TIMEOUT, Description, client, require_name, similarity_of, translated
from .rows import Rows
from .target import Target

_METRICS = {"cosine": "COSINE", "dot": "IP", "euclidean": "L2"}
_KEY = "sbert"
#: Bytes of a text at the most: Milvus has no longer ones.
_LONGEST = 65_535
#: What a file that cannot be opened most often is.
_WHY = " (one process at a time may have it open)"
#: And of a name.
_LONGEST_NAME = 1_024


class MilvusCollection:
    """A collection of Milvus. The password of a server is the address's, or the token ``MILVUS_TOKEN``.

    Its fields are ``id``, ``vector``, ``passage`` and ``document``; all else is dynamic, by its name.

    Args:
        target: the database.
        name: of the collection.
    """

    def __init__(self, target: Target, name: str) -> None:
        self._target = target
        self._library = client("pymilvus", target, "milvus", "pymilvus")
        if target.path:
            client("milvus_lite", target, "milvus", "milvus-lite")
        # What it logs it raises too, with a traceback that is for its developers.
        for logger in ("pymilvus", "milvus_lite"):
            logging.getLogger(logger).setLevel(logging.CRITICAL)
        self._name = require_name(name, r"[A-Za-z_][A-Za-z0-9_]*", "letters, digits and '_'")
        self._errors: tuple[type[Exception], ...] = (self._library.MilvusException, ValueError, RuntimeError)
        with translated(target, f"{target.shown} cannot be opened{_WHY if target.path else ''}", *self._errors):
            place = str(Path(target.path).expanduser()) if target.path else target.address(19530)
            if target.path and not place.endswith(".db"):
                raise InputError(f"{target.shown}: the file of milvus-lite must end in .db.")
            options = {"user": target.user, "password": target.password} if target.user else {}
            if not target.path and not options and (token := target.password or os.environ.get("MILVUS_TOKEN")):
                options = {"token": token}
            self._file = place if target.path and _is_free(place) else None
            self._client: Any = self._library.MilvusClient(place, timeout=TIMEOUT, **options)

    def describe(self) -> Description | None:  # noqa: D102  (as Collection says)
        with self._asking("described"):
            if not self._client.has_collection(self._name):
                return None
            facts = self._client.describe_collection(self._name)
            fields = {field["name"]: field for field in facts["fields"]}
            missing = [name for name in (ID, VECTOR, PASSAGE, DOCUMENT) if name not in fields]
            if missing or not facts.get("enable_dynamic_field"):
                what = f"no field {missing[0]!r}" if missing else "no dynamic fields"
                raise DatabaseError(
                    f"The collection {self._name!r} of {self._target.shown} has {what}: it was not made for passages. "
                    "Choose another name."
                )
            index = self._client.describe_index(self._name, VECTOR)
            self._client.load_collection(self._name)  # a file that was closed does not answer before
        similarity = similarity_of(_METRICS, index["metric_type"])
        properties = dict(facts.get("properties") or {})
        return Description(int(fields[VECTOR]["params"]["dim"]), similarity, properties.get(_KEY))

    def create(self, dimension: int, similarity: str) -> None:  # noqa: D102
        kinds = self._library.DataType
        with self._asking("made"):
            schema = self._client.create_schema(auto_id=False, enable_dynamic_field=True)
            schema.add_field(ID, kinds.VARCHAR, is_primary=True, max_length=_LONGEST_NAME)
            schema.add_field(VECTOR, kinds.FLOAT_VECTOR, dim=dimension)
            schema.add_field(PASSAGE, kinds.VARCHAR, max_length=_LONGEST)
            schema.add_field(DOCUMENT, kinds.VARCHAR, max_length=_LONGEST_NAME)
            index = self._client.prepare_index_params()
            # A file compares all vectors; what a server does is its own choice.
            kind = "FLAT" if self._target.path else "AUTOINDEX"
            index.add_index(VECTOR, index_type=kind, metric_type=_METRICS[similarity])
            # Strong: what was written is seen by the next question.
            self._client.create_collection(self._name, schema=schema, index_params=index, consistency_level="Strong")

    def drop(self) -> None:  # noqa: D102
        with self._asking("removed"):
            self._client.drop_collection(self._name)

    def upsert(self, rows: Rows) -> None:  # noqa: D102
        for name, passage in zip(rows.ids, rows.passages, strict=True):
            _require_short(name, "name", name, _LONGEST_NAME)
            _require_short(name, "text", passage, _LONGEST)
        payloads = rows.payloads()
        data = [row | {VECTOR: vector} for row, vector in zip(payloads, rows.vectors, strict=True)]
        with self._asking("written to"):
            self._client.upsert(self._name, data)

    def keep(self, record: str) -> None:  # noqa: D102
        with self._asking("given a note"):
            self._client.alter_collection_properties(self._name, properties={_KEY: record})

    def count(self) -> int:  # noqa: D102
        with self._asking("counted"):
            found = self._client.query(self._name, filter="", output_fields=["count(*)"])
            return int(found[0]["count(*)"])

    def close(self) -> None:  # noqa: D102
        self._client.close()
        if self._file is not None:
            # The file stays locked for other processes until its server ends, which a client does not see to.
            _servers().release_server(self._file)

    def _asking(self, done: str) -> Any:
        what = f"The collection {self._name!r} of {self._target.shown} cannot be {done}"
        return translated(self._target, what, *self._errors)


def _servers() -> Any:
    """What looks after the servers of milvus-lite in this process."""
    return import_module("milvus_lite.server_manager").server_manager_instance


def _is_free(file: str) -> bool:
    """Whether nobody else in this process has a file open, as far as can be told."""
    servers = getattr(_servers(), "_servers", None)
    return servers is not None and os.path.abspath(file) not in servers  # noqa: PTH100  (as milvus-lite does)


def _require_short(name: str, what: str, text: str, longest: int) -> None:
    size = len(text.encode())
    if size > longest:
        raise InputError(
            f"The passage {name[:80]!r} has a {what} of {size:,} bytes; Milvus holds {longest:,} at the most. "
            "Leave it out with where, or cut documents into shorter passages (chunk_tokens)."
        )
