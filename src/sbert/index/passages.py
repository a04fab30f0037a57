"""From documents to passages with vectors, the rows of an index."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from ..errors import DimensionError, EngineError, InputError
from ..similarity import norms
from ..types import FloatArray
from .documents import Document, Section
from .identity import Identity
from .late import check_lengths, chunked, is_late

if TYPE_CHECKING:
    from ..models.sentence_transformer import SentenceTransformer
    from .identity import IndexModel

#: Lengths at or below which a vector has no direction.
_NO_LENGTH = 1e-12


@dataclass(frozen=True)
class Passage:
    """A part of a document that is found as one.

    Attributes:
        start: the first of its characters in the document's text.
        stop: one past the last.
        text: those characters.
        heading: what stands above it.
        vector: (d,) float32, or of late interaction (tokens, d); None where it has no direction.
    """

    start: int
    stop: int
    text: str
    heading: str | None
    vector: FloatArray | None


class PassageWorkers(Protocol):
    """Others who cut documents into passages and embed them."""

    #: How many there are.
    count: int

    def passages(
        self, model: IndexModel, identity: Identity, batch_size: int | None, documents: Sequence[Document]
    ) -> list[list[Passage]]:
        """What :meth:`Embedder.passages` gives, made with that model, identity and batch size."""
        ...


class Embedder:
    """Cuts documents into passages and embeds them.

    Args:
        model: the index's.
        identity: of the index.
        batch_size: passages in a batch at the most, as for ``encode``.
        workers: who does it; this process by default.
    """

    def __init__(
        self,
        model: IndexModel,
        identity: Identity,
        batch_size: int | None = None,
        workers: PassageWorkers | None = None,
    ) -> None:
        self._batch_size, self._workers = batch_size, workers
        self._model = model
        self._identity = identity
        self._cosine, self._width = identity.similarity == "cosine", identity.dimension
        self._options = identity.embedding_options(model) | {"batch_size": batch_size}

    @property
    def hands(self) -> int:
        """How many work at a time."""
        return 1 if self._workers is None else self._workers.count

    def passages(self, documents: Sequence[Document]) -> list[list[Passage]]:
        """The passages of each document, at least one. Those that bring a vector are one, and are not embedded.

        Raises:
            EngineError: the model gave NaN or infinity; the document is named.
            InputError: the model cannot cut texts; a vector that a document brings is not one of the model's.
        """
        if self._workers is not None and documents:
            return self._workers.passages(self._model, self._identity, self._batch_size, documents)
        ways = {"embedding": self._given, "image": self._pictured, "text": self._embedded}
        made = {
            way: iter(make([document for document in documents if _way(document) == way])) for way, make in ways.items()
        }
        return [next(made[_way(document)]) for document in documents]

    def _pictured(self, documents: Sequence[Document]) -> list[list[Passage]]:
        """The passages of images: one each, with the image's vector and the document's text."""
        if not documents:
            return []
        if not self._model.spec.input.reads_images:
            raise InputError(
                f"Document {documents[0].id!r} is an image; {self._model.spec.name} reads texts alone. Make the index "
                "with a model such as CLIP."
            )
        paths = [Path(document.image.path).expanduser() for document in documents if document.image is not None]
        vectors = self._model.encode(paths, batch_size=self._options["batch_size"], show_progress_bar=False)
        return [
            [Passage(0, len(document.text), document.text, None, vector)]
            for document, vector in zip(documents, vectors, strict=True)
        ]

    def _given(self, documents: Sequence[Document]) -> list[list[Passage]]:
        vectors = [np.asarray(document.embedding, np.float32) for document in documents]
        for document, vector in zip(documents, vectors, strict=True):
            if vector.shape != (self._width,) or is_late(self._identity.similarity):
                raise DimensionError(
                    f"Document {document.id!r} brings an embedding of the shape {vector.shape}; the index's model "
                    f"makes ({self._width},)."
                )
        lengths = norms(np.stack(vectors)).tolist() if vectors else []
        found = []
        for document, vector, length in zip(documents, vectors, lengths, strict=True):
            if not math.isfinite(length):
                raise InputError(f"Document {document.id!r} brings an embedding with NaN or infinity.")
            kept = vector if has_direction(document.text, length, self._cosine) else None
            found.append([Passage(0, len(document.text), document.text, document.parts[0].heading, kept)])
        return found

    def _embedded(self, documents: Sequence[Document]) -> list[list[Passage]]:
        if not documents:
            return []
        owners = [(number, part) for number, document in enumerate(documents) for part in document.parts]
        texts = [documents[number].text[part.start : part.stop] for number, part in owners]
        if is_late(self._identity.similarity):
            return self._late(documents, owners, texts)
        chunks = self._dense.encode_chunks(texts, **self._options)
        found: list[list[Passage]] = [[] for _ in documents]
        lengths = norms(chunks.vectors)
        for index, (start, stop), vector, length in zip(
            chunks.text_index.tolist(), chunks.spans.tolist(), chunks.vectors, lengths.tolist(), strict=True
        ):
            number, part = owners[index]
            if not np.isfinite(length):
                raise EngineError(f"The model gave a vector that is not finite for document {documents[number].id!r}.")
            text = texts[index][start:stop]
            kept = vector if has_direction(text, length, self._cosine) else None
            found[number].append(Passage(part.start + start, part.start + stop, text, part.heading, kept))
        return [_without_blanks(passages) for passages in found]

    def _late(
        self, documents: Sequence[Document], owners: Sequence[tuple[int, Section]], texts: Sequence[str]
    ) -> list[list[Passage]]:
        """Passages with a vector for each of their tokens."""
        from ..models.multi_vector_encoder import MultiVectorEncoder

        model, facts = self._model, self._identity
        assert isinstance(model, MultiVectorEncoder)  # noqa: S101  (its similarity says so)
        name = self._options["prompt_name"]
        prompt = model.prompts.get(name, "") if name else ""
        cuts = list(chunked(model, texts, facts.chunk_tokens, facts.chunk_overlap, prompt))
        passages = [texts[number][start:stop] for number, (start, stop) in cuts]
        sets = model.encode_document(passages, batch_size=self._options["batch_size"], show_progress_bar=False)
        found: list[list[Passage]] = [[] for _ in documents]
        for (index, (start, stop)), text, vectors in zip(cuts, passages, sets, strict=True):
            number, part = owners[index]
            if not np.isfinite(vectors).all():
                raise EngineError(f"The model gave a vector that is not finite for document {documents[number].id!r}.")
            check_lengths(vectors, documents[number].id)
            kept = vectors if text.strip() and len(vectors) else None
            found[number].append(Passage(part.start + start, part.start + stop, text, part.heading, kept))
        return [_without_blanks(each) for each in found]

    @property
    def _dense(self) -> SentenceTransformer:
        from ..models.sentence_transformer import SentenceTransformer

        assert isinstance(self._model, SentenceTransformer)  # noqa: S101  (its similarity says so)
        return self._model

    def check(self) -> None:
        """Cut and embed nothing, so that settings that do not fit the model are told at once.

        Raises:
            InputError: they do not.
        """
        if self._model.spec.input.reads_images:
            return  # which may be all that the index will hold
        if is_late(self._identity.similarity):
            self._embedded([Document("a", "a")])
            return
        self._dense.encode_chunks([""], **self._options)

    def query(self, texts: Sequence[str]) -> Sequence[FloatArray]:
        """Vectors of queries, float32: (d,) each, or of late interaction (tokens, d)."""
        vectors = self._model.encode_query(list(texts), show_progress_bar=False)
        return [np.asarray(vector, np.float32) for vector in vectors]


def _way(document: Document) -> str:
    """What a document's vector is made of."""
    if document.embedding is not None:
        return "embedding"
    return "text" if document.image is None else "image"


def has_direction(text: str, length: float, cosine: bool) -> bool:
    """Whether a text's vector can be found: a blank text says nothing, and without a length there is no cosine."""
    return bool(text.strip()) and (length > _NO_LENGTH or not cosine)


def _without_blanks(passages: list[Passage]) -> list[Passage]:
    """Blank passages are left out, but for one where there is nothing else: the document is known by it."""
    return [passage for passage in passages if passage.text] or [replace(passages[0], vector=None)]


def reused(row: Mapping[str, Any]) -> Passage:
    """The passage of a row that is stored, vector and all."""
    vector = row["vector"]
    return Passage(
        row["start"],
        row["stop"],
        row["passage"],
        row["heading"],
        None if vector is None else np.asarray(vector, np.float32),
    )
