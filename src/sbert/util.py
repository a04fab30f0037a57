"""The functions that scripts import: comparing, searching, shortening and quantising vectors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TypeVar, overload

from .errors import InputError
from .process import without_collector
from .quantization import quantize_embeddings
from .search.communities import communities
from .search.duplicates import Encoder
from .search.exact import search
from .search.hard_negatives import mine_hard_negatives
from .search.mining import paraphrases
from .search.pairs import TILE
from .search.scoring import ScoreFunction
from .search.with_faiss import semantic_search_faiss
from .search.with_usearch import semantic_search_usearch
from .similarity import (
    SimilarityFunction,
    cos_sim,
    dot_score,
    euclidean_sim,
    manhattan_sim,
    pairwise_angle_sim,
    pairwise_cos_sim,
    pairwise_dot_score,
    pairwise_euclidean_sim,
    pairwise_manhattan_sim,
    unit,
)
from .types import AnyArray, FloatArray, Vectors
from .vectors import as_floats, as_rows, dimensions, is_tensor

if TYPE_CHECKING:
    import torch

__all__ = [
    "SimilarityFunction",
    "batch_to_device",
    "community_detection",
    "cos_sim",
    "dot_score",
    "euclidean_sim",
    "manhattan_sim",
    "mine_hard_negatives",
    "normalize_embeddings",
    "pairwise_angle_sim",
    "pairwise_cos_sim",
    "pairwise_dot_score",
    "pairwise_euclidean_sim",
    "pairwise_manhattan_sim",
    "paraphrase_mining",
    "paraphrase_mining_embeddings",
    "pytorch_cos_sim",
    "quantize_embeddings",
    "semantic_search",
    "semantic_search_faiss",
    "semantic_search_usearch",
    "truncate_embeddings",
]

#: The old name of :func:`cos_sim`.
pytorch_cos_sim = cos_sim

_Batch = TypeVar("_Batch", bound="dict[str, Any]")


def semantic_search(
    query_embeddings: Vectors,
    corpus_embeddings: Vectors,
    query_chunk_size: int = 100,
    corpus_chunk_size: int = 100_000,
    top_k: int = 10,
    score_function: ScoreFunction = cos_sim,
) -> list[list[dict[str, int | float]]]:
    """Find the corpus rows most like each query: :func:`sbert.search.search`, with its result as lists of dicts.

    Args:
        query_embeddings: (q, d), or (d,) for one query. NumPy, torch or lists.
        corpus_embeddings: (m, d).
        query_chunk_size: queries compared at a time.
        corpus_chunk_size: corpus rows compared at a time.
        top_k: hits for each query.
        score_function: a similarity, its name, or a function of (n, d) and (m, d) that returns (n, m).

    Returns:
        One list for each query of ``{"corpus_id": int, "score": float}``, the best first; of equal scores the smaller
        ``corpus_id`` first.

    Raises:
        DimensionError: queries and corpus differ in width.
        InputError: NaN or infinity in either (the first such row is named), or a size below 1.

    >>> semantic_search([1.0, 0.0], [[0.0, 1.0], [2.0, 0.0]], top_k=1)
    [[{'corpus_id': 1, 'score': 1.0}]]
    """
    return search(
        query_embeddings,
        corpus_embeddings,
        top_k=top_k,
        score_function=score_function,
        query_chunk_size=query_chunk_size,
        corpus_chunk_size=corpus_chunk_size,
    ).to_dicts()


def paraphrase_mining(
    model: Encoder,
    sentences: Sequence[str],
    show_progress_bar: bool = False,
    batch_size: int | None = None,
    query_chunk_size: int = 5000,
    corpus_chunk_size: int = 100_000,
    max_pairs: int = 500_000,
    top_k: int = 100,
    score_function: ScoreFunction = cos_sim,
    truncate_dim: int | None = None,
    prompt_name: str | None = None,
    prompt: str | None = None,
) -> list[list[float | int]]:
    """Embed sentences and find the most similar pairs among them: :func:`sbert.search.paraphrases`, as lists.

    Args:
        model: what embeds them.
        sentences: the n sentences.
        show_progress_bar: of the embedding.
        batch_size: sentences in a batch at the most.
        query_chunk_size: sentences that are compared at a time.
        corpus_chunk_size: sentences that those are compared with at a time.
        max_pairs: pairs returned at the most.
        top_k: for each sentence, only pairs with so many nearest ones are looked at.
        score_function: a similarity, its name, or a symmetric function of (n, d) and (m, d) that returns (n, m).
        truncate_dim: leading dimensions to use; None for the model's own.
        prompt_name: name of the prompt to put before each sentence.
        prompt: the prompt itself.

    Returns:
        ``[score, i, j]`` with ``i < j`` for each pair, the most similar first.

    Raises:
        InputError: a size below 1, or what ``encode`` raises.
    """
    embeddings = model.encode(
        sentences,
        show_progress_bar=show_progress_bar,
        batch_size=batch_size,
        truncate_dim=truncate_dim,
        prompt_name=prompt_name,
        prompt=prompt,
    )
    return paraphrase_mining_embeddings(
        embeddings, query_chunk_size, corpus_chunk_size, max_pairs, top_k, score_function
    )


def paraphrase_mining_embeddings(
    embeddings: Vectors,
    query_chunk_size: int = 5000,
    corpus_chunk_size: int = 100_000,
    max_pairs: int = 500_000,
    top_k: int = 100,
    score_function: ScoreFunction = cos_sim,
) -> list[list[float | int]]:
    """Find the most similar pairs among vectors: :func:`sbert.search.paraphrases`, as lists.

    Args:
        embeddings: (n, d). NumPy, torch or lists.
        query_chunk_size: rows that are compared at a time.
        corpus_chunk_size: rows that those are compared with at a time.
        max_pairs: pairs returned at the most.
        top_k: for each row, only pairs with so many nearest ones are looked at.
        score_function: as for :func:`paraphrase_mining`.

    Returns:
        ``[score, i, j]`` with ``i < j`` for each pair, the most similar first.

    Raises:
        InputError: NaN or infinity (the first such row is named), or a size below 1.

    >>> paraphrase_mining_embeddings([[1.0, 0.0], [0.0, 1.0], [2.0, 0.0]], max_pairs=1)
    [[1.0, 0, 2]]
    """
    found = paraphrases(
        embeddings,
        max_pairs=max_pairs,
        top_k=top_k,
        score_function=score_function,
        query_chunk_size=query_chunk_size,
        corpus_chunk_size=corpus_chunk_size,
    )
    with without_collector():
        return [list(pair) for pair in found]


def community_detection(
    embeddings: Vectors,
    threshold: float = 0.75,
    min_community_size: int = 10,
    batch_size: int = 1024,
    show_progress_bar: bool = False,
) -> list[list[int]]:
    """Group rows around centres that they are similar to: :func:`sbert.search.communities`, as lists.

    Args:
        embeddings: (n, d). NumPy, torch or lists.
        threshold: the least cosine of a row with the centre of its community.
        min_community_size: the least number of rows, the centre included.
        batch_size: rows compared at a time; 2,048 at the least, which are quicker.
        show_progress_bar: whether to show one.

    Returns:
        Row numbers of each community, the centre first; the largest community first.

    Raises:
        InputError: NaN or infinity, or a size below 1.

    >>> community_detection([[1, 0], [0, 1], [3, 0.1], [0.1, 2]], threshold=0.9, min_community_size=2)
    [[0, 2], [1, 3]]
    """
    found = communities(
        embeddings,
        threshold=threshold,
        min_size=min_community_size,
        chunk_size=max(batch_size, TILE),
        show_progress_bar=show_progress_bar,
    )
    return [community.tolist() for community in found]


@overload
def normalize_embeddings(embeddings: torch.Tensor) -> torch.Tensor: ...
@overload
def normalize_embeddings(embeddings: AnyArray | list[Any]) -> FloatArray: ...
def normalize_embeddings(embeddings: Vectors) -> Any:
    """Scale vectors to length 1.

    Args:
        embeddings: (..., d), NumPy or torch, or lists (n, d) or (d,).

    Returns:
        The same shape, float64 when that was given, else float32. Zero vectors stay zero.

    >>> normalize_embeddings([3.0, 4.0])
    array([0.6, 0.8], dtype=float32)
    """
    if not isinstance(embeddings, (list, tuple)):
        return unit(as_floats(embeddings))
    rows = unit(as_floats(as_rows(embeddings, "embeddings")))
    return rows if dimensions(embeddings) > 1 else rows.reshape(-1)


@overload
def truncate_embeddings(embeddings: torch.Tensor, truncate_dim: int | None) -> torch.Tensor: ...
@overload
def truncate_embeddings(embeddings: AnyArray, truncate_dim: int | None) -> AnyArray: ...
def truncate_embeddings(embeddings: Any, truncate_dim: int | None) -> Any:
    """Keep the first numbers of each vector, as models trained with Matryoshka losses allow.

    Args:
        embeddings: (..., d), NumPy or torch.
        truncate_dim: how many to keep; None keeps all, and so does a number greater than d.

    Returns:
        (..., min(d, truncate_dim)), a view. Not of length 1 any more.

    Raises:
        InputError: ``truncate_dim`` is below 1.
    """
    if truncate_dim is not None and truncate_dim < 1:
        raise InputError(f"truncate_dim must be at least 1, or None to keep all; got {truncate_dim}.")
    return embeddings[..., :truncate_dim]


def batch_to_device(batch: _Batch, target_device: torch.device | str | int) -> _Batch:
    """Move the tensors of a batch to a device.

    Args:
        batch: names and values; changed in place, values other than tensors stay.
        target_device: as torch names it.

    Returns:
        The same dictionary.
    """
    for name, value in batch.items():
        if is_tensor(value):
            batch[name] = value.to(target_device)
    return batch
