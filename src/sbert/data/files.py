"""Opening data files: plain, compressed or standard input, with errors that name the file and the line."""

from __future__ import annotations

import gzip
import lzma
import os
import secrets
import sys
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, cast

from ..errors import DataError, closest

#: Stands for standard input where a path is expected.
STDIN = "-"
#: Form of a file by its suffix. A file without a suffix holds a text a line.
FORMATS = {
    "": "lines", ".txt": "lines", ".jsonl": "jsonl", ".ndjson": "jsonl", ".csv": "csv", ".tsv": "tsv",
    ".parquet": "parquet",
}  # fmt: skip
COMPRESSED = (".gz", ".xz")


def format_of(path: Path) -> str:
    """The form of a file, by its name: ``lines``, ``jsonl``, ``csv``, ``tsv`` or ``parquet``.

    Raises:
        DataError: the suffix is not one of :data:`FORMATS`, with or without one of :data:`COMPRESSED` behind it.

    >>> format_of(Path("reviews.csv.gz"))
    'csv'
    """
    name = path.with_suffix("") if path.suffix.lower() in COMPRESSED else path
    suffix = name.suffix.lower()
    if suffix not in FORMATS:
        known = ", ".join(known for known in FORMATS if known)
        raise DataError(
            f"{path} has the suffix {suffix!r}, which is not read. Known are {known}, each also with "
            f"{' or '.join(COMPRESSED)} behind it; a file without a suffix is read as a text a line."
        )
    return FORMATS[suffix]


def is_readable(path: Path) -> bool:
    """Whether the name of a file is one of those that texts are read from; a folder may hold others beside them."""
    name = path.with_suffix("") if path.suffix.lower() in COMPRESSED else path
    return bool(name.suffix) and name.suffix.lower() in FORMATS and not path.name.startswith(".")


@contextmanager
def open_bytes(path: Path | None) -> Iterator[IO[bytes]]:
    """Open a file, uncompressed on the way, or standard input where the path is None.

    Errors of reading inside the ``with`` block are translated too.

    Raises:
        DataError: it is not there, is not a file, may not be read, or is damaged.
    """
    if path is None:
        yield sys.stdin.buffer
        return
    try:
        with _opened(path) as file:
            yield file
    except FileNotFoundError as error:
        near = closest(path.name, _siblings(path))
        raise DataError(f"There is no file {path}.{near}") from error
    except IsADirectoryError as error:
        raise DataError(f"{path} is a folder; a file was expected.") from error
    except (EOFError, gzip.BadGzipFile, lzma.LZMAError, zlib.error) as error:
        raise DataError(f"{path} is damaged or cut short: it does not uncompress ({error}).") from error
    except OSError as error:
        raise DataError(f"{path} cannot be read ({error.strerror or error}).") from error


def refuse(error: DataError) -> None:
    """What is done with a line that cannot be read, unless the caller wants otherwise: its error is raised."""
    raise error


def decoded_lines(file: IO[bytes], source: str, bad: Callable[[DataError], None] = refuse) -> Iterator[tuple[int, str]]:
    """The lines of a file with their numbers and line ends, decoded one by one so that an error can name the line.

    Args:
        file: open for reading bytes.
        source: its name, for messages.
        bad: called for a line that is not UTF-8; where it returns, the line is left out.
    """
    for number, line in enumerate(file, start=1):
        try:
            yield number, line.decode("utf-8-sig" if number == 1 else "utf-8")
        except UnicodeDecodeError as error:  # noqa: PERF203  (each line has its own number)
            bad(
                DataError(
                    f"{source}, line {number}: not UTF-8 (byte 0x{line[error.start]:02x} at position {error.start}). "
                    "Save the file as UTF-8."
                )
            )


def check_folder_of(path: Path) -> None:
    """Check that a file can be written there, before the work that it is to hold is done.

    Raises:
        DataError: its folder is not there.
    """
    if not path.parent.is_dir():
        raise DataError(f"{path} cannot be written: there is no folder {path.parent}.")


@contextmanager
def atomic_write(path: Path) -> Iterator[IO[bytes]]:
    """Write a file so that it is there whole or not at all: a temporary one beside it takes its name at the end.

    Raises:
        DataError: the folder is not there or may not be written, or the disk is full.
    """
    # Not tempfile: its files are readable by their owner alone, and the result would stay so.
    scratch = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}.tmp")
    try:
        with scratch.open("xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        scratch.replace(path)
    except OSError as error:
        raise DataError(f"{path} cannot be written ({error.strerror or error}).") from error
    finally:
        scratch.unlink(missing_ok=True)


def _opened(path: Path) -> IO[bytes]:
    if path.suffix.lower() == ".gz":
        return cast("IO[bytes]", gzip.open(path, "rb"))
    if path.suffix.lower() == ".xz":
        return cast("IO[bytes]", lzma.open(path, "rb"))
    return path.open("rb")


def _siblings(path: Path) -> list[str]:
    try:
        return [other.name for other in path.parent.iterdir()]
    except OSError:
        return []
