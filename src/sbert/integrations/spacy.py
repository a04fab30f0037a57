"""spaCy: a component ``sbert`` that gives documents, spans and tokens their vectors, in any pipeline."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import DimensionError, MissingDependencyError
from ..types import FloatArray
from ._adapting import MODEL, Encoder

try:
    from spacy.language import Language
    from spacy.tokens import Doc
except ImportError as error:
    raise MissingDependencyError("spacy", "be a step of its pipelines", "spacy") from error

SETTINGS = "sbert.json"


class SbertPipe:
    """Sets ``doc._.embedding`` and the hooks behind ``vector`` and ``similarity`` of documents, spans and tokens.

    A document is encoded when it passes, spans and tokens when they are asked, each by its own text. Hooks do not
    survive ``Doc.to_bytes``, so neither do they ``nlp.pipe(n_process=2)``; ``doc._.embedding`` does.

    Args:
        model: name or folder of a dense model, or the model.
        encode: options of ``encode``, such as ``{"normalize_embeddings": True}``.

    Raises:
        InputError: an option is unknown, or the model is not dense.

    >>> nlp = spacy.blank("en")  # doctest: +SKIP
    >>> nlp.add_pipe("sbert", config={"model": "all-MiniLM-L6-v2"})  # doctest: +SKIP
    >>> nlp("A cat sleeps.").similarity(nlp("A pet rests."))  # doctest: +SKIP
    """

    def __init__(self, model: Any = MODEL, encode: dict[str, Any] | None = None) -> None:
        self._encoder = Encoder(model, encode or {})
        if not Doc.has_extension("embedding"):
            Doc.set_extension("embedding", default=None)

    def __call__(self, doc: Any) -> Any:
        """Give one document its vector."""
        return self._embedded([doc])[0]

    def pipe(self, stream: Iterable[Any], *, batch_size: int = 128) -> Iterator[Any]:
        """Give documents their vectors, ``batch_size`` at a time."""
        documents = iter(stream)
        while batch := list(islice(documents, batch_size)):
            yield from self._embedded(batch)

    def to_disk(self, path: Any, *, exclude: Any = ()) -> None:  # noqa: ARG002
        """Write the model's name and the options; no weights."""
        folder = Path(path)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / SETTINGS).write_bytes(self.to_bytes())

    def from_disk(self, path: Any, *, exclude: Any = ()) -> SbertPipe:  # noqa: ARG002
        """Read what :meth:`to_disk` wrote."""
        return self.from_bytes((Path(path) / SETTINGS).read_bytes())

    def to_bytes(self, *, exclude: Any = ()) -> bytes:  # noqa: ARG002
        """The model's name and the options."""
        return json.dumps({"model": self._encoder.lasting_name, "encode": self._encoder.options}).encode()

    def from_bytes(self, data: bytes, *, exclude: Any = ()) -> SbertPipe:  # noqa: ARG002
        """Read what :meth:`to_bytes` gave."""
        settings = json.loads(data)
        self._encoder = Encoder(settings["model"], settings["encode"])
        return self

    def _embedded(self, documents: list[Any]) -> list[Any]:
        vectors = self._encoder.array([document.text for document in documents])
        for document, vector in zip(documents, vectors, strict=True):
            document._.embedding = vector
            document.user_hooks |= {"vector": _embedding, "has_vector": _yes, "similarity": _similarity}
            own = {"vector": self._of_text, "has_vector": _yes, "similarity": _similarity}
            document.user_span_hooks |= own
            document.user_token_hooks |= own
        return documents

    def _of_text(self, part: Any) -> FloatArray:
        vector: FloatArray = self._encoder.array([part.text])[0]
        return vector


@Language.factory("sbert", assigns=["doc._.embedding"], default_config={"model": MODEL, "encode": {}})  # type: ignore[untyped-decorator]
def make_sbert(nlp: Any, name: str, model: str, encode: dict[str, Any]) -> SbertPipe:  # noqa: ARG001
    """The component, from a pipeline's config."""
    return SbertPipe(model, encode)


def _embedding(document: Any) -> Any:
    return document._.embedding


def _yes(_: Any) -> bool:
    return True


def _similarity(one: Any, other: Any) -> float:
    """The cosine; 0 where one of the two has no direction."""
    a, b = np.asarray(one.vector, np.float32), np.asarray(other.vector, np.float32)
    if a.shape != b.shape:
        raise DimensionError(f"Vectors of {a.size} and {b.size} numbers do not compare. Use one pipeline for both.")
    lengths = float(np.linalg.norm(a) * np.linalg.norm(b))
    return float(a @ b) / lengths if lengths else 0.0
