"""The columns of an index: its own, and one for each name of the documents' metadata.

A row is a passage. Metadata has columns of its own, so that filters name it as it is named; a column is added when a
document first brings it, and keeps its type.
"""

from __future__ import annotations

import datetime
import json
import math
from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt

from ..errors import InputError
from ..types import FloatArray
from .documents import Document
from .identity import KEY, Identity
from .late import is_late

#: An index's own columns.
ID, DOCUMENT, PART, SOURCE, HASH, CONTENT = "id", "document", "part", "source", "hash", "content"
PASSAGE, START, STOP, HEADING, VECTOR = "passage", "start", "stop", "heading", "vector"
OWN = (ID, DOCUMENT, PART, SOURCE, HASH, CONTENT, PASSAGE, START, STOP, HEADING, VECTOR)
#: Those of them that filters are of use for; the others are for the index itself.
FILTERABLE = (DOCUMENT, SOURCE, PASSAGE, HEADING, PART)

_LARGEST = 2**63 - 1
_EXPONENT = np.uint16(0x7C00)


def make_schema(identity: Identity) -> Any:
    """The schema of a new index, as pyarrow's.

    ``id`` is the key by which Lance tells that two writers add the same passage at the same time.
    """
    import pyarrow as pa

    vector = pa.list_(pa.type_for_alias(identity.precision), identity.dimension)
    key = {"lance-schema:unenforced-primary-key": "true"}
    return pa.schema(
        [
            pa.field(ID, pa.string(), nullable=False, metadata=key),
            pa.field(DOCUMENT, pa.string(), nullable=False),
            pa.field(PART, pa.int32(), nullable=False),
            pa.field(SOURCE, pa.string(), nullable=False),
            pa.field(HASH, pa.string(), nullable=False),
            pa.field(CONTENT, pa.string(), nullable=False),
            pa.field(PASSAGE, pa.string(), nullable=False),
            pa.field(START, pa.int64(), nullable=False),
            pa.field(STOP, pa.int64(), nullable=False),
            pa.field(HEADING, pa.string()),
            # Null for a passage that has no direction: a blank one, or one of which the model knows no token.
            pa.field(VECTOR, pa.list_(vector) if is_late(identity.similarity) else vector),
        ],
        metadata={KEY: identity.to_json().encode()},
    )


def vector_column(rows: FloatArray, missing: npt.NDArray[np.bool_], kind: Any) -> Any:
    """Vectors as a column, pyarrow's.

    Args:
        rows: (n, d) finite numbers.
        missing: (n,) which of them are null.
        kind: the column's type.

    Raises:
        InputError: a number is too great for the type.
    """
    import pyarrow as pa

    numbers = kind.value_type.to_pandas_dtype()
    with np.errstate(over="ignore"):
        flat = rows.astype(numbers, copy=False).reshape(-1)
    # An exponent of ones is infinity; NumPy's own question takes many times as long in half precision.
    if numbers == np.float16 and ((flat.view(np.uint16) & _EXPONENT) == _EXPONENT).any():
        raise InputError("A vector holds a number too great for float16. Make the index with precision='float32'.")
    return pa.FixedSizeListArray.from_arrays(pa.array(flat), kind.list_size, mask=pa.array(missing))


def usable_name(name: str) -> str:
    """A column's name in a file as an index can have it: without dots, and not one of its own.

    >>> usable_name("address.city"), usable_name("Source")
    ('address_city', 'Source_')
    """
    clean = name.replace(".", "_").replace("`", "_").strip() or "column"
    return f"{clean}_" if clean.lower() in OWN else clean


def check_name(name: object, document: str) -> str:
    """A name of metadata, if it can be a column.

    Raises:
        InputError: it cannot.
    """
    if not isinstance(name, str) or not name.strip() or "." in name or "`" in name:
        raise InputError(
            f"Document {document!r}: metadata has the name {name!r}; a name is text, not empty, without '.' and '`'."
        )
    if name.lower() in OWN:
        raise InputError(
            f"Document {document!r}: metadata cannot be called {name!r}, which is a column of the index itself. "
            f"Its columns are {', '.join(OWN)}."
        )
    return name


def simple(value: object) -> object:
    """A value of metadata as one that a column can hold: text, whole number, number, truth value or None."""
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, (datetime.date, datetime.time)):
        return value.isoformat()
    try:
        return json.dumps(value, ensure_ascii=False, default=str)
    except (TypeError, ValueError):
        return str(value)


def metadata_rows(documents: Iterable[Document]) -> list[dict[str, object]]:
    """The metadata of some documents, checked, with values that columns can hold.

    Raises:
        InputError: a name cannot be a column's, or a number is too great.
    """
    rows = []
    for document in documents:
        row = {check_name(name, document.id): simple(value) for name, value in document.metadata.items()}
        for name, value in row.items():
            if isinstance(value, int) and not isinstance(value, bool) and abs(value) > _LARGEST:
                raise InputError(f"Document {document.id!r}: metadata {name!r} is {value}, more than 64 bits hold.")
        rows.append(row)
    return rows


def new_fields(rows: list[dict[str, object]], names: list[str], known: Any) -> list[Any]:
    """The columns that some documents bring and a table does not have yet, as pyarrow's fields.

    Args:
        rows: their metadata.
        names: of the documents, for messages.
        known: the table's schema.

    Raises:
        InputError: values of one name are of kinds that no column holds together, or not what its column holds.
    """
    import pyarrow as pa

    kinds: dict[str, Any] = {}
    for row, document in zip(rows, names, strict=True):
        for name, value in row.items():
            if value is None:
                continue
            kind = _kind(pa, value)
            have = known.field(name).type if name in known.names else kinds.get(name)
            if have is None or (name not in known.names and {kind, have} == {pa.int64(), pa.float64()}):
                # Whole numbers and others that come together make a column of numbers.
                kinds[name] = kind if have is None else pa.float64()
            elif kind != have and not (kind == pa.int64() and have == pa.float64()):
                raise InputError(
                    f"Document {document!r}: metadata {name!r} is {_WORDS[str(kind)]}, {value!r}; this column holds "
                    f"{in_words(have)}. Give all documents values of one kind, or use another name."
                )
    return [pa.field(name, kind) for name, kind in kinds.items()]


def as_kind(value: object, kind: Any) -> object:
    """A value in the type of its column: whole numbers in a column of numbers become those."""
    if isinstance(value, int) and not isinstance(value, bool) and str(kind) == "double":
        return float(value)
    return None if isinstance(value, float) and math.isnan(value) else value


def metadata_columns(schema: Any) -> dict[str, str]:
    """The columns of metadata with what they hold, in words."""
    return {field.name: in_words(field.type) for field in schema if field.name not in OWN}


def in_words(kind: Any) -> str:
    """What a column of metadata holds."""
    return _WORDS.get(str(kind), str(kind))


def _kind(pa: Any, value: object) -> Any:
    if isinstance(value, bool):
        return pa.bool_()
    if isinstance(value, int):
        return pa.int64()
    return pa.float64() if isinstance(value, float) else pa.string()


_WORDS = {"bool": "a truth value", "int64": "a whole number", "double": "a number", "string": "text"}
