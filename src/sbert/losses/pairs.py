"""Pairs with a label: how similar two texts should be."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import relu

from ..similarity import pairwise_angle_sim, pairwise_cos_sim
from .base import Loss, name_of
from .distances import cosine_distance
from .labels import between, zero_or_one

Similarity = Callable[[Any, Any], Any]

_DEGREE, _KIND = "how similar the two texts are, greater for more", "1 for a pair that belongs together, 0 for others"


class CosineSimilarityLoss(Loss):
    """The squared difference of the cosine and the label: the regression objective of SBERT.

    Reimers and Gurevych, https://arxiv.org/abs/1908.10084, section 3.

    Args:
        model: to be trained. Its columns are two, its labels numbers from 0 (or -1) to 1.
        loss_fct: of cosines and labels, (B,) each.
        cos_score_transformation: of the cosines, before.
    """

    columns = (2, 2)
    label = _DEGREE

    def __init__(
        self,
        model: Any,
        loss_fct: nn.Module | None = None,
        cos_score_transformation: nn.Module | None = None,
    ) -> None:
        super().__init__(model)
        self.loss_fct = loss_fct or nn.MSELoss()
        self.cos_score_transformation = cos_score_transformation or nn.Identity()

    def loss(self, embeddings: list[Tensor], labels: Any) -> Tensor:  # noqa: D102
        cosines = self.cos_score_transformation(pairwise_cos_sim(*embeddings))
        found: Tensor = self.loss_fct(cosines, labels.to(cosines.dtype).view(-1))
        return found

    def check_labels(self, labels: Any) -> None:  # noqa: D102
        if isinstance(self.cos_score_transformation, nn.Identity):
            between(type(self).__name__, labels, -1, 1, "Scale them: a cosine is never beyond.")


class CoSENTLoss(Loss):
    """Pairs should be in the order of their labels: ``log(1 + sum exp(scale * (s[i] - s[j])))``.

    The sum is over all couples of pairs of which ``j`` has the greater label; it is made in n log n steps. Su,
    https://kexue.fm/archives/8847.

    Args:
        model: to be trained. Its columns are two.
        scale: of similarities; the inverse of a temperature.
        similarity_fct: compares row i with row i: (B, d) twice to (B,).
    """

    columns: tuple[int, int | None] = (2, 2)
    label = _DEGREE

    def __init__(self, model: Any, scale: float = 20.0, similarity_fct: Similarity = pairwise_cos_sim) -> None:
        super().__init__(model)
        self.scale, self.similarity_fct = scale, similarity_fct

    def loss(self, embeddings: list[Tensor], labels: Any) -> Tensor:  # noqa: D102
        scores = self.similarity_fct(*embeddings) * self.scale
        degrees, order = labels.view(-1).to(scores.dtype).sort()
        scores = scores[order]
        # log sum exp(-s[j]) of all pairs from place i on: n numbers that hold what n x n differences would.
        behind = torch.logcumsumexp(-scores.flip(0), dim=0).flip(0)
        behind = torch.cat([behind, behind.new_full((1,), -torch.inf)])
        greater = torch.searchsorted(degrees, degrees, right=True)  # the first place of a greater label
        return torch.logsumexp(torch.cat([scores.new_zeros(1), scores + behind[greater]]), dim=0)

    def get_config_dict(self) -> dict[str, Any]:  # noqa: D102
        return {"scale": self.scale, "similarity_fct": name_of(self.similarity_fct)}


class AnglELoss(CoSENTLoss):
    """:class:`CoSENTLoss` of angles in complex space, whose gradient does not vanish where the cosine is near 1 or -1.

    Li and Li, https://arxiv.org/abs/2309.12871.

    Args:
        model: to be trained. Its columns are two with labels; or anchors, positives and one column of negatives or
            more, of which pairs are made: anchors with positives have the label, 1 where there is none, and anchors
            with negatives 1 - that.
        scale: of similarities; the inverse of a temperature.
    """

    columns = (2, None)

    def __init__(self, model: Any, scale: float = 20.0) -> None:
        super().__init__(model, scale, pairwise_angle_sim)

    def check_columns(self, columns: int, labels: bool) -> None:  # noqa: D102
        super().check_columns(columns, labels or columns > 2)

    def loss(self, embeddings: list[Tensor], labels: Any) -> Tensor:  # noqa: D102
        anchors, *others = embeddings
        if len(others) > 1:
            together = anchors.new_ones(len(anchors)) if labels is None else labels.view(-1).to(anchors.dtype)
            labels = torch.cat([together, *[1 - together] * (len(others) - 1)])
        return super().loss([anchors.repeat(len(others), 1), torch.cat(others)], labels)


class ContrastiveLoss(Loss):
    """``(y d^2 + (1 - y) max(0, margin - d)^2) / 2`` of the distance ``d`` and the label ``y``.

    Hadsell, Chopra and LeCun, 2006, http://yann.lecun.com/exdb/publis/pdf/hadsell-chopra-lecun-06.pdf.

    Args:
        model: to be trained. Its columns are two, its labels 0 and 1.
        distance_metric: of row i and row i: (B, d) twice to (B,).
        margin: how far pairs of the label 0 should be.
        size_average: the mean over pairs, or their sum.
    """

    columns = (2, 2)
    label = _KIND

    def __init__(
        self, model: Any, distance_metric: Similarity = cosine_distance, margin: float = 0.5, size_average: bool = True
    ) -> None:
        super().__init__(model)
        self.distance_metric, self.margin, self.size_average = distance_metric, margin, size_average

    def loss(self, embeddings: list[Tensor], labels: Any) -> Tensor:  # noqa: D102
        distances = self.distance_metric(*embeddings)
        together = labels.view(-1).to(distances.dtype)
        found = (together * distances**2 + (1 - together) * relu(self.margin - distances) ** 2) / 2
        whole: Tensor = found.mean() if self.size_average else found.sum()
        return whole

    def check_labels(self, labels: Any) -> None:  # noqa: D102
        zero_or_one(type(self).__name__, labels)

    def get_config_dict(self) -> dict[str, Any]:  # noqa: D102
        return {
            "distance_metric": name_of(self.distance_metric),
            "margin": self.margin,
            "size_average": self.size_average,
        }


class OnlineContrastiveLoss(Loss):
    """:class:`ContrastiveLoss`, not halved, summed over hard pairs alone.

    Hard are those of the label 1 that are farther apart than the nearest of 0, and those of 0 that are nearer than the
    farthest of 1. Where a batch has at most one pair of the other label, hard are those beyond their own mean.

    Args:
        model: to be trained. Its columns are two, its labels 0 and 1.
        distance_metric: of row i and row i: (B, d) twice to (B,).
        margin: how far pairs of the label 0 should be.
    """

    columns = (2, 2)
    label = _KIND

    def __init__(self, model: Any, distance_metric: Similarity = cosine_distance, margin: float = 0.5) -> None:
        super().__init__(model)
        self.distance_metric, self.margin = distance_metric, margin

    def loss(self, embeddings: list[Tensor], labels: Any) -> Tensor:  # noqa: D102
        distances = self.distance_metric(*embeddings)
        together = labels.view(-1) == 1
        near, far = distances[together], distances[~together]
        hard_far = far[far < (near.max() if len(near) > 1 else far.mean())]
        hard_near = near[near > (far.min() if len(far) > 1 else near.mean())]
        found: Tensor = (hard_near**2).sum() + (relu(self.margin - hard_far) ** 2).sum()
        return found

    def check_labels(self, labels: Any) -> None:  # noqa: D102
        zero_or_one(type(self).__name__, labels)

    def get_config_dict(self) -> dict[str, Any]:  # noqa: D102
        return {"distance_metric": name_of(self.distance_metric), "margin": self.margin}
