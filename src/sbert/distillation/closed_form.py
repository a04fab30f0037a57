"""The steps that need no fitting: token vectors, principal axes, weights by frequency."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..similarity import unit
from ..text import Tokenizer
from ..types import FloatArray

if TYPE_CHECKING:
    from ..models.sentence_transformer import SentenceTransformer

# The smoothing "a" of the weights a / (a + p), for probabilities counted in texts, and for those guessed from ranks,
# which are rougher. Found with MiniLM on the development pairs of the STS benchmark.
SMOOTHING, RANK_SMOOTHING = 3e-4, 2e-5


def token_texts(tokenizer: Tokenizer) -> list[str]:
    """Each token of a vocabulary as a text, in the order of their numbers; empty for special tokens and gaps."""
    numbers = tokenizer.vocabulary().values()
    texts = [""] * (max(numbers) + 1)
    for number in numbers:
        # A piece from within a word has WordPiece's sign in front.
        texts[number] = tokenizer.decode([number]).strip().removeprefix("##")
    return texts


def token_vectors(teacher: SentenceTransformer, show_progress_bar: bool | None) -> FloatArray:
    """The teacher's vector of each token, as if it were a text: (tokens, width) float32, centred.

    Centred, since all have in common that they are vectors of a single token. Special tokens and gaps get zeros.
    """
    texts = token_texts(teacher._tokenizer)
    real = np.array([bool(text) for text in texts])
    wanted = [text for text in texts if text]
    found = teacher.encode(wanted, show_progress_bar=show_progress_bar, on_truncation="ignore")
    vectors = np.zeros((len(texts), found.shape[1]), np.float32)
    vectors[real] = found - found.mean(axis=0)
    return vectors


def principal_axes(vectors: FloatArray, dimension: int) -> FloatArray:
    """The directions in which vectors are largest: (width, dimension) float32, orthonormal, the largest first.

    Principal component analysis without centring, so that projections keep dot products as well as can be.
    """
    wide = vectors.astype(np.float64)
    _, axes = np.linalg.eigh(wide.T @ wide)  # smallest first
    largest: FloatArray = np.ascontiguousarray(axes[:, ::-1][:, :dimension], dtype=np.float32)
    return largest


def rank_probabilities(tokens: int) -> FloatArray:
    """Zipf's law: probabilities of tokens whose numbers are their ranks, as in vocabularies built by frequency."""
    inverse = 1 / np.arange(2, tokens + 2)
    probabilities: FloatArray = inverse / inverse.sum()
    return probabilities


def counted_probabilities(ids: np.ndarray, tokens: int) -> FloatArray:
    """Probabilities of tokens as counted in texts; one is added to each count, for those that did not come up."""
    counts = np.bincount(ids, minlength=tokens) + 1
    probabilities: FloatArray = counts / counts.sum()
    return probabilities


def frequency_weights(probabilities: FloatArray, smoothing: float) -> FloatArray:
    """Smooth inverse frequency: ``a / (a + p)``, so that rare words count most (Arora et al. 2017,
    https://openreview.net/forum?id=SyK00v5xx).

    Returns:
        One weight a token, (tokens,) float32.
    """
    weights: FloatArray = (smoothing / (smoothing + probabilities)).astype(np.float32)
    return weights


def mean_cosine(a: FloatArray, b: FloatArray) -> float:
    """The mean cosine of rows with their partners."""
    return float((unit(a) * unit(b)).sum(axis=1).mean())
