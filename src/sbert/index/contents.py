"""What an index holds, read out of it: for maps, for other programs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ..types import FloatArray
from .formats.images import is_image
from .lance import translated_filter
from .late import means
from .schema import DOCUMENT, ID, PASSAGE, SOURCE, VECTOR
from .store import Store


@dataclass(frozen=True, repr=False)
class Contents:
    """Passages of an index with their vectors, row by row.

    Attributes:
        ids: names of the passages.
        documents: names of their documents.
        sources: the file or folder that each document comes from; empty for documents that were added by themselves.
        passages: their texts.
        vectors: (n, d) float32; zeros for a passage that has no direction. Of late interaction, the mean of the vectors
            of its tokens.
    """

    ids: Sequence[str]
    documents: Sequence[str]
    sources: Sequence[str]
    passages: Sequence[str]
    vectors: FloatArray

    def images(self) -> list[Path | None]:
        """The image files that documents are of, where they are still there."""
        return [_image(source, document) for source, document in zip(self.sources, self.documents, strict=True)]

    def __len__(self) -> int:
        return len(self.ids)

    def __repr__(self) -> str:
        return f"Contents({len(self):,} passages, vectors {self.vectors.shape})"


def _image(source: str, document: str) -> Path | None:
    if not source or not is_image(document):
        return None
    # A document is called after its file, from the name of its source on.
    path = Path(source).parent / document
    return path if path.is_file() else None


def read(store: Store, where: str | None, limit: int | None) -> Contents:
    """Passages of an index, in the order in which they are stored.

    Args:
        store: its table.
        where: condition in SQL; all passages without one.
        limit: at the most; of more, so many are taken at even distances.

    Raises:
        InputError: something is wrong with the condition.
    """
    columns = [ID, DOCUMENT, SOURCE, PASSAGE, VECTOR]
    with translated_filter(where, store.columns):
        search = store.table.search()
        search = search if where is None else search.where(where)
        if limit is None or store.table.count_rows(where) <= limit:
            rows = search.select(columns).to_arrow()
        else:
            numbers = search.with_row_id(True).select([]).to_arrow()["_rowid"].to_numpy()
            chosen = np.linspace(0, len(numbers) - 1, limit).astype(int)
            rows = store.table.take_row_ids(numbers[chosen].tolist()).select(columns).to_arrow()
    ids, documents, sources, passages = (rows[name].to_pylist() for name in columns[:-1])
    return Contents(ids, documents, sources, passages, matrix(rows[VECTOR].combine_chunks()))


def matrix(column: Any) -> FloatArray:
    """A column of vectors as (n, d) float32, the mean where a passage has several; what is null is zeros."""
    if not hasattr(column.type, "list_size"):
        return means(column)
    width = column.type.list_size
    # What a null hides is not defined, so it is written over.
    flat = column.values.to_numpy(zero_copy_only=False)[column.offset * width :][: len(column) * width]
    vectors: FloatArray = flat.reshape(len(column), width).astype(np.float32)
    vectors[column.is_null().to_numpy(zero_copy_only=False)] = 0
    return vectors
