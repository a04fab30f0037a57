"""MaxSim with gradients: each query token's best document token, summed (https://arxiv.org/abs/2004.12832)."""

from __future__ import annotations

import torch
from torch import Tensor

from .token_vectors import TokenVectors

#: Products of token vectors that are held at a time, so many numbers.
_NUMBERS = 1 << 26


def colbert_scores(queries: TokenVectors, documents: TokenVectors, documents_at_once: int | None = None) -> Tensor:
    """MaxSim of every query with every document.

    Args:
        queries: n texts.
        documents: m texts. One without a token scores 0.
        documents_at_once: how many are compared at a time; as many as fit into a fixed memory by default.

    Returns:
        (n, m); larger for more similar.
    """
    each = len(queries) * queries.vectors.shape[1] * documents.vectors.shape[1]
    size = documents_at_once or max(1, _NUMBERS // max(1, each))
    parts = []
    for start in range(0, len(documents), size):
        vectors, mask = documents.vectors[start : start + size], documents.mask[start : start + size]
        products = torch.einsum("qid,kjd->qkij", queries.vectors, vectors)
        parts.append(_summed(products, mask[None, :, None, :], queries.mask[:, None, :]))
    return torch.cat(parts, dim=1)


def colbert_pairwise(queries: TokenVectors, documents: TokenVectors) -> Tensor:
    """MaxSim of row i of both, (n,)."""
    products = torch.einsum("qid,qjd->qij", queries.vectors, documents.vectors)
    return _summed(products, documents.mask[:, None, :], queries.mask)


def _summed(products: Tensor, documents: Tensor, queries: Tensor) -> Tensor:
    """The greatest product of each query token with document tokens that count, summed over query tokens that count.

    Where no document token counts it is 0, without a gradient.
    """
    lowest = torch.finfo(products.dtype).min
    best = products.masked_fill(~documents, lowest).max(dim=-1).values
    best = best.masked_fill(~documents.any(dim=-1).expand_as(best), 0.0)
    # A sum over tokens is far greater than what tells two documents apart: half the digits do not hold both.
    return (best * queries).sum(dim=-1, dtype=torch.promote_types(best.dtype, torch.float32))
