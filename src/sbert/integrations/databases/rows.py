"""Passages as databases take them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...index.contents import matrix
from ...index.schema import DOCUMENT, HEADING, ID, OWN, PART, PASSAGE, SOURCE, START, STOP, VECTOR
from ...types import FloatArray

#: What every passage has beside its id, its vector and its text, as databases call it too.
FACTS = (DOCUMENT, PART, SOURCE, START, STOP, HEADING)


@dataclass(frozen=True)
class Rows:
    """Some passages.

    Attributes:
        ids: names of the passages, which stay the same from upload to upload.
        vectors: (n, d) float32.
        passages: their texts.
        facts: ``document``, ``part``, ``source``, ``start``, ``stop`` and ``heading`` of each.
        metadata: of its document, without what is null.
    """

    ids: Sequence[str]
    vectors: FloatArray
    passages: Sequence[str]
    facts: Sequence[Mapping[str, Any]]
    metadata: Sequence[Mapping[str, Any]]

    def __len__(self) -> int:
        return len(self.ids)

    def payloads(self) -> list[dict[str, Any]]:
        """All but vectors, a flat dict a passage: names of metadata never are those of facts."""
        return [
            {ID: name, PASSAGE: passage} | {key: value for key, value in facts.items() if value is not None} | {**more}
            for name, passage, facts, more in zip(self.ids, self.passages, self.facts, self.metadata, strict=True)
        ]


def rows_of(batch: Any) -> Rows:
    """The passages of a batch of an index, pyarrow's, without those that have no vector."""
    batch = batch.filter(batch[VECTOR].is_valid())
    table = {name: batch[name].to_pylist() for name in batch.schema.names if name != VECTOR}
    more = [name for name in table if name not in OWN]
    count = batch.num_rows
    return Rows(
        table[ID],
        np.ascontiguousarray(matrix(batch[VECTOR])),
        table[PASSAGE],
        [{name: table[name][row] for name in FACTS} for row in range(count)],
        [{name: table[name][row] for name in more if table[name][row] is not None} for row in range(count)],
    )
