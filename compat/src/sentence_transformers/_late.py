"""Late interaction's scores as tensors."""

from __future__ import annotations

from typing import Any

import torch

import sbert.late_interaction


def maxsim(queries: Any, documents: Any, *, length_normalize: bool = False) -> torch.Tensor:
    """MaxSim of every query with every document, (n, m); each is (tokens, width)."""
    return torch.from_numpy(sbert.late_interaction.maxsim(queries, documents, length_normalize=length_normalize))


def maxsim_pairwise(queries: Any, documents: Any, *, length_normalize: bool = False) -> torch.Tensor:
    """MaxSim of queries with documents one by one, (n,)."""
    return torch.from_numpy(
        sbert.late_interaction.maxsim_pairwise(queries, documents, length_normalize=length_normalize)
    )


def mean_maxsim(queries: Any, documents: Any) -> torch.Tensor:
    """:func:`maxsim` divided by the number of the query's tokens."""
    return maxsim(queries, documents, length_normalize=True)


def mean_maxsim_pairwise(queries: Any, documents: Any) -> torch.Tensor:
    """:func:`maxsim_pairwise` divided by the number of the query's tokens."""
    return maxsim_pairwise(queries, documents, length_normalize=True)
