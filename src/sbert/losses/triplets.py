"""Triplets: an anchor should be nearer to what belongs to it than to what does not, by a margin."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import relu, softplus

from .base import Loss, name_of
from .distances import all_euclidean_distances, euclidean_distance

Distance = Callable[[Any, Any], Any]

_CLASS = "the number of each text's class"


class TripletLoss(Loss):
    """``max(0, d(anchor, positive) - d(anchor, negative) + margin)``, the mean: the triplet objective of SBERT.

    Reimers and Gurevych, https://arxiv.org/abs/1908.10084, section 3.

    Args:
        model: to be trained. Its columns are anchors, positives and negatives.
        distance_metric: of row i and row i: (B, d) twice to (B,).
        triplet_margin: by how much nearer the positive should be.
    """

    columns = (3, 3)

    def __init__(self, model: Any, distance_metric: Distance = euclidean_distance, triplet_margin: float = 5.0) -> None:
        super().__init__(model)
        self.distance_metric, self.triplet_margin = distance_metric, triplet_margin

    def loss(self, embeddings: list[Tensor], labels: Any) -> Tensor:  # noqa: ARG002, D102
        anchors, positives, negatives = embeddings
        near, far = self.distance_metric(anchors, positives), self.distance_metric(anchors, negatives)
        return relu(near - far + self.triplet_margin).mean()

    def get_config_dict(self) -> dict[str, Any]:  # noqa: D102
        return {"distance_metric": name_of(self.distance_metric), "triplet_margin": self.triplet_margin}


class BatchAllTripletLoss(Loss):
    """:class:`TripletLoss` of all triplets that classes make in a batch, the mean of those that are not 0.

    Hermans, Beyer and Leibe, https://arxiv.org/abs/1703.07737.

    Args:
        model: to be trained. Its column is one, its labels whole numbers.
        distance_metric: of all rows with all: (B, d) to (B, B).
        margin: by how much nearer a text of the same class should be.
    """

    columns = (1, 1)
    label = _CLASS

    def __init__(
        self,
        model: Any,
        distance_metric: Callable[[Tensor], Tensor] = all_euclidean_distances,
        margin: float = 5.0,
    ) -> None:
        super().__init__(model)
        self.distance_metric, self.margin = distance_metric, margin

    def loss(self, embeddings: list[Tensor], labels: Any) -> Tensor:  # noqa: D102
        distances = self.distance_metric(embeddings[0])
        same, other = _same(labels)
        triplets = relu(distances[:, :, None] - distances[:, None, :] + self.margin)  # anchor, positive, negative
        wrong = triplets[same[:, :, None] & other[:, None, :]]
        return wrong.sum() / (wrong > 1e-16).sum().clamp(min=1)

    def get_config_dict(self) -> dict[str, Any]:  # noqa: D102
        return {"distance_metric": name_of(self.distance_metric), "margin": self.margin}


class BatchHardTripletLoss(BatchAllTripletLoss):
    """:class:`TripletLoss` of each text with the farthest of its class and the nearest of another.

    A text whose class has no other member in the batch is its own positive. Hermans, Beyer and Leibe,
    https://arxiv.org/abs/1703.07737.
    """

    def loss(self, embeddings: list[Tensor], labels: Any) -> Tensor:  # noqa: D102
        distances = self.distance_metric(embeddings[0])
        return relu(_hardest(distances, labels) + self.margin).mean()


class BatchHardSoftMarginTripletLoss(BatchAllTripletLoss):
    """:class:`BatchHardTripletLoss` with ``log(1 + exp(x))`` in place of a margin.

    Args:
        model: to be trained. Its column is one, its labels whole numbers.
        distance_metric: of all rows with all: (B, d) to (B, B).
    """

    def __init__(self, model: Any, distance_metric: Callable[[Tensor], Tensor] = all_euclidean_distances) -> None:
        super().__init__(model, distance_metric)

    def loss(self, embeddings: list[Tensor], labels: Any) -> Tensor:  # noqa: D102
        return softplus(_hardest(self.distance_metric(embeddings[0]), labels)).mean()

    def get_config_dict(self) -> dict[str, Any]:  # noqa: D102
        return {"distance_metric": name_of(self.distance_metric)}


class BatchSemiHardTripletLoss(BatchAllTripletLoss):
    """:class:`TripletLoss` of each text and each other of its class with a negative that is semi-hard.

    That is the nearest text of another class that is farther away than the one of the same class; where none is
    farther, the farthest that there is. The mean is over all couples of a class, a text without any negative counting
    0. Schroff, Kalenichenko and Philbin, https://arxiv.org/abs/1503.03832.
    """

    def loss(self, embeddings: list[Tensor], labels: Any) -> Tensor:  # noqa: D102
        distances = self.distance_metric(embeddings[0])
        same, other = _same(labels)
        negatives = distances.masked_fill(~other, torch.inf).sort(dim=1).values
        farther = torch.searchsorted(negatives.detach(), distances.detach().contiguous(), right=True)
        last = other.sum(dim=1, keepdim=True) - 1  # before it stand negatives, behind it what is none
        wanted = negatives.gather(1, torch.minimum(farther, last).clamp(min=0))
        return relu((distances - wanted)[same] + self.margin).sum() / same.sum().clamp(min=1)


def _same(labels: Tensor) -> tuple[Tensor, Tensor]:
    """Which texts are of one class, but not one text; and which are of two: (B, B) each."""
    labels = labels.view(-1)
    equal = labels[:, None] == labels[None, :]
    return equal & ~torch.eye(len(labels), dtype=torch.bool, device=labels.device), ~equal


def _hardest(distances: Tensor, labels: Tensor) -> Tensor:
    """For each text the distance of the farthest of its class minus that of the nearest of another, (B,)."""
    same, other = _same(labels)
    farthest = (distances * same).max(dim=1).values
    # Where there is no other class, the greatest distance of all stands for it.
    nearest = torch.where(other, distances, distances.max(dim=1, keepdim=True).values).min(dim=1).values
    return farthest - nearest
