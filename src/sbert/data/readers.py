"""Reading texts from files: plain lines, JSON lines, CSV, TSV and Parquet, each also compressed."""

from __future__ import annotations

import csv
import io
import json
import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from typing import IO, Any, TypeAlias

from ..errors import DataError, InputError, MissingDependencyError, one_of
from .columns import named_column, text_column
from .files import STDIN, decoded_lines, format_of, open_bytes

#: A row and where it is: its line, or its number for Parquet.
_Row: TypeAlias = tuple[int, dict[str, Any]]

#: What the only column of plain lines is called.
LINES_COLUMN = "text"

#: Rows that are looked at to tell which columns hold text.
_SAMPLE = 100
_LONGEST_FIELD = 1 << 30


@dataclass(frozen=True, repr=False)
class Texts:
    """Texts and where they came from.

    Attributes:
        texts: the texts, in the file's order.
        source: the file as it was named, or ``standard input``.
        path: the file; None for standard input.
        column: the column that was read; None for plain lines.
    """

    texts: list[str]
    source: str
    path: Path | None
    column: str | None = None

    def __len__(self) -> int:
        return len(self.texts)

    def __repr__(self) -> str:
        column = f", column {self.column!r}" if self.column else ""
        return f"Texts({len(self.texts):,} from {self.source}{column})"


@dataclass(frozen=True, repr=False)
class Rows:
    """The rows of a table and where they came from.

    Attributes:
        rows: one dict a row, of column to value. CSV and TSV values are strings.
        columns: all columns, in the order in which they first appear.
        source: the file as it was named, or ``standard input``.
    """

    rows: list[dict[str, Any]]
    columns: list[str]
    source: str

    def __len__(self) -> int:
        return len(self.rows)

    def __repr__(self) -> str:
        return f"Rows({len(self.rows):,} from {self.source}, columns {', '.join(self.columns)})"


def read_texts(
    path: str | os.PathLike[str], *, column: str | None = None, limit: int | None = None, form: str | None = None
) -> Texts:
    """Read texts from a file.

    The suffix tells the form: ``.txt`` or none is a text a line, where an empty line is an empty text; ``.jsonl``,
    ``.csv`` and ``.tsv`` (with a header; the fields of TSV have no quotes) and ``.parquet`` have columns. ``.gz`` or
    ``.xz`` may follow. Files are UTF-8.

    Args:
        path: the file, or ``-`` for standard input.
        column: the column that holds the texts. By default the only column of texts, or one with a usual name such as
            ``text``, ``sentence``, ``content``, ``body`` or ``title``.
        limit: read only that many.
        form: ``lines``, ``jsonl``, ``csv``, ``tsv`` or ``parquet``, where the name does not tell.

    Raises:
        DataError: the file is not there, damaged, empty or not what its name says; it has no such column; a value is
            not text. File and line are named.
        MissingDependencyError: Parquet is read with pyarrow, which is an extra.
    """
    source, file_path, form = _identify(path, form)
    _check_limit(limit)
    if form == "lines" and column is not None:
        raise DataError(f"{source} is read as plain lines, which have no column {column!r}.")
    with open_bytes(file_path) as file:
        rows = iter(_READERS[form](file, source, True))
        sample = list(islice(rows, _SAMPLE))
        if not sample:
            raise DataError(f"{source} is empty: it holds no text.")
        # Plain lines are texts whatever is in them; of a table, a column of numbers is not what is looked for.
        chosen = LINES_COLUMN if form == "lines" else _choose(sample, column, source)
        texts = [_text(row, chosen, source, form) for row in islice(chain(sample, rows), limit)]
    return Texts(texts, source, file_path, None if form == "lines" else chosen)


def read_rows(path: str | os.PathLike[str], *, limit: int | None = None, form: str | None = None) -> Rows:
    """Read all columns of a file, in the forms that :func:`read_texts` knows; plain lines have one column, ``text``.

    Args:
        path: the file, or ``-`` for standard input.
        limit: read only that many rows.
        form: ``lines``, ``jsonl``, ``csv``, ``tsv`` or ``parquet``, where the name does not tell.

    Raises:
        DataError: the file is not there, damaged, empty or not what its name says. File and line are named.
        MissingDependencyError: Parquet is read with pyarrow, which is an extra.
    """
    source, file_path, form = _identify(path, form)
    _check_limit(limit)
    with open_bytes(file_path) as file:
        rows = [row for _, row in islice(_READERS[form](file, source, False), limit)]
    if not rows:
        raise DataError(f"{source} is empty: it holds no row.")
    return Rows(rows, list(dict.fromkeys(chain.from_iterable(rows))), source)


def _identify(path: str | os.PathLike[str], form: str | None) -> tuple[str, Path | None, str]:
    """What to call a file in messages, its path (None for standard input) and its form."""
    if form is not None and form not in _READERS:
        raise one_of("form", form, _READERS)
    if os.fspath(path) == STDIN:
        return "standard input", None, form or "lines"
    file_path = Path(path).expanduser()
    return str(path), file_path, form or format_of(file_path)


def _check_limit(limit: int | None) -> None:
    if limit is not None and limit < 1:
        raise InputError(f"limit must be at least 1, or None; got {limit}.")


