"""Writing rows of a table back: plain lines, JSON lines, CSV and TSV, in the forms that they are read in."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO, Any

from ..errors import DataError
from .files import atomic_write, check_folder_of
from .readers import Rows


def write_rows(path: Path, rows: Rows, chosen: Sequence[int], column: str | None = None) -> None:
    """Write some rows of a table to a file, whole or not at all.

    Plain lines hold the texts alone; the other forms hold all columns.

    Args:
        path: the file; its suffix tells the form: ``.txt``, ``.jsonl``, ``.csv`` or ``.tsv``.
        rows: the table.
        chosen: numbers of rows, in the order in which they are written.
        column: the column of texts, for plain lines; found as by :func:`~sbert.data.read_texts`.

    Raises:
        DataError: the suffix is not known, the file cannot be written, or a value does not fit the form: plain lines
            and TSV have no way to write a line break.
    """
    write = check_table(path)
    columns = [rows.text_column(column)] if write is _write_lines else rows.columns
    with atomic_write(path.expanduser()) as file:
        write(file, columns, [rows.rows[number] for number in chosen])


def check_table(path: Path) -> Callable[[IO[bytes], list[str], list[dict[str, Any]]], None]:
    """What writes a file, so that a wrong name is told before the work and not after it.

    Raises:
        DataError: the suffix is not known, or the folder is not there.
    """
    path = path.expanduser()
    suffix = path.suffix.lower()
    if suffix not in _WRITERS:
        raise DataError(f"{path} has the suffix {suffix!r}; rows are written to {', '.join(_WRITERS)}.")
    check_folder_of(path)
    return _WRITERS[suffix]


def _write_lines(file: IO[bytes], columns: list[str], rows: list[dict[str, Any]]) -> None:
    for row in rows:
        file.write(f"{_of_one_line(row[columns[0]], 'plain lines')}\n".encode())


def _write_jsonl(file: IO[bytes], columns: list[str], rows: list[dict[str, Any]]) -> None:  # noqa: ARG001
    for row in rows:
        file.write(f"{json.dumps(row, ensure_ascii=False, default=str)}\n".encode())


def _write_csv(file: IO[bytes], columns: list[str], rows: list[dict[str, Any]]) -> None:
    table = io.TextIOWrapper(file, encoding="utf-8", newline="")
    writer = csv.DictWriter(table, columns, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    table.detach()  # the file stays open


def _write_tsv(file: IO[bytes], columns: list[str], rows: list[dict[str, Any]]) -> None:
    for values in ({column: column for column in columns}, *rows):
        fields = [_of_one_line("" if values.get(name) is None else values[name], "TSV", "\t") for name in columns]
        file.write(("\t".join(fields) + "\n").encode())


def _of_one_line(value: object, form: str, also: str = "\n") -> str:
    text = str(value)
    if any(character in text for character in ("\n", "\r", also)):
        raise DataError(
            f"{form} cannot hold a text with a line break{' or a tab' if also != chr(10) else ''} in it: "
            f"{text[:40]!r}. Write .jsonl or .csv."
        )
    return text


_WRITERS: dict[str, Callable[[IO[bytes], list[str], list[dict[str, Any]]], None]] = {
    ".txt": _write_lines,
    "": _write_lines,
    ".jsonl": _write_jsonl,
    ".csv": _write_csv,
    ".tsv": _write_tsv,
}
