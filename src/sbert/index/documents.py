"""Documents as an index takes them: a text with a name, facts that can be filtered by, and sections with headings."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

from ..checkpoints.files import sha256_of
from ..errors import DataError, InputError, NotTextError
from ..types import FloatArray


@dataclass(frozen=True)
class Section:
    """A part of a document that is cut into passages by itself.

    Args:
        start: the first of its characters.
        stop: one past the last.
        heading: what stands above it, from the outermost heading to its own, joined by `` > ``; None for nothing.
    """

    start: int
    stop: int
    heading: str | None = None


@dataclass(frozen=True)
class ImageFile:
    """An image, by its file.

    Args:
        path: the file.
        digest: a hash of what is in it; of what is there now by default.

    Raises:
        DataError: it cannot be read.
    """

    path: str
    digest: str = ""

    def __post_init__(self) -> None:
        if not self.digest:
            try:
                object.__setattr__(self, "digest", sha256_of(Path(self.path).expanduser())[:32])
            except OSError as error:
                raise DataError(f"The image {self.path} cannot be read: {error}") from error


@dataclass(frozen=True)
class Document:
    """A document.

    Args:
        id: its name, which no other document of an index has.
        text: its text.
        metadata: facts about it, by name: texts, numbers, truth values, None. Each name becomes a column to filter by.
            Dates become texts in ISO's form; lists and dicts become JSON.
        sections: parts that passages do not cross; the whole text if none.
        embedding: (d,) a vector of the whole text that the index's model made before. The document is then one passage,
            and nothing is embedded. It is not part of what makes two documents equal.
        image: a file whose image the vector is made of, in an index whose model reads images. The document is then one
            passage, and its text is what words find it by.

    Raises:
        NotTextError: id or text is not text.
        InputError: the id is empty, or a section lies outside the text.
    """

    id: str
    text: str
    metadata: Mapping[str, Any] = field(default_factory=dict)
    sections: Sequence[Section] = ()
    embedding: FloatArray | None = field(default=None, compare=False, repr=False)
    image: ImageFile | None = None

    def __post_init__(self) -> None:
        for name in ("id", "text"):
            value = getattr(self, name)
            if not isinstance(value, str):
                raise NotTextError(f"A document's {name} must be text; got {type(value).__name__}.")
            try:
                value.encode()
            except UnicodeEncodeError:
                raise NotTextError(f"A document's {name} holds half of a surrogate pair, which is not text.") from None
        if not self.id:
            raise InputError("A document's id must not be empty.")
        for section in self.sections:
            if not 0 <= section.start <= section.stop <= len(self.text):
                raise InputError(
                    f"Document {self.id!r} has {len(self.text)} characters; its section from {section.start} to "
                    f"{section.stop} is not in it."
                )

    @property
    def parts(self) -> Sequence[Section]:
        """Its sections, at least one."""
        return self.sections or (Section(0, len(self.text)),)

    def content_hash(self) -> str:
        """A hash of what its vectors depend on, apart from the model: its text and where it may be cut."""
        if self.image is not None:
            return content_hash(self.text, f"image {self.image.digest}")
        cuts = json.dumps([[part.start, part.stop, part.heading] for part in self.sections]) if self.sections else ""
        return content_hash(self.text, cuts, whole=self.embedding is not None)

    def whole_hash(self) -> str:
        """A hash of all that is stored of it."""
        return whole_hash(self.content_hash(), self.metadata)


#: What an index takes as a document: one, a text, or a dict with ``text``, perhaps ``id``, ``embedding``, ``image`` (a
#: path), and metadata.
DocumentLike: TypeAlias = Document | str | Mapping[str, Any]
_OWN_KEYS = ("id", "text", "embedding", "image")


def as_documents(items: Iterable[DocumentLike]) -> Iterator[Document]:
    """Documents of all that may stand for one.

    A text without an id is named by a hash of it, so that the same text is the same document.

    Args:
        items: documents, texts or dicts.

    Raises:
        NotTextError: an item is none of these, or has no text; its number is named.
        InputError: an id is empty, or ``items`` is one document and not several.
    """
    if isinstance(items, (str, bytes, Mapping, Document)):
        raise InputError(f"documents must be a list of them; got one {type(items).__name__}. Put it in brackets.")
    for number, item in enumerate(items):
        yield _as_document(item, number)


def _as_document(item: DocumentLike, number: int) -> Document:
    if isinstance(item, Document):
        return item
    facts: Mapping[str, Any] = {"text": item} if isinstance(item, str) else item
    if not isinstance(facts, Mapping):
        raise NotTextError(
            f"documents[{number}] must be a Document, a text or a dict with 'text'; got {type(item).__name__}."
        )
    text = facts.get("text")
    if not isinstance(text, str):
        raise NotTextError(f"documents[{number}]: 'text' must be text; got {type(text).__name__}.")
    name: Any = facts.get("id")
    if name is None:
        name = f"text-{_hash(text.encode('utf-8', 'surrogatepass').hex(), '')[:16]}"
    if isinstance(name, int) and not isinstance(name, bool):
        name = str(name)
    try:
        metadata = {key: value for key, value in facts.items() if key not in _OWN_KEYS}
        image = None if facts.get("image") is None else ImageFile(str(facts["image"]))
        return Document(name, text, metadata, embedding=facts.get("embedding"), image=image)
    except InputError as error:
        raise type(error)(f"documents[{number}]: {error}") from None


def content_hash(text: str, cuts: str = "", *, whole: bool = False) -> str:
    """A hash of a text and of where it may be cut; ``whole`` for one that is not cut at all."""
    return _hash(text, f"whole {cuts}" if whole else cuts)


def whole_hash(content: str, metadata: Mapping[str, Any]) -> str:
    """A hash of what :func:`content_hash` gives and of metadata."""
    return _hash(content, json.dumps(dict(metadata), sort_keys=True, default=str) if metadata else "")


def _hash(text: str, facts: str) -> str:
    # The length of the facts goes first, so that no two different pairs are written alike.
    return hashlib.sha256(f"{len(facts)} {facts}{text}".encode()).hexdigest()[:32]
