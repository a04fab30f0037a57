"""OpenSearch: an index with a field of the type ``knn_vector``."""

from __future__ import annotations

import hashlib
import json
import os
from typing import Any

from ...errors import DatabaseError
from ...index.schema import DOCUMENT, HEADING, ID, PART, PASSAGE, SOURCE, START, STOP, VECTOR
from .base import TIMEOUT, Description, client, require_name, similarity_of, translated
from .rows import Rows
from .target import Target

_SPACES = {"cosine": "cosinesimil", "dot": "innerproduct", "euclidean": "l2"}
_KEY = "sbert"
#: Bytes of an id at the most; longer names stand for themselves in ``id`` alone, and by their hash in ``_id``.
_LONGEST = 512
#: Times that a document is sent again where the server is busy.
_RETRIES = 5


class OpenSearchIndex:
    """An index of OpenSearch. The password is the address's, or ``OPENSEARCH_PASSWORD``.

    Documents are flat: ``vector``, ``passage`` (text), ``id``, ``document``, ``heading`` ... (keywords), and metadata
    by its names.

    Args:
        target: the database.
        name: of the index.
    """

    def __init__(self, target: Target, name: str) -> None:
        self._target = target
        self._library = client("opensearchpy", target, "opensearch", "opensearch-py")
        rule = "lower-case letters, digits, '_', '-' and '.', beginning with a letter or a digit"
        self._name = require_name(name, r"[a-z0-9][a-z0-9_.-]*", rule)
        password = target.password or os.environ.get("OPENSEARCH_PASSWORD", "")
        with translated(target, f"{target.shown} cannot be opened", self._library.OpenSearchException, ValueError):
            self._client: Any = self._library.OpenSearch(
                target.address(9200),
                http_auth=(target.user, password) if target.user else None,
                timeout=TIMEOUT,
                max_retries=_RETRIES,
                retry_on_timeout=True,
            )
            self._client.info()

    def describe(self) -> Description | None:  # noqa: D102  (as Collection says)
        with self._asking("described"):
            if not self._client.indices.exists(index=self._name):
                return None
            (found,) = self._client.indices.get_mapping(index=self._name).values()
        mapping = found.get("mappings", {})
        field = mapping.get("properties", {}).get(VECTOR, {})
        if field.get("type") != "knn_vector" or "dimension" not in field:
            raise DatabaseError(
                f"The index {self._name} of {self._target.shown} has no field {VECTOR!r} of the type knn_vector: it "
                "was not made for passages. Choose another name."
            )
        space = field.get("method", {}).get("space_type") or field.get("space_type") or "l2"  # its own default
        similarity = similarity_of(_SPACES, space)
        written = mapping.get("_meta", {}).get(_KEY)
        return Description(int(field["dimension"]), similarity, None if written is None else json.dumps(written))

    def create(self, dimension: int, similarity: str) -> None:  # noqa: D102
        method = {"name": "hnsw", "engine": "lucene", "space_type": _SPACES[similarity]}
        keywords: dict[str, dict[str, Any]] = {name: {"type": "keyword"} for name in (ID, DOCUMENT, SOURCE, HEADING)}
        # What is longer than a keyword may be is kept, and not searched.
        keywords[HEADING] |= {"ignore_above": 8191}
        numbers = {PART: {"type": "integer"}, START: {"type": "long"}, STOP: {"type": "long"}}
        properties = {
            VECTOR: {"type": "knn_vector", "dimension": dimension, "method": method},
            PASSAGE: {"type": "text"},
            **keywords,
            **numbers,
        }
        # Texts of metadata stay texts: one that looks like a date would make a column of dates, which takes no others.
        mappings = {"date_detection": False, "properties": properties}
        body = {"settings": {"index": {"knn": True}}, "mappings": mappings}
        with self._asking("made"):
            self._client.indices.create(index=self._name, body=body)

    def drop(self) -> None:  # noqa: D102
        with self._asking("removed"):
            self._client.indices.delete(index=self._name)

    def upsert(self, rows: Rows) -> None:  # noqa: D102
        helpers = client("opensearchpy.helpers", self._target, "opensearch", "opensearch-py")
        actions = (
            {"_op_type": "index", "_id": document_id(name), **row, VECTOR: vector}
            for name, row, vector in zip(rows.ids, rows.payloads(), rows.vectors.tolist(), strict=True)
        )
        with self._asking("written to"):
            # Every document has its own answer; the first that was refused is told.
            done = helpers.streaming_bulk(
                self._client,
                actions,
                index=self._name,
                max_retries=_RETRIES,
                initial_backoff=1,
                raise_on_error=False,
                raise_on_exception=True,
            )
            for right, answer in done:
                if not right:
                    raise DatabaseError(self._target.hidden(self._refused(answer)))

    def _refused(self, answer: dict[str, Any]) -> str:
        facts = next(iter(answer.values()))
        error = facts.get("error", {})
        cause = error.get("caused_by", {}).get("reason", "") if isinstance(error, dict) else ""
        reason = f"{error.get('reason', error)} {cause}".strip() if isinstance(error, dict) else str(error)
        return f"{self._target.shown} refused the passage {facts.get('_id')!r}: {reason[:300]}"

    def keep(self, record: str) -> None:  # noqa: D102
        with self._asking("given a note"):
            (found,) = self._client.indices.get_mapping(index=self._name).values()
            others = found.get("mappings", {}).get("_meta", {})  # they would be replaced with it
            body = {"_meta": {**others, _KEY: json.loads(record)}}
            self._client.indices.put_mapping(index=self._name, body=body)

    def count(self) -> int:  # noqa: D102
        with self._asking("counted"):
            self._client.indices.refresh(index=self._name)
            return int(self._client.count(index=self._name)["count"])

    def close(self) -> None:  # noqa: D102
        self._client.close()

    def _asking(self, done: str) -> Any:
        what = f"The index {self._name} of {self._target.shown} cannot be {done}"
        return translated(self._target, what, self._library.OpenSearchException, ValueError)


def document_id(passage: str) -> str:
    """The ``_id`` of a passage's document."""
    name = passage.encode()
    return passage if len(name) <= _LONGEST else f"sha256-{hashlib.sha256(name).hexdigest()}"
