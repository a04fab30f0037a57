"""Vectors spread over all directions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import relu

from ..errors import InputError, one_of
from ..similarity import cos_sim
from .base import Loss, name_of

AGGREGATIONS = ("mean", "sum")


class GlobalOrthogonalRegularizationLoss(Loss):
    """How far similarities of a batch's texts are from those of random directions; to be added to another loss.

    Of the similarities of different texts of a column, ``mean^2`` and ``max(0, mean of squares - 1 / d)``: those of
    random unit vectors have the mean 0 and the mean square 1 / d. It gives both parts by name. Zhang et al.,
    https://arxiv.org/abs/1708.06320.

    Args:
        model: to be trained. Its columns are any number.
        similarity_fct: compares all rows with all: (n, d) and (m, d) to (n, m).
        mean_weight: of the first part; 0 or None to leave it out.
        second_moment_weight: of the second.
        aggregation: ``mean`` or ``sum`` over columns.

    Raises:
        InputError: nothing is left, or the aggregation is not known.
    """

    columns = (1, None)

    def __init__(
        self,
        model: Any,
        similarity_fct: Callable[[Any, Any], Any] = cos_sim,
        mean_weight: float | None = 1.0,
        second_moment_weight: float | None = 1.0,
        aggregation: str = "mean",
    ) -> None:
        super().__init__(model)
        if not mean_weight and not second_moment_weight:
            raise InputError("mean_weight and second_moment_weight are both 0: nothing would be trained.")
        if aggregation not in AGGREGATIONS:
            raise one_of("aggregation", aggregation, AGGREGATIONS)
        self.similarity_fct, self.aggregation = similarity_fct, aggregation
        self.mean_weight, self.second_moment_weight = mean_weight or 0.0, second_moment_weight or 0.0

    def loss(self, embeddings: list[Tensor], labels: Any) -> dict[str, Tensor]:  # noqa: ARG002, D102
        parts = [self._parts(column) for column in embeddings]
        means, squares = (torch.stack(part) for part in zip(*parts, strict=True))
        found = {}
        if self.mean_weight:
            found["gor_mean"] = self.mean_weight * self._of_columns(means)
        if self.second_moment_weight:
            found["gor_second_moment"] = self.second_moment_weight * self._of_columns(squares)
        return found

    def get_config_dict(self) -> dict[str, Any]:  # noqa: D102
        settings = {name: getattr(self, name) for name in ("mean_weight", "second_moment_weight", "aggregation")}
        return {"similarity_fct": name_of(self.similarity_fct)} | settings

    def _parts(self, vectors: Tensor) -> tuple[Tensor, Tensor]:
        rows, width = vectors.shape
        own = torch.eye(rows, dtype=torch.bool, device=vectors.device)
        others = self.similarity_fct(vectors, vectors).masked_fill(own, 0)
        couples = max(rows * (rows - 1), 1)
        return (others.sum() / couples) ** 2, relu((others**2).sum() / couples - 1 / width)

    def _of_columns(self, parts: Tensor) -> Tensor:
        return parts.sum() if self.aggregation == "sum" else parts.mean()