def _choose(sample: list[_Row], column: str | None, source: str) -> str:
    columns = list(dict.fromkeys(chain.from_iterable(row for _, row in sample)))
    if column is not None:
        return named_column(column, columns, source)
    textual = [name for name in columns if any(_is_text(row.get(name)) for _, row in sample)]
    return text_column(columns, textual, source)


def _is_text(value: object) -> bool:
    """Whether a value tells that its column holds text: a string that is not a number.

    >>> [_is_text(value) for value in ("a cat", "3.5", "", 7, None)]
    [True, False, False, False, False]
    """
    if not isinstance(value, str) or not value.strip():
        return False
    try:
        float(value)
    except ValueError:
        return True
    return False


def _text(row: _Row, column: str, source: str, form: str) -> str:
    number, values = row
    value = values.get(column)
    if not isinstance(value, str):
        place = "row" if form == "parquet" else "line"
        found = f"is {json.dumps(value, default=str)[:40]}" if column in values else "is missing"
        raise DataError(f"{source}, {place} {number}: column {column!r} {found}; text was expected.")
    # JSON can spell half of a surrogate pair, which is no character and which no tokenizer takes.
    if form == "jsonl" and not value.isascii() and any("\ud800" <= character <= "\udfff" for character in value):
        raise DataError(
            f"{source}, line {number}: column {column!r} holds half of a surrogate pair, which is not text."
        )
    return value


# --- one reader a form: (open file, its name, whether only text is wanted) to rows ---


def _read_lines(file: IO[bytes], source: str, texts_only: bool) -> Iterator[_Row]:  # noqa: ARG001
    for number, line in enumerate(decoded_lines(file, source), start=1):
        yield number, {LINES_COLUMN: line.rstrip("\r\n")}


def _read_jsonl(file: IO[bytes], source: str, texts_only: bool) -> Iterator[_Row]:  # noqa: ARG001
    for number, line in enumerate(decoded_lines(file, source), start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except json.JSONDecodeError as error:
            raise DataError(f"{source}, line {number}: not JSON ({error.msg} at column {error.colno}).") from error
        if not isinstance(row, dict):
            raise DataError(f"{source}, line {number}: holds a JSON {_json_name(row)}; an object was expected.")
        yield number, row


def _read_csv(file: IO[bytes], source: str, texts_only: bool) -> Iterator[_Row]:  # noqa: ARG001
    # strict: a quote that is never closed would otherwise swallow the rest of the file without a word.
    yield from _read_table(decoded_lines(file, source), source, dialect="excel", strict=True)


def _read_tsv(file: IO[bytes], source: str, texts_only: bool) -> Iterator[_Row]:  # noqa: ARG001
    yield from _read_table(decoded_lines(file, source), source, dialect="excel-tab", quoting=csv.QUOTE_NONE)


def _read_table(lines: Iterable[str], source: str, **dialect: Any) -> Iterator[_Row]:
    before = csv.field_size_limit(_LONGEST_FIELD)  # the module's own limit, 128 KB, is less than many documents
    reader = csv.reader(lines, **dialect)
    try:
        header = next(reader, [])
        if len(set(header)) < len(header):
            twice = next(name for name in header if header.count(name) > 1)
            raise DataError(f"{source} has two columns {twice!r}. Rename one.")
        for fields in reader:
            if not fields:  # an empty line
                continue
            if len(fields) != len(header):
                raise DataError(
                    f"{source}, line {reader.line_num}: has {len(fields)} fields; the header has {len(header)}."
                )
            yield reader.line_num, dict(zip(header, fields, strict=True))
    except csv.Error as error:
        raise DataError(f"{source}, line {reader.line_num}: not readable as a table ({error}).") from error
    finally:
        csv.field_size_limit(before)


def _read_parquet(file: IO[bytes], source: str, texts_only: bool) -> Iterator[_Row]:
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError as error:
        raise MissingDependencyError("pyarrow", f"read {source}, a Parquet file", "parquet") from error
    try:
        # Parquet is read from its end, so that a pipe or a compressed file is taken into memory first.
        seekable = file if isinstance(file, io.BufferedReader) and file.seekable() else io.BytesIO(file.read())
        table = pq.ParquetFile(seekable)
        columns = None
        if texts_only:  # a column of vectors would take far longer to read than the texts beside it
            columns = [field.name for field in table.schema_arrow if _holds_strings(pa, field.type)] or None
        number = 0
        for batch in table.iter_batches(columns=columns):
            for row in batch.to_pylist():
                number += 1
                yield number, row
    except pa.ArrowException as error:
        raise DataError(f"{source} is not a readable Parquet file ({error}).") from error


def _holds_strings(pa: Any, kind: Any) -> bool:
    kind = kind.value_type if pa.types.is_dictionary(kind) else kind
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))


def _json_name(value: object) -> str:
    names = {list: "array", str: "string", bool: "boolean", int: "number", float: "number", type(None): "null"}
    return names[type(value)]


_READERS: dict[str, Callable[[IO[bytes], str, bool], Iterator[_Row]]] = {
    "lines": _read_lines,
    "jsonl": _read_jsonl,
    "csv": _read_csv,
    "tsv": _read_tsv,
    "parquet": _read_parquet,
}
