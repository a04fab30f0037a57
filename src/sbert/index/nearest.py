"""The nearest of all vectors of a table, by comparing all: what an approximate index is measured by."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from ..similarity import SimilarityFunction
from ..types import FloatArray
from .contents import matrix
from .schema import ID, VECTOR


def nearest(table: Any, queries: FloatArray, similarity: str, count: int) -> list[set[str]]:
    """The passages whose vectors are most like each query, found in one reading of the table.

    Asking LanceDB for each query by itself would read all of it each time.

    Args:
        table: LanceDB's.
        queries: (q, d).
        similarity: ``cosine``, ``dot`` or ``euclidean``.
        count: passages for each query.

    Returns:
        For each query their ids; fewer where there are fewer.
    """
    scored = SimilarityFunction.to_similarity_fn(similarity)
    best = np.empty((len(queries), 0), np.float32)
    names = np.empty((len(queries), 0), object)
    for batch in table.search().where(f"{VECTOR} IS NOT NULL").select([ID, VECTOR]).to_batches():
        scores = np.asarray(scored(queries, matrix(batch[VECTOR])), np.float32)
        ids = np.array(batch[ID].to_pylist(), object)
        kept = _greatest(scores, count)
        best = np.concatenate([best, np.take_along_axis(scores, kept, axis=1)], axis=1)
        names = np.concatenate([names, ids[kept]], axis=1)
        kept = _greatest(best, count)
        best, names = np.take_along_axis(best, kept, axis=1), np.take_along_axis(names, kept, axis=1)
    return [set(found) for found in names.tolist()]


def _greatest(scores: FloatArray, count: int) -> npt.NDArray[np.int64]:
    """The columns of each row's greatest scores, in no order: all where there are no more."""
    if scores.shape[1] <= count:
        return np.broadcast_to(np.arange(scores.shape[1]), scores.shape)
    return np.argpartition(-scores, count, axis=1)[:, :count]
