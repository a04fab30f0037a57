"""Documents of one passage each, whose vectors were made before, as columns of an index."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ..types import FloatArray
from .documents import content_hash, whole_hash
from .passages import has_direction
from .schema import (
    CONTENT,
    DOCUMENT,
    HASH,
    HEADING,
    ID,
    PART,
    PASSAGE,
    SOURCE,
    START,
    STOP,
    VECTOR,
    vector_column,
)
from .store import passage_id


def whole_columns(
    names: Sequence[str],
    source: str,
    texts: Sequence[str],
    metadata: Sequence[Mapping[str, Any]],
    vectors: FloatArray,
    lengths: FloatArray,
    *,
    similarity: str,
    kind: Any,
) -> dict[str, Any]:
    """An index's own columns, pyarrow's arrays by name.

    Args:
        names: of n documents.
        source: where all of them come from.
        texts: their n texts.
        metadata: of each, as documents have it; it goes into their hashes alone.
        vectors: (n, d) finite numbers.
        lengths: (n,) of the vectors.
        similarity: by which the index compares.
        kind: type of its column of vectors, pyarrow's.

    Raises:
        InputError: a number is too great for the type.
    """
    import pyarrow as pa

    cosine, count = similarity == "cosine", len(texts)
    lost = [not has_direction(text, length, cosine) for text, length in zip(texts, lengths.tolist(), strict=True)]
    contents = [content_hash(text, whole=True) for text in texts]
    return {
        ID: pa.array([passage_id(name, 0) for name in names]),
        DOCUMENT: pa.array(names),
        PART: pa.array(np.zeros(count, np.int32)),
        SOURCE: pa.array([source] * count),
        HASH: pa.array([whole_hash(content, facts) for content, facts in zip(contents, metadata, strict=True)]),
        CONTENT: pa.array(contents),
        PASSAGE: pa.array(texts, pa.string()),
        START: pa.array(np.zeros(count, np.int64)),
        STOP: pa.array([len(text) for text in texts], pa.int64()),
        HEADING: pa.nulls(count, pa.string()),
        VECTOR: vector_column(vectors, np.array(lost, np.bool_), kind),
    }
