"""A teacher's vectors, to be matched by a model of the same width, or of another through a projection."""

from __future__ import annotations

import os
from typing import Any

from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from torch.linalg import vector_norm
from torch.nn.functional import cosine_similarity, mse_loss

from ..errors import InputError, one_of
from .base import Loss, mean_of

METRICS = ("cosine", "mse", "l2")


class EmbedDistillLoss(Loss):
    """The distance of vectors and a teacher's, the mean over texts and columns.

    Kim et al., https://arxiv.org/abs/2301.12005.

    Args:
        model: to be trained. Its columns are any number, its labels the teacher's vectors: (B, d) for all columns, or
            (B, columns, d).
        distance_metric: ``cosine`` for 1 - the cosine, ``mse`` for the mean of squared differences, ``l2`` for the
            length of the difference.
        projection_dim: the teacher's width, where it is another; the model's vectors are then projected to it by a
            linear layer, which is trained too and is no part of the model. None for no projection.

    Raises:
        InputError: the metric is not known, or labels do not fit.
    """

    columns = (1, None)
    label = "the teacher's vectors"

    def __init__(self, model: Any, distance_metric: str = "cosine", projection_dim: int | None = None) -> None:
        super().__init__(model)
        if distance_metric not in METRICS:
            raise one_of("distance_metric", distance_metric, METRICS)
        self.distance_metric = distance_metric
        self.projection: nn.Linear | None = None
        if projection_dim is not None:
            self.projection = self._projection(model.get_embedding_dimension(), projection_dim)

    @property
    def projection_dim(self) -> int | None:
        """The width that vectors are projected to; None where they are not."""
        return None if self.projection is None else self.projection.out_features

    def loss(self, embeddings: list[Tensor], labels: Any) -> Tensor:  # noqa: D102
        if self.projection is not None:
            embeddings = [self.projection(column) for column in embeddings]
        shape, count = tuple(embeddings[0].shape), len(embeddings)
        whole = (shape[0], count, shape[1])
        if tuple(labels.shape) not in (shape, whole):
            several = f", or {whole} for a vector a column" if count > 1 else ""
            raise InputError(
                f"labels must be vectors like the model's, {shape}{several}; got {tuple(labels.shape)}. To a teacher "
                "of another width vectors are projected with projection_dim."
            )
        wanted = labels.to(embeddings[0]).detach()
        teacher = wanted.unbind(1) if wanted.dim() == 3 else [wanted] * count
        return mean_of([self._distance(one, other) for one, other in zip(embeddings, teacher, strict=True)])

    def save_projection(self, path: str | os.PathLike[str]) -> None:
        """Write the projection to a safetensors file, for a later run.

        Raises:
            InputError: there is none.
        """
        if self.projection is None:
            raise InputError("There is no projection to save: make the loss with projection_dim, the teacher's width.")
        state = self.projection.state_dict()
        save_file({name: tensor.contiguous() for name, tensor in state.items()}, str(path))

    def load_projection(self, path: str | os.PathLike[str]) -> None:
        """Read a projection that :meth:`save_projection` wrote; without ``projection_dim`` one is made for it.

        Raises:
            InputError: it is from another width, or to another than ``projection_dim``.
        """
        state = load_file(str(path))
        out, into = state["weight"].shape
        projection = self.projection or self._projection(self.model.get_embedding_dimension(), out)
        if (projection.in_features, projection.out_features) != (into, out):
            raise InputError(
                f"{path} projects from width {into} to {out}; this loss projects from {projection.in_features} to "
                f"{projection.out_features}."
            )
        projection.load_state_dict(state)
        self.projection = projection

    def get_config_dict(self) -> dict[str, Any]:  # noqa: D102
        return {"distance_metric": self.distance_metric, "projection_dim": self.projection_dim}

    def _projection(self, into: int, out: int) -> nn.Linear:
        return nn.Linear(into, out).to(next(self.network.parameters()).device)

    def _distance(self, vectors: Tensor, teacher: Tensor) -> Tensor:
        if self.distance_metric == "mse":
            return mse_loss(vectors, teacher)
        if self.distance_metric == "l2":
            lengths: Tensor = vector_norm(vectors - teacher, dim=-1)
            return lengths.mean()
        return (1 - cosine_similarity(vectors, teacher, dim=-1)).mean()
