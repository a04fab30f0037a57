"""Modules that read words: a vector for each, or how often each stands in a text."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from ...checkpoints.modules import BoWSpec, WordEmbeddingsSpec
from ...checkpoints.modules.dense import SENTENCE, TOKENS
from ...checkpoints.modules.word_embeddings import UNLIMITED
from ...checkpoints.modules.word_tokenizer import WordTokenizerSpec
from ...text import WhitespaceTokenizer, WordTokenizer
from ...text.word_vectors import read_word_vectors
from ...types import AnyArray
from .base import Features, Input, arrays, feature
from .tables import serialized_tokenizer, table_of


class WordEmbeddings(Input):
    """A vector for each word, such as GloVe's: the input of a pooling or of a network such as an LSTM.

    Args:
        tokenizer: a :class:`~sbert.text.WordTokenizer`, or one of transformers or the ``tokenizers`` library.
        embedding_weights: (words, width), a row for each number that the tokenizer gives.
        update_embeddings: whether the table changes in training.
        max_seq_length: number of words that are read of a text.

    Raises:
        InputError: the table is not one, or the tokenizer of another kind.
    """

    def __init__(
        self,
        tokenizer: Any,
        embedding_weights: AnyArray | Tensor | Sequence[Sequence[float]],
        update_embeddings: bool = False,
        max_seq_length: int | None = UNLIMITED,
    ) -> None:
        super().__init__()
        table = table_of(embedding_weights)
        length = None if max_seq_length is None or max_seq_length >= UNLIMITED else max_seq_length
        words = tokenizer.spec if isinstance(tokenizer, WordTokenizer) else None
        written = None if words is not None else serialized_tokenizer(tokenizer)
        self.tokenizer = tokenizer
        self._set(
            WordEmbeddingsSpec(
                Path(), table.shape[1], words, update_embeddings, max_seq_length=length, tokenizer_json=written
            ),
            table,
        )

    @classmethod
    def from_text_file(
        cls,
        embeddings_file_path: str | os.PathLike[str],
        update_embeddings: bool = False,
        item_separator: str = " ",
        tokenizer: WordTokenizer | None = None,
        max_vocab_size: int | None = None,
    ) -> WordEmbeddings:
        """Read word vectors from a text file, such as those of GloVe, word2vec or fastText.

        Args:
            embeddings_file_path: a word a line, with its numbers; may be compressed (``.gz``).
            update_embeddings: whether the table changes in training.
            item_separator: what stands between a word and its numbers.
            tokenizer: what takes texts apart; it is given the file's words. Without one, at spaces and with English
                stop words left out.
            max_vocab_size: words that are read at the most.

        Raises:
            CheckpointError: the file is not there, or holds no word vectors.
        """
        words, table = read_word_vectors(Path(embeddings_file_path), item_separator, max_vocab_size)
        return cls((tokenizer or WhitespaceTokenizer()).with_words(words), table, update_embeddings)

    @classmethod
    def from_spec(cls, spec: WordEmbeddingsSpec) -> WordEmbeddings:
        """Make the module of its spec, with the table in float32."""
        module = cls.__new__(cls)
        Input.__init__(module)
        module._set(spec, torch.tensor(np.asarray(spec.table())))
        return module

    def _set(self, spec: WordEmbeddingsSpec, table: Tensor) -> None:
        self._spec, self.max_seq_length, self.update_embeddings = spec, spec.max_seq_length, spec.trained
        self.emb_layer = nn.Embedding(len(table), table.shape[1], _weight=table)
        self.emb_layer.weight.requires_grad_(spec.trained)

    def to_spec(self) -> WordEmbeddingsSpec:  # noqa: D102
        return replace(
            self._spec, trained=self.update_embeddings, max_seq_length=self.max_seq_length, tensors=arrays(self)
        )

    def forward(self, features: Features) -> Features:
        """Add ``token_embeddings`` (B, T, width) of ``input_ids`` (B, T)."""
        features[TOKENS] = self.emb_layer(feature(features, "input_ids"))
        return features

    def get_embedding_dimension(self) -> int:
        """Width of the table."""
        return self.emb_layer.embedding_dim

    get_word_embedding_dimension = get_embedding_dimension


class BoW(Input):
    """Counts the words of a text: a number for each word of the vocabulary.

    Args:
        vocab: the words; repeated ones count as one.
        word_weights: what a word counts; one that has none counts as its lower-case form does.
        unknown_word_weight: what words count that have none.
        cumulative_term_frequency: whether a word counts each time that it stands in a text, or once.
    """

    weight: Tensor

    def __init__(
        self,
        vocab: Sequence[str],
        word_weights: Mapping[str, float] | None = None,
        unknown_word_weight: float = 1,
        cumulative_term_frequency: bool = True,
    ) -> None:
        super().__init__()
        words = WordTokenizerSpec(tuple(dict.fromkeys(vocab)))
        self._set(
            BoWSpec(Path(), words, dict(word_weights or {}), float(unknown_word_weight), cumulative_term_frequency)
        )

    @classmethod
    def from_spec(cls, spec: BoWSpec) -> BoW:
        """Make the module of its spec."""
        module = cls.__new__(cls)
        Input.__init__(module)
        module._set(spec)
        return module

    def _set(self, spec: BoWSpec) -> None:
        self._spec = spec
        self.max_seq_length = spec.max_seq_length
        self.tokenizer = WhitespaceTokenizer(spec.words.vocabulary, ())
        self.register_buffer("weight", torch.tensor(spec.weight()), persistent=False)

    def to_spec(self) -> BoWSpec:  # noqa: D102
        return self._spec

    def forward(self, features: Features) -> Features:
        """Add ``sentence_embedding`` (B, words) of ``input_ids`` (B, T)."""
        ids, mask = feature(features, "input_ids"), feature(features, "attention_mask").to(self.weight.dtype)
        counts = self.weight.new_zeros(len(ids), len(self.weight)).scatter_add_(1, ids, mask)
        features[SENTENCE] = self.weight * (counts if self._spec.counts else counts.clamp(max=1))
        return features

    def get_embedding_dimension(self) -> int:
        """Number of words."""
        return len(self.weight)

    get_sentence_embedding_dimension = get_embedding_dimension
