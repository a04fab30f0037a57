"""Reading texts from files: plain lines, JSON lines, CSV, TSV and Parquet, each also compressed."""

from __future__ import annotations

import csv
import io
import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from typing import IO, Any, TypeAlias

from ..errors import DataError, InputError, MissingDependencyError, one_of
from .columns import named_column, text_column
from .files import COMPRESSED, STDIN, decoded_lines, format_of, open_bytes, refuse

#: Takes the error of a line that cannot be read; where it returns, the line is left out.
_Bad: TypeAlias = Callable[[DataError], None]
#: A row and where it is: its line, or its number for Parquet.
_Row: TypeAlias = tuple[int, dict[str, Any]]

#: What the only column of plain lines is called.
LINES_COLUMN = "text"

#: What can be done with lines that cannot be read.
BAD_LINES = ("error", "skip")
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
        places: where each row is, for messages: its line, or its number for Parquet.
        form: what the file was read as.
    """

    rows: list[dict[str, Any]]
    columns: list[str]
    source: str
    places: list[int]
    form: str

    def __len__(self) -> int:
        return len(self.rows)

    def __repr__(self) -> str:
        return f"Rows({len(self.rows):,} from {self.source}, columns {', '.join(self.columns)})"

    def text_column(self, column: str | None = None) -> str:
        """The column that holds the texts, found as by :func:`read_texts` where none is named.

        Raises:
            DataError: there is no such column, or none stands out.
        """
        if self.form == "lines":
            if column is not None:
                raise _no_columns(self.source, column)
            return LINES_COLUMN
        return choose_column(self.rows[:_SAMPLE], column, self.source)

    def texts(self, column: str | None = None) -> list[str]:
        """The texts of :meth:`text_column`, checked as by :func:`read_texts`.

        Raises:
            DataError: also where a value is not text; its place is named.
        """
        chosen = self.text_column(column)
        return [_text(row, chosen, self.source, self.form) for row in zip(self.places, self.rows, strict=True)]


class TextStream:
    """The texts of a file, read as they are asked for; of a big file, never more than a part is in memory.

    It can be iterated over once more, which reads the file again. The arguments are those of :func:`iter_texts`.

    Attributes:
        source: the file as it was named, or ``standard input``.
        path: the file; None for standard input.
        column: the column that is read; None for plain lines, and before the first text is asked for.
        skipped: lines that were left out so far.
        first_skipped: what the first of them suffered from; None for none.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        column: str | None = None,
        limit: int | None = None,
        form: str | None = None,
        on_bad_line: str = "error",
    ) -> None:
        self.source, self.path, self._form = _identify(path, form)
        _check_limit(limit)
        if on_bad_line not in BAD_LINES:
            raise one_of("on_bad_line", on_bad_line, BAD_LINES)
        if self._form == "lines" and column is not None:
            raise _no_columns(self.source, column)
        self._wanted, self._limit = column, limit
        self._bad = refuse if on_bad_line == "error" else self._skip
        self.column: str | None = None
        self.skipped = 0
        self.first_skipped: str | None = None

    def __iter__(self) -> Iterator[str]:
        self.skipped, self.first_skipped = 0, None
        with open_bytes(self.path) as file:
            rows = iter(_READERS[self._form](file, self.source, True, self._bad))
            sample = list(islice(rows, _SAMPLE))
            if not sample:
                raise DataError(f"{self.source} is empty: it holds no text.")
            # Plain lines are texts whatever is in them; of a table, a column of numbers is not what is looked for.
            lines = self._form == "lines"
            chosen = LINES_COLUMN if lines else choose_column([row for _, row in sample], self._wanted, self.source)
            self.column = None if lines else chosen
            yield from islice(self._texts(chain(sample, rows), chosen), self._limit)

    def require(self) -> None:
        """Open the file and close it again.

        Raises:
            DataError: it is not there or may not be read, so that this is told before the work on other files.
        """
        with open_bytes(self.path):
            pass

    def __length_hint__(self) -> int:
        """About how many texts there are, for a progress bar; 0 where that takes reading the file as it is meant."""
        about = 0 if self.path is None else estimate_rows(self.path, self._form)
        return min(about, self._limit) if self._limit is not None else about

    def _texts(self, rows: Iterable[_Row], column: str) -> Iterator[str]:
        for row in rows:
            try:
                text = _text(row, column, self.source, self._form)
            except DataError as error:  # noqa: PERF203  (each row has its own)
                self._bad(error)
            else:
                yield text

    def _skip(self, error: DataError) -> None:
        self.skipped += 1
        self.first_skipped = self.first_skipped or str(error)


def iter_texts(
    path: str | os.PathLike[str],
    *,
    column: str | None = None,
    limit: int | None = None,
    form: str | None = None,
    on_bad_line: str = "error",
) -> TextStream:
    """The texts of a file as a stream, with the checks of :func:`read_texts` made on the way.

    A column is chosen by the first hundred rows. Parquet is read row group by row group.

    Args:
        path: the file, or ``-`` for standard input.
        column: the column that holds the texts; found as by :func:`read_texts`.
        limit: read only that many.
        form: ``lines``, ``jsonl``, ``csv``, ``tsv`` or ``parquet``, where the name does not tell.
        on_bad_line: ``error``, or ``skip`` to leave out and count lines that are not what they should be: not UTF-8,
            not JSON, a field too many, a value that is no text. A file that is damaged as a whole is an error anyway.

    Raises:
        DataError: as :func:`read_texts`, when the place is reached.
        InputError: an argument is wrong.
        MissingDependencyError: Parquet is read with pyarrow, which is an extra.
    """
    return TextStream(path, column=column, limit=limit, form=form, on_bad_line=on_bad_line)


