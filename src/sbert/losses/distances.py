"""Distances of vectors for losses, and the names under which scripts know them."""

from __future__ import annotations

from torch import Tensor

from ..similarity import cos_sim, euclidean_sim, pairwise_cos_sim, pairwise_euclidean_sim, pairwise_manhattan_sim

# --- of row i and row i: (n, d) twice to (n,) ----------------------------------------------------------------------


def cosine_distance(a: Tensor, b: Tensor) -> Tensor:
    """1 - the cosine of row i of both."""
    distances: Tensor = 1 - pairwise_cos_sim(a, b)
    return distances


def euclidean_distance(a: Tensor, b: Tensor) -> Tensor:
    """The length of the difference of row i of both."""
    distances: Tensor = -pairwise_euclidean_sim(a, b)
    return distances


def manhattan_distance(a: Tensor, b: Tensor) -> Tensor:
    """The sum of the absolute differences of row i of both."""
    distances: Tensor = -pairwise_manhattan_sim(a, b)
    return distances


# --- of all rows with all: (n, d) to (n, n) ------------------------------------------------------------------------


def all_cosine_distances(embeddings: Tensor) -> Tensor:
    """1 - the cosine of all rows with all."""
    distances: Tensor = 1 - cos_sim(embeddings, embeddings)
    return distances


def all_euclidean_distances(embeddings: Tensor, squared: bool = False) -> Tensor:
    """The lengths of the differences of all rows with all, or their squares."""
    distances: Tensor = -euclidean_sim(embeddings, embeddings)
    return distances**2 if squared else distances


# --- the names that scripts know -----------------------------------------------------------------------------------


class SiameseDistanceMetric:
    """Distances for :class:`~sbert.losses.ContrastiveLoss` and its kin."""

    EUCLIDEAN = staticmethod(euclidean_distance)
    MANHATTAN = staticmethod(manhattan_distance)
    COSINE_DISTANCE = staticmethod(cosine_distance)


class TripletDistanceMetric:
    """Distances for :class:`~sbert.losses.TripletLoss`."""

    COSINE = staticmethod(cosine_distance)
    EUCLIDEAN = staticmethod(euclidean_distance)
    MANHATTAN = staticmethod(manhattan_distance)


class BatchHardTripletLossDistanceFunction:
    """Distances for the losses that make triplets of the classes in a batch."""

    cosine_distance = staticmethod(all_cosine_distances)
    euclidean_distance = staticmethod(all_euclidean_distances)
    #: As it was once misspelt.
    eucledian_distance = staticmethod(all_euclidean_distances)
