"""An index written as one table, for other programs and other machines: whole or not at all."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from ...data.files import atomic_write, check_folder_of
from ...errors import DataError
from ..identity import Identity
from ..lance import lancedb, plain
from ..late import is_late
from ..schema import VECTOR
from .facts import Facts
from .stream import Stream, batch_rows
from .tables import LANCE, PARQUET, form_of, is_dataset


def export(
    stream: Stream,
    identity: Identity,
    path: Path,
    where: str | None,
    normalized: bool,
    *,
    overwrite: bool,
    progress: Callable[[int, int], None] | None = None,
) -> int:
    """Write the rows of an index to a table.

    Args:
        stream: the rows.
        identity: of the index.
        path: of the table, which ends in ``.parquet`` or ``.lance``.
        where: condition in SQL; all rows without one.
        normalized: whether vectors have length one, for the table to say.
        overwrite: whether a table that is there is replaced.
        progress: told of rows and of characters.

    Returns:
        Rows that were written.

    Raises:
        DataError: the name tells no form; something is there; it cannot be written.
        InputError: something is wrong with the condition.
    """
    form = form_of(path)
    check_folder_of(path)
    _require_free(path, form, overwrite)
    facts = Facts(stream.version, normalized, where)
    schema = stream.schema.with_metadata(facts.metadata(identity))
    rows = _counted(stream.batches(batch_rows(identity), where=where), progress)
    total = stream.count(where)  # a condition with a fault is told before a file is begun
    if form == PARQUET:
        _write_parquet(path, schema, rows, late=is_late(identity.similarity))
    else:
        _write_lance(path, schema, rows)
    return total


def _require_free(path: Path, form: str, overwrite: bool) -> None:
    if not path.exists():
        return
    if not overwrite:
        raise DataError(f"{path} is there already. Choose another name, or pass overwrite=True (--overwrite).")
    if path.is_dir() != (form == LANCE) or (form == LANCE and not is_dataset(path)):
        raise DataError(f"{path} is no table that was exported, so it is not replaced. Choose another name.")


def _counted(batches: Iterator[Any], progress: Callable[[int, int], None] | None) -> Iterator[Any]:
    for batch in batches:
        yield batch
        if progress is not None:
            progress(batch.num_rows, 0)


def _write_parquet(path: Path, schema: Any, batches: Iterator[Any], *, late: bool) -> None:
    import pyarrow.parquet as pq

    with atomic_write(path) as file:
        # Vectors are noise to compression and to dictionaries; all else shrinks well.
        leaf = f"{VECTOR}.list.element" + (".list.element" if late else "")
        names = [name for name in schema.names if name != VECTOR]
        writer = pq.ParquetWriter(
            file,
            schema,
            compression=dict.fromkeys(names, "zstd") | {leaf: "none"},
            use_dictionary=names,
            write_statistics=names,
        )
        with writer:
            for batch in batches:
                writer.write_batch(batch.cast(schema))


def _write_lance(path: Path, schema: Any, batches: Iterator[Any]) -> None:
    import pyarrow as pa

    # In a folder of its own, whose name begins with a dot, and moved into place: LanceDB leaves half a dataset
    # where it is killed.
    scratch = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    shutil.rmtree(scratch, ignore_errors=True)
    try:
        reader = pa.RecordBatchReader.from_batches(schema, (batch.cast(schema) for batch in batches))
        lancedb().connect(str(scratch)).create_table("table", data=reader, schema=schema, on_bad_vectors="null")
        if path.exists():
            path.rename(scratch / "old")
        (scratch / f"table{LANCE}").rename(path)
    except (OSError, ValueError, RuntimeError) as error:
        raise DataError(f"{path} cannot be written: {plain(error)}") from error
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
