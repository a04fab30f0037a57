"""Clusters: every vector put into one of a few groups, or into as many as there are dense places."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from ..errors import InputError, MissingDependencyError, one_of, positive
from ..similarity import unit
from ..types import Vectors
from ..vectors import as_array, as_rows
from .scoring import unit_rows
from .selection import Ids, Scores

METHODS = ("kmeans", "hdbscan")
#: The label of a row that belongs to no cluster.
NOISE = -1
#: Rows that k-means is tried on, and that silhouettes are taken of, when the number of clusters is looked for.
_TRIED, _LOOKED_AT = 10_000, 2_000
#: Principal components that HDBSCAN works in: densities in hundreds of dimensions tell nothing apart.
_COMPONENTS = 20

_Rows: TypeAlias = npt.NDArray[np.float32]


@dataclass(frozen=True, repr=False)
class Clusters:
    """Which cluster each of ``n`` rows belongs to, the largest cluster first.

    Attributes:
        labels: (n,) int64, numbers of clusters; -1 for a row in none.
        centres: (k, d) float32, the mean of each cluster's rows at length 1, itself at length 1.
        medoids: (k,) int64, of each cluster the row nearest to its centre.
        scores: (n,) float32, the cosine of each row with the centre of its cluster; 0 for a row in none.
    """

    labels: Ids
    centres: Scores
    medoids: Ids
    scores: Scores

    def __len__(self) -> int:
        return len(self.centres)

    def __getitem__(self, number: int) -> Ids:
        """The rows of one cluster, the nearest to its centre first."""
        rows = np.flatnonzero(self.labels == range(len(self))[number])
        found: Ids = rows[np.argsort(-self.scores[rows], kind="stable")]
        return found

    def __repr__(self) -> str:
        outside = int(np.count_nonzero(self.labels == NOISE))
        return f"Clusters({len(self.labels):,} rows, {len(self):,} clusters, {outside:,} rows in none)"

    @property
    def sizes(self) -> Ids:
        """How many rows each cluster has, (k,) int64, decreasing."""
        sizes: Ids = np.bincount(self.labels[self.labels != NOISE], minlength=len(self))
        return sizes


def cluster(
    embeddings: Vectors,
    method: str = "kmeans",
    n_clusters: int | None = None,
    *,
    min_cluster_size: int = 10,
    seed: int = 0,
) -> Clusters:
    """Put vectors into clusters by their directions.

    ``kmeans`` puts every row into one of ``n_clusters``. Where their number is not given, numbers from 2 to twice the
    root of n are tried, each some 1.4 times the last, on at most 10,000 rows, and the one with the greatest silhouette
    (Rousseeuw 1987, with the cosine, over at most 2,000 rows) is taken. ``hdbscan`` (Campello and others 2013) finds
    as many clusters as there are dense places among the 20 principal components, and leaves out the rows between
    them; on the rows of texts that is often half of them.

    Args:
        embeddings: (n, d). NumPy, torch or lists.
        method: ``kmeans`` or ``hdbscan``.
        n_clusters: how many, for ``kmeans``; at most as many are found, fewer where rows repeat.
        min_cluster_size: the least rows of a cluster, for ``hdbscan``.
        seed: of everything that is drawn; the same rows and seed give the same clusters.

    Raises:
        InputError: no row, NaN or infinity, or an argument that is wrong or that the method does not take.
        MissingDependencyError: scikit-learn, an extra, is not installed.

    >>> found = cluster([[1.0, 0.0], [0.0, 1.0], [3.0, 0.1]], n_clusters=2)
    >>> found, found.labels.tolist()
    (Clusters(3 rows, 2 clusters, 0 rows in none), [0, 1, 0])
    """
    if method not in METHODS:
        raise one_of("method", method, METHODS)
    rows = as_array(unit_rows(as_rows(embeddings, "embeddings"), "embeddings"))
    if not rows.size:
        raise InputError("embeddings is empty: it has no row to put into a cluster.")
    if method == "hdbscan":
        if n_clusters is not None:
            raise InputError("n_clusters is for the method 'kmeans'; 'hdbscan' finds as many as there are.")
        labels = _dense(rows, positive("min_cluster_size", min_cluster_size), seed)
    else:
        wanted = _count(rows, seed) if n_clusters is None else positive("n_clusters", n_clusters)
        if wanted > len(rows):
            raise InputError(f"n_clusters must be at most the number of rows, {len(rows)}; got {wanted}.")
        labels = _k_means(rows, wanted, seed)
    return _described(rows, labels)


def _k_means(rows: _Rows, count: int, seed: int, fitted_to: _Rows | None = None) -> Ids:
    """Labels of k-means, (n,); fitted to the rows, or to some of them."""
    kind = _sklearn().cluster.MiniBatchKMeans
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that rows repeat, so that fewer clusters are found, is no mistake
        model = kind(count, n_init=3, random_state=seed).fit(rows if fitted_to is None else fitted_to)
        labels: Ids = model.predict(rows).astype(np.int64)
    return labels


def _count(rows: _Rows, seed: int) -> int:
    """The number of clusters with the greatest silhouette; the smallest of equal ones."""
    metrics = _sklearn().metrics
    generator = np.random.default_rng(seed)
    tried = rows[generator.choice(len(rows), min(_TRIED, len(rows)), replace=False)]
    looked_at = tried[:_LOOKED_AT]
    distances = np.maximum(1 - looked_at @ looked_at.T, 0)
    np.fill_diagonal(distances, 0)
    best, best_score = 1, -np.inf
    for count in counts_to_try(len(rows)):
        labels = _k_means(looked_at, count, seed, fitted_to=tried)
        found = len(np.unique(labels))
        if not 1 < found < len(looked_at):
            continue
        score = float(metrics.silhouette_score(distances, labels, metric="precomputed"))
        if score > best_score:
            best, best_score = count, score
    return best


def counts_to_try(rows: int) -> list[int]:
    """Numbers of clusters from 2 to twice the root of the number of rows, each some 1.4 times the last.

    >>> counts_to_try(100)
    [2, 3, 4, 6, 8, 11, 16]
    """
    steps = (round(2 ** (step / 2)) for step in range(2, 64))
    return [count for count in steps if count <= min(2 * rows**0.5, rows - 1)]


def _dense(rows: _Rows, least: int, seed: int) -> Ids:
    """Labels of HDBSCAN, (n,)."""
    if least < 2:
        raise InputError(f"min_cluster_size must be at least 2 for the method 'hdbscan'; got {least}.")
    if len(rows) < least:
        return np.full(len(rows), NOISE, np.int64)
    sklearn = _sklearn()
    reduced = sklearn.decomposition.PCA(min(_COMPONENTS, *rows.shape), random_state=seed).fit_transform(rows)
    # "leaf": the usual choice, "eom", may find two clusters where there are twenty.
    model = sklearn.cluster.HDBSCAN(min_cluster_size=least, cluster_selection_method="leaf", copy=True)
    labels: Ids = model.fit(reduced).labels_.astype(np.int64)
    return labels


def _described(rows: _Rows, labels: Ids) -> Clusters:
    """Clusters by decreasing size, of equal ones the one with the first row first."""
    names, firsts, sizes = np.unique(labels[labels != NOISE], return_index=True, return_counts=True)
    order = np.lexsort((firsts, -sizes))
    numbers = np.full(len(names) and int(names.max()) + 2, NOISE, np.int64)  # the last one, at -1, is that of noise
    numbers[names[order]] = np.arange(len(names))
    labels = numbers[labels] if len(numbers) else labels
    sums = np.zeros((len(names), rows.shape[1]), np.float64)
    np.add.at(sums, labels[labels != NOISE], rows[labels != NOISE])
    centres = unit(sums).astype(np.float32)
    inside = labels != NOISE
    scores = np.zeros(len(rows), np.float32)
    scores[inside] = np.einsum("ij,ij->i", rows[inside], centres[labels[inside]])
    nearest = np.lexsort((-scores, labels))
    medoids = nearest[np.searchsorted(labels[nearest], np.arange(len(names)))]
    return Clusters(labels, centres, medoids, scores)


def _sklearn() -> Any:
    try:
        import sklearn.cluster
        import sklearn.decomposition
        import sklearn.metrics
    except ImportError as error:
        raise MissingDependencyError("scikit-learn", "find clusters", "cluster") from error
    return sklearn
