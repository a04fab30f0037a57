"""Texts that are searched by meaning: a model, its vectors of them, and the search in one object."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, overload

from ..errors import InputError, NotTextError
from ..types import FloatArray, Vectors
from .corpus import Corpus

if TYPE_CHECKING:
    from ..models.sentence_transformer import SentenceTransformer


@dataclass(frozen=True)
class FoundText:
    """A text that was found.

    Attributes:
        id: its number in the corpus.
        passage: the text.
        score: its similarity to the query.
    """

    id: int
    passage: str
    score: float


class TextCorpus:
    """Texts held in memory with their vectors; an :class:`~sbert.Index` keeps them on disk.

    Threads may share it.

    Args:
        model: embeds queries, and the texts.
        texts: what is searched.
        embeddings: vectors of the texts by that model, (n, d), where they are at hand; computed by default.
        first_pass: as for :class:`~sbert.search.Corpus`.

    Raises:
        NotTextError: a text is not one.
        InputError: there are not as many vectors as texts, or vectors are not finite.
    """

    def __init__(
        self,
        model: SentenceTransformer,
        texts: Sequence[str],
        embeddings: Vectors | None = None,
        *,
        first_pass: str | None = None,
    ) -> None:
        if isinstance(texts, str):
            raise NotTextError("texts must be texts in a list; got a single string.")
        self.model, self.texts = model, texts
        vectors: Vectors = model.encode_document(list(texts)) if embeddings is None else embeddings
        self._corpus = Corpus(vectors, score_function=model.similarity_fn_name, first_pass=first_pass)
        if len(self._corpus) != len(texts):
            raise InputError(f"embeddings must have a row for each of the {len(texts)} texts; got {len(self._corpus)}.")

    def __len__(self) -> int:
        return len(self.texts)

    def __repr__(self) -> str:
        return f"TextCorpus({len(self):,} texts, {self.model.spec.name!r})"

    @overload
    def search(self, query: str, top_k: int = ...) -> list[FoundText]: ...
    @overload
    def search(self, query: list[str] | tuple[str, ...], top_k: int = ...) -> list[list[FoundText]]: ...
    def search(
        self, query: str | list[str] | tuple[str, ...], top_k: int = 10
    ) -> list[FoundText] | list[list[FoundText]]:
        """The texts most like a query, the best first; for several queries a list of them each.

        Args:
            query: a text, or several.
            top_k: texts for each.

        Raises:
            NotTextError: a query is not text.
            InputError: ``top_k`` is below 1.
        """
        queries = [query] if isinstance(query, str) else list(query)
        vectors: FloatArray = self.model.encode_query(queries)
        hits = self._corpus.search(vectors, top_k)
        found = [
            [FoundText(number, self.texts[number], score) for number, score in zip(ids, scores, strict=True)]
            for ids, scores in zip(hits.ids.tolist(), hits.scores.tolist(), strict=True)
        ]
        return found[0] if isinstance(query, str) else found
