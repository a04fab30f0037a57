"""What there is to tell about an index."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from .ann import Approximation


@dataclass(frozen=True)
class Version:
    """A state of an index that it can be brought back to.

    Attributes:
        number: counts up with every commit.
        time: of the commit.
        passages: that it has.
    """

    number: int
    time: datetime
    passages: int


@dataclass(frozen=True)
class Info:
    """What an index holds and how it is searched.

    Attributes:
        path: its folder.
        version: the newest.
        documents: that it has.
        passages: that it has.
        model: whose vectors it holds, by name.
        backend: engine of that model.
        dtype: that it computes in.
        fingerprint: of that model.
        dimension: of the vectors.
        similarity: ``cosine``, ``dot`` or ``euclidean``.
        chunk_tokens: tokens of a passage at the most; None for all that the model reads.
        language: of text search.
        precision: in which vectors are kept.
        sources: files and folders that documents came from.
        metadata: columns to filter by, with what they hold.
        approximation: the approximate index and its measured recall; None while every vector is compared.
        bytes: on disk, older versions included.
    """

    path: str
    version: int
    documents: int
    passages: int
    model: str
    backend: str
    dtype: str
    fingerprint: str
    dimension: int
    similarity: str
    chunk_tokens: int | None
    language: str
    precision: str
    sources: tuple[str, ...]
    metadata: Mapping[str, str]
    approximation: Approximation | None
    bytes: int

    def to_dict(self) -> dict[str, Any]:
        """As plain values, for JSON."""
        return asdict(self)
