"""Files and folders as one stream of documents."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from ...data.files import COMPRESSED, open_bytes
from ...errors import DataError, MissingDependencyError, SbertError, closest, one_of
from ..documents import Document
from .headings import sections
from .html import page
from .images import SUFFIXES as IMAGES
from .images import image_document
from .markdown import front_matter, headings
from .pdf import pages
from .tables import table_documents

#: How a file is read, by its suffix.
KINDS = {
    ".txt": "text", ".text": "text", ".rst": "text", ".md": "markdown", ".markdown": "markdown", ".html": "html",
    ".htm": "html", ".pdf": "pdf", ".jsonl": "jsonl", ".ndjson": "jsonl", ".csv": "csv", ".tsv": "tsv",
    ".parquet": "parquet",
}  # fmt: skip
#: What may be done with a file that cannot be read.
ON_BAD_FILE = ("error", "skip")


class FileDocuments:
    """The documents of a file, or of all files of a folder that can be read, one after another.

    A document is called after its file, from the folder's own name on: ``docs/guide/start.md``. Hidden files and
    folders are passed over.

    Args:
        source: the file or folder.
        column: of tables, the column of texts; found by itself.
        on_bad_file: ``error``, or ``skip`` to leave out files that cannot be read.
        images: whether images are documents too, for an index whose model reads them.

    Attributes:
        source: the file or folder, absolute: what documents are told to come from.
        files: the files, in the order in which they are read.
        skipped: of the files that were left out so far: what its documents are called after, and what is wrong.

    Raises:
        DataError: there is no such file, or nothing in the folder can be read.
        InputError: ``on_bad_file`` is not known.
    """

    def __init__(
        self, source: str | Path, *, column: str | None = None, on_bad_file: str = "error", images: bool = False
    ) -> None:
        if on_bad_file not in ON_BAD_FILE:
            raise one_of("on_bad_file", on_bad_file, ON_BAD_FILE)
        path = Path(source).expanduser()
        self._given, self.path = path, path.resolve()
        self.source = str(self.path)
        self._column, self._skip = column, on_bad_file == "skip"
        self.files = find_documents(path, images=images)
        self.skipped: dict[str, str] = {}

    def __iter__(self) -> Iterator[Document]:
        self.skipped = {}
        for file in self.files:
            name = self._name(file)
            try:
                yield from read_documents(file, name, self._column)
            except MissingDependencyError:
                raise  # of no file, and mended by one line
            except SbertError as error:
                if not self._skip:
                    raise
                self.skipped[name] = str(error)

    def __length_hint__(self) -> int:
        return len(self.files)

    def _name(self, file: Path) -> str:
        # Not of the resolved file: a link may lead out of the folder.
        inside = file.relative_to(self._given) if self.path.is_dir() else Path()
        return "/".join((self.path.name, *inside.parts))


def find_documents(path: Path, *, images: bool = False) -> list[Path]:
    """The files to read: the one named, or all of a folder with a known suffix, its folders' too, sorted.

    Args:
        path: the file or folder.
        images: whether images are among them.

    Raises:
        DataError: there is none.
    """
    if path.is_dir():
        found = sorted(file for file in path.rglob("*") if _is_wanted(file, path, images))
        if not found:
            only_images = not images and any(_is_wanted(file, path, images=True) for file in path.rglob("*"))
            advice = " Its images need a model such as CLIP." if only_images else ""
            raise DataError(f"{path} has no file that can be read: {_known(images)}.{advice}")
        return found
    if not path.exists():
        near = closest(path.name, [other.name for other in path.parent.iterdir()]) if path.parent.is_dir() else ""
        raise DataError(f"There is no file or folder {path}.{near}")
    if _kind(path) is None and not (images and _is_image(path)):
        advice = "Images need a model such as CLIP." if _is_image(path) else f"Known are {_known(images)}."
        raise DataError(f"{path} has the suffix {path.suffix!r}, which is not read. {advice}")
    return [path]


def read_documents(path: Path, name: str, column: str | None = None) -> Iterator[Document]:
    """The documents of one file: one, or one a row of a table.

    Args:
        path: the file; its suffix tells how it is read.
        name: what documents are called after.
        column: of a table, the column of texts.

    Raises:
        DataError: it cannot be read.
    """
    if _is_image(path):
        yield image_document(path, name)
        return
    kind = _kind(path)
    if kind in ("jsonl", "csv", "tsv", "parquet"):
        yield from table_documents(path, name, kind, column)
        return
    with open_bytes(path) as file:
        data = file.read()
    if kind == "pdf":
        text, parts, title = pages(data, str(path))
        yield Document(name, text, _titled(title), parts)
        return
    text = _decoded(data, path)
    if kind == "html":
        text, found, title = page(text)
        yield Document(name, text, _titled(title), sections(text, found))
    elif kind == "markdown":
        yield Document(name, text, {}, sections(text, headings(text), front_matter(text)))
    else:
        yield Document(name, text)


def _decoded(data: bytes, path: Path) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DataError(
            f"{path} is not UTF-8 (byte 0x{data[error.start]:02x} at position {error.start}). Save the file as UTF-8."
        ) from error


def _titled(title: str | None) -> dict[str, object]:
    return {} if title is None else {"title": title}


def _kind(path: Path) -> str | None:
    name = path.with_suffix("") if path.suffix.lower() in COMPRESSED else path
    return KINDS.get(name.suffix.lower())


def _is_image(path: Path) -> bool:
    return path.suffix.lower() in IMAGES


def _is_wanted(file: Path, folder: Path, images: bool) -> bool:
    inside = file.relative_to(folder).parts
    if any(part.startswith(".") or part.endswith((".lance", ".sbert-cache")) for part in inside):
        return False
    return (_kind(file) is not None or (images and _is_image(file))) and file.is_file()


def _known(images: bool) -> str:
    names: Sequence[str] = list(KINDS)
    more = f"; images: {', '.join(IMAGES)}" if images else ""
    return ", ".join(names) + f", each also with {' or '.join(COMPRESSED)} behind it{more}"
