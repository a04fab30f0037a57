"""What a teacher knows: its vectors, the margins of its scores, or their distribution."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import kl_div, log_softmax, mse_loss, softmax

from ..errors import InputError
from ..similarity import pairwise_dot_score
from .base import Loss, name_of
from .embed_distill import EmbedDistillLoss
from .margins import teacher_margins

Similarity = Callable[[Any, Any], Any]


class MSELoss(EmbedDistillLoss):
    """The squared difference of vectors and a teacher's: of the same texts, or of what they translate.

    Reimers and Gurevych, https://arxiv.org/abs/2004.09813.

    Args:
        model: to be trained. Its columns are any number, its labels as for :class:`EmbedDistillLoss`.
        projection_dim: as for :class:`EmbedDistillLoss`.
    """

    def __init__(self, model: Any, projection_dim: int | None = None) -> None:
        super().__init__(model, "mse", projection_dim)

    def get_config_dict(self) -> dict[str, Any]:  # noqa: D102
        return {"projection_dim": self.projection_dim}


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
        wanted = teacher_margins(labels, len(negatives)).to(margins.dtype)
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
        student_temperature: T of the student alone, which is also the one in front; ``temperature`` by default.
        teacher_temperature: T of the teacher alone, whose scores may be spread otherwise; ``temperature`` by default.

    Raises:
        InputError: a temperature is not above 0.
    """

    columns = (3, None)
    label = "the teacher's scores"

    def __init__(
        self,
        model: Any,
        similarity_fct: Similarity = pairwise_dot_score,
        temperature: float = 1.0,
        student_temperature: float | None = None,
        teacher_temperature: float | None = None,
    ) -> None:
        super().__init__(model)
        self.similarity_fct, self.temperature = similarity_fct, temperature
        self.student_temperature = temperature if student_temperature is None else student_temperature
        self.teacher_temperature = temperature if teacher_temperature is None else teacher_temperature
        for name in ("temperature", "student_temperature", "teacher_temperature"):
            if not 0 < getattr(self, name) < math.inf:
                raise InputError(f"{name} must be above 0; got {getattr(self, name)}.")

    def loss(self, embeddings: list[Tensor], labels: Any) -> Tensor:  # noqa: D102
        query, *candidates = embeddings
        scores = torch.stack([self.similarity_fct(query, candidate) for candidate in candidates], dim=1)
        if labels.shape != scores.shape:
            raise InputError(
                f"labels must be a score a candidate, {tuple(scores.shape)}; got the shape {tuple(labels.shape)}."
            )
        told = log_softmax(scores / self.student_temperature, dim=1)
        wanted = softmax(labels.to(scores.dtype) / self.teacher_temperature, dim=1)
        return kl_div(told, wanted, reduction="batchmean") * self.student_temperature**2

    def get_config_dict(self) -> dict[str, Any]:  # noqa: D102
        settings = {"similarity_fct": name_of(self.similarity_fct), "temperature": self.temperature}
        own = {name: getattr(self, name) for name in ("student_temperature", "teacher_temperature")}
        return settings | {name: value for name, value in own.items() if value != self.temperature}