def estimate_rows(path: Path, form: str) -> int:
    """About how many rows a file has, found without reading them one by one; 0 where nothing tells."""
    try:
        if form == "parquet":
            import pyarrow.parquet as pq

            return int(pq.read_metadata(path).num_rows)
        if path.suffix.lower() in COMPRESSED or not path.is_file():
            return 0
        with path.open("rb") as file:
            ends = sum(block.count(b"\n") for block in iter(lambda: file.read(1 << 20), b""))
        return ends - 1 if form in ("csv", "tsv") else ends
    except (ImportError, OSError, ValueError):
        return 0  # whoever reads the texts tells what is wrong


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
    stream = TextStream(path, column=column, limit=limit, form=form)
    texts = list(iter(stream))
    return Texts(texts, stream.source, stream.path, stream.column)


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
        found = list(islice(_READERS[form](file, source, False, refuse), limit))
    if not found:
        raise DataError(f"{source} is empty: it holds no row.")
    rows = [row for _, row in found]
    return Rows(rows, list(dict.fromkeys(chain.from_iterable(rows))), source, [place for place, _ in found], form)


def _identify(path: str | os.PathLike[str], form: str | None) -> tuple[str, Path | None, str]:
    """What to call a file in messages, its path (None for standard input) and its form."""
    if form is not None and form not in _READERS:
        raise one_of("form", form, _READERS)
    if os.fspath(path) == STDIN:
        return "standard input", None, form or "lines"
    file_path = Path(path).expanduser()
    return str(path), file_path, form or format_of(file_path)


def _no_columns(source: str, column: str) -> DataError:
    return DataError(f"{source} is read as plain lines, which have no column {column!r}.")


def _check_limit(limit: int | None) -> None:
    if limit is not None and limit < 1:
        raise InputError(f"limit must be at least 1, or None; got {limit}.")


def choose_column(sample: Sequence[Mapping[str, Any]], column: str | None, source: str) -> str:
    """The column that holds the texts of a table: the one asked for, else one found by looking at some rows.

    Args:
        sample: rows.
        column: the one asked for; None to find it.
        source: the file, for messages.

    Raises:
        DataError: there is none of that name, or none stands out.
    """
    columns = list(dict.fromkeys(chain.from_iterable(sample)))
    if column is not None:
        return named_column(column, columns, source)
    textual = [name for name in columns if any(_is_text(row.get(name)) for row in sample)]
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


# --- one reader a form: (open file, its name, whether only text is wanted, what to do with bad lines) to rows ---


def _read_lines(file: IO[bytes], source: str, texts_only: bool, bad: _Bad) -> Iterator[_Row]:  # noqa: ARG001
    for number, line in decoded_lines(file, source, bad):
        yield number, {LINES_COLUMN: line.rstrip("\r\n")}


def _read_jsonl(file: IO[bytes], source: str, texts_only: bool, bad: _Bad) -> Iterator[_Row]:  # noqa: ARG001
    for number, line in decoded_lines(file, source, bad):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except json.JSONDecodeError as error:
            bad(DataError(f"{source}, line {number}: not JSON ({error.msg} at column {error.colno})."))
            continue
        if isinstance(row, dict):
            yield number, row
        else:
            bad(DataError(f"{source}, line {number}: holds a JSON {_json_name(row)}; an object was expected."))


def _read_csv(file: IO[bytes], source: str, texts_only: bool, bad: _Bad) -> Iterator[_Row]:  # noqa: ARG001
    # strict: a quote that is never closed would otherwise swallow the rest of the file without a word.
    yield from _read_table(file, source, bad, dialect="excel", strict=True)


def _read_tsv(file: IO[bytes], source: str, texts_only: bool, bad: _Bad) -> Iterator[_Row]:  # noqa: ARG001
    yield from _read_table(file, source, bad, dialect="excel-tab", quoting=csv.QUOTE_NONE)


def _read_table(file: IO[bytes], source: str, bad: _Bad, **dialect: Any) -> Iterator[_Row]:
    before = csv.field_size_limit(_LONGEST_FIELD)  # the module's own limit, 128 KB, is less than many documents
    reader = csv.reader((line for _, line in decoded_lines(file, source, bad)), **dialect)
    try:
        header = next(reader, [])
        if len(set(header)) < len(header):
            twice = next(name for name in header if header.count(name) > 1)
            raise DataError(f"{source} has two columns {twice!r}. Rename one.")
        for fields in reader:
            if not fields:  # an empty line
                continue
            if len(fields) != len(header):
                place = f"{source}, line {reader.line_num}"
                bad(DataError(f"{place}: has {len(fields)} fields; the header has {len(header)}."))
                continue
            yield reader.line_num, dict(zip(header, fields, strict=True))
    except csv.Error as error:
        raise DataError(f"{source}, line {reader.line_num}: not readable as a table ({error}).") from error
    finally:
        csv.field_size_limit(before)


def _read_parquet(file: IO[bytes], source: str, texts_only: bool, bad: _Bad) -> Iterator[_Row]:  # noqa: ARG001
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


_READERS: dict[str, Callable[[IO[bytes], str, bool, _Bad], Iterator[_Row]]] = {
    "lines": _read_lines,
    "jsonl": _read_jsonl,
    "csv": _read_csv,
    "tsv": _read_tsv,
    "parquet": _read_parquet,
}
