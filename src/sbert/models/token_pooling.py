"""Fewer vectors a text: token vectors that are alike become their mean (https://arxiv.org/abs/2409.14683)."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Any, Protocol

import numpy as np

from ..checkpoints.modules import HierarchicalTokenPoolingSpec
from ..errors import InputError, MissingDependencyError
from ..similarity import unit
from ..types import FloatArray


class TokenPooling(Protocol):
    """What merges the token vectors of texts."""

    def pool(self, embeddings: list[FloatArray], task: str | None = None) -> list[FloatArray]:
        """The merged vectors of each text; those of tasks that it is not for stay as they are."""


class _OfTasks(ABC):
    """Merges the token vectors of texts that are encoded for some tasks, text by text.

    Args:
        tasks: ``document`` (also where no task is named), ``query`` or both.
    """

    def __init__(self, tasks: str | Sequence[str]) -> None:
        self.tasks = (tasks,) if isinstance(tasks, str) else tuple(tasks)

    def pool(self, embeddings: list[FloatArray], task: str | None = None) -> list[FloatArray]:
        """Merge the vectors of texts.

        Args:
            embeddings: (tokens, d) each.
            task: that they were encoded for.

        Returns:
            (at most tokens, d) each; as they are where the task is another.
        """
        if (task or "document") not in self.tasks:
            return embeddings
        return [self._pooled(vectors) for vectors in embeddings]

    @abstractmethod
    def _pooled(self, vectors: FloatArray) -> FloatArray:
        """The merged vectors of one text."""


class HierarchicalTokenPooling(_OfTasks):
    """Ward's clustering of a text's token vectors by their cosine; each cluster becomes its mean.

    Args:
        pool_factor: about one in so many vectors is kept; 1 for all.
        num_protected_tokens: leading tokens that are not merged, such as ``[CLS]``.
        normalize_embeddings: whether vectors are scaled to length one afterwards.
        tasks: of which texts: ``document`` (also where no task is named), ``query`` or both.

    Raises:
        InputError: the factor is below 1, or the number below 0.
        MissingDependencyError: SciPy is not installed.
    """

    def __init__(
        self,
        pool_factor: float = 1.0,
        *,
        num_protected_tokens: int = 1,
        normalize_embeddings: bool = True,
        tasks: str | Sequence[str] = ("document",),
    ) -> None:
        super().__init__(tasks)
        #: Its settings as folders have them.
        self.spec = HierarchicalTokenPoolingSpec(pool_factor, num_protected_tokens, normalize_embeddings, self.tasks)
        _clustering()

    @classmethod
    def from_spec(cls, spec: HierarchicalTokenPoolingSpec) -> HierarchicalTokenPooling:
        """Make it of what a folder says."""
        return cls(
            spec.pool_factor,
            num_protected_tokens=spec.num_protected_tokens,
            normalize_embeddings=spec.normalize_embeddings,
            tasks=spec.tasks,
        )

    def _pooled(self, vectors: FloatArray) -> FloatArray:
        kept, rest = np.split(vectors, [min(self.spec.num_protected_tokens, len(vectors))])
        clusters = max(int(len(rest) // self.spec.pool_factor), 1)
        if clusters < len(rest):
            vectors = np.concatenate([kept, _means(rest, _labels(rest, clusters))])
        return np.asarray(unit(vectors)) if self.spec.normalize_embeddings else vectors


class LambdaTokenPooling(_OfTasks):
    """A function of the user's own that merges the token vectors of a text. It is not saved with a model.

    Args:
        pool_fn: from (tokens, d) to (fewer, d). Its result is refused where it is something else.
        tasks: as for :class:`HierarchicalTokenPooling`.
    """

    def __init__(
        self, pool_fn: Callable[[FloatArray], FloatArray], *, tasks: str | Sequence[str] = ("document",)
    ) -> None:
        super().__init__(tasks)
        self._function = pool_fn

    def _pooled(self, vectors: FloatArray) -> FloatArray:
        found = np.asarray(self._function(vectors), np.float32)
        if found.ndim != 2 or found.shape[1] != vectors.shape[1]:
            raise InputError(f"pool_fn must return (n, {vectors.shape[1]}); got the shape {found.shape}.")
        return found


def _labels(vectors: FloatArray, clusters: int) -> Any:
    """The number of each vector's cluster, (n,)."""
    hierarchy, squareform = _clustering()
    distances = np.clip(1 - vectors @ vectors.T, 0, 2)
    linked = hierarchy.linkage(squareform(distances, checks=False), method="ward")
    return hierarchy.fcluster(linked, t=clusters, criterion="maxclust")


def _means(vectors: FloatArray, labels: Any) -> FloatArray:
    _, places, counts = np.unique(labels, return_inverse=True, return_counts=True)
    sums = np.zeros((len(counts), vectors.shape[1]), np.float32)
    np.add.at(sums, places, vectors)
    return np.asarray(sums / counts[:, None], np.float32)


def _clustering() -> tuple[Any, Any]:
    try:
        from scipy.cluster import hierarchy
        from scipy.spatial.distance import squareform
    except ImportError as error:
        raise MissingDependencyError("scipy", "merge token vectors", "sparse") from error
    return hierarchy, squareform
