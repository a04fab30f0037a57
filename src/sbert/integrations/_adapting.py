"""What the adapters share: a model by name or loaded, options that are checked, vectors and scores as plain numbers."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from ..errors import InputError, NotTextError, closest, positive
from ..models import load
from ..models.cross_encoder import CrossEncoder
from ..models.sentence_transformer import SentenceTransformer
from ..types import FloatArray

#: The model that adapters take where none is named.
MODEL = "all-MiniLM-L6-v2"
#: Options of ``encode`` that mean something in an adapter; prompts are the adapter's own business.
ENCODE = (
    "batch_size", "show_progress_bar", "normalize_embeddings", "truncate_dim", "device", "on_truncation", "on_long",
    "chunk_overlap",
)  # fmt: skip
#: Those of ``rank``.
RANK = ("prompt_name", "prompt", "batch_size", "show_progress_bar", "activation_fn", "device", "on_truncation")
#: Those of an index's ``search``, but for ``top_k``, which every retriever has by itself.
SEARCH = ("where", "mode", "fusion", "rerank")


def known(options: Mapping[str, Any], allowed: Iterable[str]) -> dict[str, Any]:
    """Options, all of them known.

    Raises:
        InputError: one is not; the closest is offered.
    """
    names = list(allowed)
    for name in options:
        if name not in names:
            raise InputError(f"There is no option {name!r}.{closest(name, names)} There are: {', '.join(names)}.")
    return dict(options)


class Held:
    """A model that is loaded when it is first needed.

    Args:
        model: its name or folder; or the model, loaded.
        family: the class that it must be of.
        options: of each call, known ones.

    Raises:
        InputError: it is neither, or a model of another family.
    """

    def __init__(self, model: Any, family: type, options: Mapping[str, Any]) -> None:
        if not isinstance(model, str | os.PathLike):
            _of_family(model, family)
        self._given, self._family = model, family
        self._name = ""
        self.options = dict(options)
        self._loading = threading.Lock()

    @property
    def model(self) -> Any:
        """The model."""
        with self._loading:
            if isinstance(self._given, str | os.PathLike):
                self._name = str(self._given)
                loaded = CrossEncoder(self._name) if self._family is CrossEncoder else load(self._name)
                _of_family(loaded, self._family)
                self._given = loaded
            return self._given

    @property
    def name(self) -> str:
        """Its name or folder, as it was given, or as the model knows it."""
        if isinstance(self._given, str | os.PathLike):
            return str(self._given)
        return self._name or str(self._given.spec.name)

    @property
    def lasting_name(self) -> str:
        """The same, for a file.

        Raises:
            InputError: the model was made from modules and has none.
        """
        if not self.name:
            raise InputError("A model without a name cannot be written down. Save it, and pass its folder.")
        return self.name


class Encoder(Held):
    """A dense model that tells queries from documents.

    Args:
        model: name, folder, or model.
        options: of ``encode``, of :data:`ENCODE`.
    """

    def __init__(self, model: Any, options: Mapping[str, Any]) -> None:
        super().__init__(model, SentenceTransformer, known(options, ENCODE))

    def query(self, text: Any) -> list[float]:
        """The vector of a query."""
        return self.model.encode_query(query_of(text), **self.options).tolist()  # type: ignore[no-any-return]

    def documents(self, texts: Any) -> list[list[float]]:
        """The vectors of documents, in their order; none for none."""
        return self.array(texts).tolist()  # type: ignore[no-any-return]

    def array(self, texts: Any) -> FloatArray:
        """The same, as (n, d) float32."""
        return self.model.encode_document(texts_of(texts), **self.options)  # type: ignore[no-any-return]


class Backend:
    """What BERTopic and KeyBERT ask for vectors, apart from the base class that each has.

    Args:
        model: name, folder, or model.
        **options: of ``encode``, of :data:`ENCODE`.
    """

    def __init__(self, model: Any = MODEL, **options: Any) -> None:
        super().__init__()
        self._encoder = Encoder(model, options)

    def embed(self, documents: list[str], verbose: bool = False) -> FloatArray:  # noqa: ARG002
        """(n, d) float32, in the documents' order; sbert shows progress by itself."""
        return self._encoder.array(documents)


class Ranker(Held):
    """A cross-encoder that puts documents in order.

    Args:
        model: name, folder, or model.
        options: of ``rank``, of :data:`RANK`.
        top: documents to keep; None for all.
    """

    def __init__(self, model: Any, options: Mapping[str, Any], top: int | None) -> None:
        super().__init__(model, CrossEncoder, known(options, RANK))
        self.top = None if top is None else positive("top_n or top_k", top, ", or None")

    def rank(self, query: Any, texts: Sequence[str], top: int | None = None) -> list[tuple[int, float]]:
        """Numbers of documents with their scores, the best first."""
        query = query_of(query)
        if not texts:
            return []
        found = self.model.rank(query, texts_of(texts), self.top if top is None else top, **self.options)
        return [(int(each["corpus_id"]), float(each["score"])) for each in found]


class Finder:
    """An index that is opened when it is made, with what each search is asked.

    Args:
        index: a :class:`sbert.Index`, or its folder.
        top_k: hits of a query.
        options: of ``search``, of :data:`SEARCH`.
    """

    def __init__(self, index: Any, top_k: int, options: Mapping[str, Any]) -> None:
        from ..index import Index

        self.top_k, self.options = positive("top_k", top_k), known(options, SEARCH)
        if not isinstance(index, Index | str | os.PathLike):
            raise InputError(f"index must be an sbert.Index or its folder; got {type(index).__name__}.")
        self.index = index if isinstance(index, Index) else Index.open(index)

    def find(self, query: Any, top_k: int | None = None) -> list[Any]:
        """Hits, the best first."""
        return self.index.search(query_of(query), self.top_k if top_k is None else top_k, **self.options)


def facts(hit: Any) -> dict[str, Any]:
    """The metadata of a hit, with where it stands in its document."""
    return {**hit.metadata, "document": hit.document, "heading": hit.heading, "span": list(hit.span)}


def query_of(given: Any) -> str:
    """A query.

    Raises:
        NotTextError: it is no text.
    """
    if not isinstance(given, str):
        raise NotTextError(f"A query must be a string; got {type(given).__name__}.")
    return given


def texts_of(given: Any) -> list[str]:
    """Several texts.

    Raises:
        NotTextError: it is one string, no sequence, or something in it is no text.
    """
    if isinstance(given, str) or not hasattr(given, "__iter__"):
        raise NotTextError(f"texts must be a list of strings; got {type(given).__name__}.")
    texts = list(given)
    for number, text in enumerate(texts):
        if not isinstance(text, str):
            raise NotTextError(f"Item {number} of texts must be a string; got {type(text).__name__}.")
    return texts


def contents(items: Any, kind: type, text: Callable[[Any], Any]) -> list[str]:
    """The texts of another library's documents; those without one count as empty.

    Raises:
        NotTextError: an item is no document of that library.
    """
    if isinstance(items, str) or not hasattr(items, "__iter__"):
        raise NotTextError(f"documents must be a list of {kind.__name__}; got {type(items).__name__}.")
    found = []
    for number, item in enumerate(items):
        if not isinstance(item, kind):
            raise NotTextError(f"Item {number} of documents must be a {kind.__name__}; got {type(item).__name__}.")
        found.append(text(item) or "")
    return found


def _of_family(model: Any, family: type) -> None:
    if not isinstance(model, family):
        raise InputError(
            f"model must be a name, a folder or a {family.__name__}; got {type(model).__name__}, which is none."
        )
