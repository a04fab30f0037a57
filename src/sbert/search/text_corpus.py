"""Texts that are searched by meaning: a model, its vectors of them, and the search in one object."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias, overload

import numpy as np

from ..checkpoints.read import MULTI_VECTOR_ENCODER
from ..errors import InputError, NotTextError
from ..types import FloatArray
from ..vectors import as_rows
from .corpus import Corpus
from .late_interaction import MultiVectorCorpus
from .sparse import SparseCorpus

if TYPE_CHECKING:
    from ..models.multi_vector_encoder import MultiVectorEncoder
    from ..models.sentence_transformer import SentenceTransformer
    from ..models.sparse_encoder import SparseEncoder

    #: What embeds queries and texts.
    TextModel: TypeAlias = SentenceTransformer | SparseEncoder | MultiVectorEncoder


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
        model: embeds queries, and the texts: a :class:`~sbert.SentenceTransformer`; a :class:`~sbert.SparseEncoder`
            that compares by dot product, whose vectors an inverted index searches; or a
            :class:`~sbert.MultiVectorEncoder`, whose sets of vectors are compared by MaxSim.
        texts: what is searched.
        embeddings: vectors of the texts by that model, (n, d), where they are at hand; computed by default.
        first_pass: as for :class:`~sbert.search.Corpus`; for dense vectors.

    Raises:
        NotTextError: a text is not one.
        InputError: there are not as many vectors as texts, or vectors are not finite.
    """

    def __init__(
        self,
        model: TextModel,
        texts: Sequence[str],
        embeddings: Any = None,
        *,
        first_pass: str | None = None,
    ) -> None:
        if isinstance(texts, str):
            raise NotTextError("texts must be texts in a list; got a single string.")
        self.model, self.texts = model, texts
        self._vectors = model.encode_document(list(texts)) if embeddings is None else embeddings
        #: Whether a score of 0 means no word in common: of sparse vectors, that compare by dot product.
        self.sparse = hasattr(self._vectors, "tocsr")
        self._corpus = self._corpus_of(first_pass)
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
        found = self.found(self.model.encode_query(queries), top_k)
        return found[0] if isinstance(query, str) else found

    def found(self, query_embeddings: Any, top_k: int) -> list[list[FoundText]]:
        """The texts most like each query, given by its vector; arguments as for :meth:`search`."""
        hits = self._corpus.search(query_embeddings, top_k)
        return [
            [FoundText(number, self.texts[number], score) for number, score in zip(ids, scores, strict=True)]
            for ids, scores in zip(hits.ids.tolist(), hits.scores.tolist(), strict=True)
        ]

    def scores(self, query_embedding: Any, ids: Sequence[int]) -> FloatArray:
        """The similarities of some texts with one query, given by its vector, (1, d): (n,) float32."""
        if isinstance(self._corpus, MultiVectorCorpus):
            return self._corpus.scores(query_embedding, list(ids))
        scores: FloatArray = np.asarray(self.model.similarity(query_embedding, self._vectors[list(ids)]), np.float32)[0]
        return scores

    def _corpus_of(self, first_pass: str | None) -> Corpus | SparseCorpus | MultiVectorCorpus:
        if self.sparse:
            return self._sparse_corpus()
        if self.model.family == MULTI_VECTOR_ENCODER:
            mean = self.model.similarity_fn_name == "meanmaxsim"
            corpus = MultiVectorCorpus(self._vectors, length_normalize=mean)
            self._vectors = None  # packed in the corpus, which gives the scores too
            return corpus
        return self._dense_corpus(first_pass)

    def _dense_corpus(self, first_pass: str | None) -> Corpus:
        self._vectors = as_rows(self._vectors, "embeddings")
        return Corpus(self._vectors, score_function=self.model.similarity_fn_name, first_pass=first_pass)

    def _sparse_corpus(self) -> SparseCorpus:
        if self.model.similarity_fn_name != "dot":
            raise InputError(
                "Sparse vectors are searched by dot product; the model compares by "
                f"{str(self.model.similarity_fn_name)!r}. Set model.similarity_fn_name to 'dot'."
            )
        self._vectors = self._vectors.tocsr()
        return SparseCorpus(self._vectors)
