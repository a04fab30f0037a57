"""Many files read as one: what people name on a command line, as one stream of texts."""

from __future__ import annotations

import glob
import operator
from collections.abc import Iterator, Sequence
from pathlib import Path

from ..errors import DataError
from .files import COMPRESSED, FORMATS, STDIN, is_readable
from .readers import TextStream, iter_texts


def find_files(inputs: Sequence[str]) -> list[str]:
    """The files that some names mean, in their order.

    Args:
        inputs: files; patterns such as ``logs/*.jsonl`` or ``**/*.txt``; folders, of which all files with a known
            suffix are taken, those of its folders too; ``-`` for standard input. What one name means is sorted.

    Raises:
        DataError: a name means nothing.
    """
    found: list[str] = []
    for name in inputs:
        path = Path(name).expanduser()
        if name == STDIN or path.is_file():
            found.append(name)
        elif path.is_dir():
            inside = sorted(str(file) for file in path.rglob("*") if file.is_file() and is_readable(file))
            if not inside:
                known = ", ".join(suffix for suffix in FORMATS if suffix)
                raise DataError(
                    f"{name} has no file of texts in it: {known}, each also with {' or '.join(COMPRESSED)}."
                )
            found += inside
        elif glob.has_magic(name):
            matched = sorted(file for file in glob.glob(str(path), recursive=True) if Path(file).is_file())  # noqa: PTH207
            if not matched:
                raise DataError(f"No file is named like {name}.")
            found += matched
        else:
            found.append(name)  # reading it tells that it is not there, and what is there of nearly that name
    return found


class Corpus:
    """The texts of several files, one file after another, read as they are asked for.

    Args:
        inputs: as for :func:`find_files`.
        column: the column that holds the texts; found in each file by itself where none is named.
        form: of all files, where their names do not tell.
        on_bad_line: ``error`` or ``skip``, as for :func:`iter_texts`.

    Attributes:
        files: the files' streams, each with its column and the count of its skipped lines.

    Raises:
        DataError: a name means nothing, or a file's suffix is not known.
        InputError: an argument is wrong.
    """

    def __init__(
        self,
        inputs: Sequence[str],
        *,
        column: str | None = None,
        form: str | None = None,
        on_bad_line: str = "error",
    ) -> None:
        self.files: list[TextStream] = [
            iter_texts(name, column=column, form=form, on_bad_line=on_bad_line) for name in find_files(inputs)
        ]
        for file in self.files:
            if file.path is not None:
                file.require()

    def __iter__(self) -> Iterator[str]:
        for file in self.files:
            yield from file

    def __length_hint__(self) -> int:
        hints = [operator.length_hint(file) for file in self.files]
        return sum(hints) if all(hints) else 0

    @property
    def source(self) -> str:
        """The files as they were named."""
        names = [file.source for file in self.files]
        return names[0] if len(names) == 1 else f"{len(names)} files ({names[0]} ... {names[-1]})"

    @property
    def column(self) -> str | None:
        """The column that was read; None for plain lines, or where files differ in it."""
        columns = {file.column for file in self.files}
        return columns.pop() if len(columns) == 1 else None

    @property
    def skipped(self) -> int:
        """Lines that were left out so far."""
        return sum(file.skipped for file in self.files)

    @property
    def first_skipped(self) -> str | None:
        """What the first line that was left out suffered from; None for none."""
        return next((file.first_skipped for file in self.files if file.first_skipped), None)
