"""What an exported table says of itself, in the metadata of its schema, beside whose vectors it holds."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from ...errors import DataError
from ...similarity import norms
from ...types import FloatArray
from ..identity import KEY, Identity

#: Where the schema keeps it; :data:`~sbert.index.identity.KEY` has the model.
EXPORTED = b"sbert.export"
#: How far a length may be from one where vectors are said to be normalised: half precision is off by less.
TOLERANCE = 1e-2


@dataclass(frozen=True)
class Facts:
    """An exported table.

    Attributes:
        version: of the index, that was exported.
        normalized: whether its vectors have length one.
        where: the condition that its rows meet; None for all.
    """

    version: int
    normalized: bool
    where: str | None

    @classmethod
    def read(cls, metadata: Mapping[bytes, bytes]) -> Facts | None:
        """What a schema says; None for a table of others, or the table of an index itself."""
        written = metadata.get(EXPORTED)
        return None if written is None else cls(**json.loads(written))

    def metadata(self, identity: Identity) -> dict[bytes, bytes]:
        """As a schema keeps it, beside whose vectors these are."""
        return {KEY: identity.to_json().encode(), EXPORTED: json.dumps(asdict(self), sort_keys=True).encode()}


def has_unit_length(vectors: FloatArray) -> bool:
    """Whether all vectors, (n, d), have length one."""
    return bool(len(vectors)) and bool((np.abs(norms(vectors) - 1) <= TOLERANCE).all())


def require_facts(metadata: Mapping[bytes, bytes] | None, source: object) -> tuple[Identity, Facts]:
    """Whose vectors an exported table holds, and what it says of itself.

    Raises:
        DataError: it does not say, or what it says cannot be read.
        StoredIndexError: a newer version of sbert wrote it.
    """
    found: Mapping[Any, Any] = metadata or {}
    try:
        facts = Facts.read(found)
        identity = Identity.read(found, source)
    except (ValueError, TypeError) as error:
        raise DataError(f"{source} says in its schema what cannot be read: {error}.") from error
    return identity, facts or Facts(0, False, None)
