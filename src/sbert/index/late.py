"""What is other in an index of late interaction: a passage has a vector for each of its tokens, compared by MaxSim.

LanceDB compares such columns by itself: its distance is the number of the query's vectors less MaxSim, by the cosine.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import DimensionError, InputError
from ..late_interaction import MAXSIM, maxsim
from ..similarity import unit
from ..text.chunking import check_overlap, documents, plan_chunks
from ..types import FloatArray
from ..vectors import Rows, as_array

if TYPE_CHECKING:
    from ..models.multi_vector_encoder import MultiVectorEncoder

#: How far the length of a vector may be from one: a cosine is MaxSim's product where both are.
_TOLERANCE = 1e-2
#: Vectors of a passage that stand for a query, where none are given to measure with: as many as ColBERT's queries have.
_ASKED = 32


def chunked(
    model: MultiVectorEncoder, texts: Sequence[str], capacity: int | None, overlap: int | None, prompt: str
) -> Iterator[tuple[int, tuple[int, int]]]:
    """Where texts are cut for a model: the number of each text and the characters of a passage.

    Args:
        model: reads as many tokens of a document as it says.
        texts: documents.
        capacity: tokens of a passage at the most; None for all that is read.
        overlap: tokens that neighbours share; None for an eighth.
        prompt: that stands in front of each passage.

    Raises:
        InputError: the model reads no token beside the prompt, or the overlap is too large.
    """
    length = model.document_length or model.max_seq_length
    for number, document in enumerate(documents(model._tokenizer, texts, prompt)):
        room = len(document.ids) if length is None else length - len(document.before) - len(document.after)
        room = min(room, capacity or room)
        if length is not None and room < 1:
            raise InputError(f"The model reads {length} tokens of a document, which its prompt takes.")
        ranges = plan_chunks(len(document.ids), max(1, room), check_overlap(overlap, max(1, room)))
        for first, last in ranges.tolist():
            yield number, document.span(first, last)


def check_lengths(vectors: FloatArray, name: str) -> None:
    """Refuse vectors of tokens that are not of length one.

    Raises:
        InputError: one is not.
    """
    lengths = np.linalg.norm(vectors, axis=1)
    if len(lengths) and np.abs(lengths - 1).max() > _TOLERANCE:
        raise InputError(
            f"The model gives vectors of tokens of length {lengths.min():.2f} to {lengths.max():.2f} for {name!r}; an "
            "index compares those of length one. Put a Normalize of token_embeddings at the model's end."
        )


def sets_column(sets: Sequence[FloatArray | None], kind: Any) -> Any:
    """Vectors of passages as a column, pyarrow's; what is None is null.

    Args:
        sets: of each passage, (tokens, d).
        kind: the column's type.
    """
    import pyarrow as pa

    numbers = kind.value_type.value_type.to_pandas_dtype()
    width = kind.value_type.list_size
    starts = np.zeros(len(sets) + 1, np.int32)
    np.cumsum([0 if rows is None else len(rows) for rows in sets], out=starts[1:])
    given = [rows for rows in sets if rows is not None and len(rows)]
    flat = np.concatenate(given) if given else np.empty((0, width), np.float32)
    values = pa.FixedSizeListArray.from_arrays(pa.array(flat.astype(numbers, copy=False).ravel()), width)
    missing = pa.array([rows is None or not len(rows) for rows in sets])
    return pa.ListArray.from_arrays(pa.array(starts), values, type=kind, mask=missing)


def sets_of(column: Any) -> list[FloatArray | None]:
    """The vectors of passages in a column, (tokens, d) float32 each; None for null."""
    width = column.type.value_type.list_size
    flat = column.values.flatten().to_numpy(zero_copy_only=False).reshape(-1, width).astype(np.float32)
    starts = column.offsets.to_numpy().astype(np.int64)
    valid = column.is_valid().to_numpy(zero_copy_only=False)
    return [
        flat[first:last] if there else None for first, last, there in zip(starts[:-1], starts[1:], valid, strict=True)
    ]


def means(column: Any) -> FloatArray:
    """One vector for each passage, the mean of its own, (n, d) float32; zeros for null."""
    found = np.zeros((len(column), column.type.value_type.list_size), np.float32)
    for row, vectors in zip(found, sets_of(column), strict=True):
        if vectors is not None:
            row[:] = vectors.mean(axis=0)
    return found


def scores(query: FloatArray, column: Any) -> list[float]:
    """MaxSim of a query with each passage of a column without nulls."""
    found: list[float] = maxsim(query, [vectors for vectors in sets_of(column) if vectors is not None])[0].tolist()
    return found


def asked_of(sets: Sequence[FloatArray]) -> list[FloatArray]:
    """Queries to measure with: the first vectors of passages, in every other one moved towards another passage's."""
    found = []
    for place, vectors in enumerate(sets):
        query = vectors[:_ASKED]
        if place % 2:
            other = sets[place - 1][: len(query)]
            query = query.copy()
            query[: len(other)] = unit(query[: len(other)] + other)
        found.append(np.asarray(query, np.float32))
    return found


def query_rows(rows: Rows, dimension: int) -> FloatArray:
    """The vectors of a query that is at hand, (tokens, dimension) float32.

    Raises:
        DimensionError: they are of another width.
    """
    found: FloatArray = as_array(rows).astype(np.float32)
    if found.shape[1] != dimension or not len(found):
        raise DimensionError(f"embedding must be vectors of tokens of width {dimension}; got the shape {found.shape}.")
    return found


def is_late(similarity: str) -> bool:
    """Whether passages are compared by vectors of their tokens."""
    return similarity == MAXSIM
