"""What a search of an index finds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True)
class Hit:
    """A passage that was found.

    Attributes:
        id: the passage's name: the document's, ``#``, and its number in it.
        document: the document's name; of a file its path, from the name of the folder on.
        passage: its text.
        span: the first of its characters in the document's text, and one past the last.
        heading: the headings that it stands below, joined by `` > ``; of a PDF, its page. None for none.
        score: how well it answers; more is better, and what it means depends on the search.
        scores: what the score was made of: ``dense`` (similarity of vectors), ``text`` (BM25), ``rerank``.
        metadata: of the document.
    """

    id: str
    document: str
    passage: str
    span: tuple[int, int]
    heading: str | None
    score: float
    scores: Mapping[str, float] = field(default_factory=dict)
    metadata: Mapping[str, Any] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """As plain values, for JSON."""
        return asdict(self)
