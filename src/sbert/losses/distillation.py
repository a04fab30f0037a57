"""What a teacher knows: its vectors, the margins of its scores, or their distribution."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import kl_div, log_softmax, mse_loss, softmax

from ..errors import InputError
from ..similarity import pairwise_dot_score
from .base import Loss, name_of

Similarity = Callable[[Any, Any], Any]


class MSELoss(Loss):
    """The squared difference of vectors and a teacher's: of the same texts, or of what they translate.

    Reimers and Gurevych, https://arxiv.org/abs/2004.09813.

    Args:
        model: to be trained. Its columns are any number, its labels the teacher's vectors, (B, d), for all columns.
    """

    columns = (1, None)
    label = "the teacher's vectors"

    def loss(self, embeddings: list[Tensor], labels: Any) -> Tensor:  # noqa: D102
        if labels.shape != embeddings[0].shape:
            raise InputError(
                f"labels must be vectors like the model's, {tuple(embeddings[0].shape)}; got {tuple(labels.shape)}. A "
                "wider teacher can be projected with a Dense module."
            )
        return mse_loss(torch.cat(embeddings), labels.to(embeddings[0].dtype).repeat(len(embeddings), 1))


class MarginMSELoss(Loss):
    """The squared difference of margins: by how much more similar a positive is than a negative, and a teacher says.

    Hofstätter et al., https://arxiv.org/abs/2010.02666.

    Args:
        model: to be trained. Its columns are queries, positives, and one negative or more. Its labels are margins, (B,)
            for one negative or (B, negatives), or the teacher's scores of the positive and the negatives,
            (B, 1 + negatives).
        similarity_fct: compares row i with row i: (B, d) twice to (B,).
    """

    columns = (3, None)
    label = "the teacher's margins, or its scores"

    def __init__(self, model: Any, similarity_fct: Similarity = pairwise_dot_score) -> None:
        super().__init__(model)
        self.similarity_fct = similarity_fct

    def loss(self, embeddings: list[Tensor], labels: Any) -> Tensor:  # noqa: D102
        query, positive, *negatives = embeddings
        near = self.similarity_fct(query, positive)
        margins = torch.stack([near - self.similarity_fct(query, negative) for negative in negatives], dim=1)
        wanted = labels.to(margins.dtype)
        if wanted.dim() == 1:
            wanted = wanted[:, None]
        if wanted.shape[1] == margins.shape[1] + 1:
            wanted = wanted[:, :1] - wanted[:, 1:]
        if wanted.shape != margins.shape:
            raise InputError(
                f"labels must be a margin for each of {margins.shape[1]} negatives, or the scores of the positive and "
                f"those; got the shape {tuple(labels.shape)}."
            )
        return mse_loss(margins, wanted)

    def get_config_dict(self) -> dict[str, Any]:  # noqa: D102
        return {"similarity_fct": name_of(self.similarity_fct)}


class DistillKLDivLoss(Loss):
    """The Kullback-Leibler divergence of how scores of a query's candidates are distributed, from a teacher's.

    ``T^2 KL(softmax(teacher / T) || softmax(student / T))``, the mean over queries. Hinton, Vinyals and Dean,
    https://arxiv.org/abs/1503.02531; for retrieval Lin, Yang and Lin, https://arxiv.org/abs/2010.11386.

    Args:
        model: to be trained. Its columns are queries and two candidates or more, its labels the teacher's scores,
            (B, candidates).
        similarity_fct: compares row i with row i: (B, d) twice to (B,).
        temperature: T; greater ones even the distributions out.
    """

    columns = (3, None)
    label = "the teacher's scores"

    def __init__(self, model: Any, similarity_fct: Similarity = pairwise_dot_score, temperature: float = 1.0) -> None:
        super().__init__(model)
        self.similarity_fct, self.temperature = similarity_fct, temperature

    def loss(self, embeddings: list[Tensor], labels: Any) -> Tensor:  # noqa: D102
        query, *candidates = embeddings
        scores = torch.stack([self.similarity_fct(query, candidate) for candidate in candidates], dim=1)
        if labels.shape != scores.shape:
            raise InputError(
                f"labels must be a score a candidate, {tuple(scores.shape)}; got the shape {tuple(labels.shape)}."
            )
        told = log_softmax(scores / self.temperature, dim=1)
        wanted = softmax(labels.to(scores.dtype) / self.temperature, dim=1)
        return kl_div(told, wanted, reduction="batchmean") * self.temperature**2

    def get_config_dict(self) -> dict[str, Any]:  # noqa: D102
        return {"similarity_fct": name_of(self.similarity_fct), "temperature": self.temperature}
