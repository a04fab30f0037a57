"""What every loss has: columns of texts go through the network, and a number comes of their vectors."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from ..errors import InputError

#: A vector for each text of a column: (B, d).
Embeddings = Sequence[Tensor]


class Loss(nn.Module):
    """A number to be made smaller, of the vectors of a batch.

    Args:
        model: whose texts are compared; on the torch engine. Its weights are among those of the loss, so that an
            optimizer takes ``loss.parameters()``.

    Raises:
        EngineError: the model is on an engine that cannot be trained.
    """

    #: Columns of texts that it takes: the least, and the most, None for any number.
    columns: tuple[int, int | None] = (2, None)
    #: What each row's label is, for messages; empty where it has none.
    label = ""

    def __init__(self, model: Any) -> None:
        super().__init__()
        self.model = model
        self.network: nn.Module = model.engine.network(type(self).__name__)

    def forward(self, sentence_features: Iterable[dict[str, Any]], labels: Tensor | None = None) -> Tensor:
        """The loss of a batch.

        Args:
            sentence_features: what ``model.tokenize`` gives for each column.
            labels: (B,) or what else the loss asks for.
        """
        embeddings = [self.network(dict(features))["sentence_embedding"] for features in sentence_features]
        return self.compute_loss_from_embeddings(embeddings, labels)

    def compute_loss_from_embeddings(self, embeddings: Embeddings, labels: Tensor | None = None) -> Tensor:
        """The loss of vectors that are there already.

        Args:
            embeddings: of each column, (B, d).
            labels: as for :meth:`forward`.

        Raises:
            InputError: there are too few or too many columns, they differ in rows, or labels lack or do not fit.
        """
        least, most = self.columns
        if len(embeddings) < least or (most is not None and len(embeddings) > most):
            wanted = f"{least}" if least == most else f"{least} or more" if most is None else f"{least} to {most}"
            raise InputError(f"{type(self).__name__} takes {wanted} columns of texts; got {len(embeddings)}.")
        rows = {len(column) for column in embeddings}
        if len(rows) > 1:
            raise InputError(f"Columns must have as many rows; got {sorted(rows)}.")
        if self.label and labels is None:
            raise InputError(f"{type(self).__name__} needs labels: {self.label}.")
        if self.label and labels is not None and len(labels) not in rows:
            raise InputError(f"{type(self).__name__} needs a label for each of {rows.pop()} rows; got {len(labels)}.")
        return self.loss(list(embeddings), labels)

    @abstractmethod
    def loss(self, embeddings: list[Tensor], labels: Any) -> Tensor:
        """The formula; what is passed has been looked at."""

    def get_config_dict(self) -> dict[str, Any]:
        """The settings, as they stand in a model card."""
        return {}


def mean_of(losses: Sequence[Tensor]) -> Tensor:
    """The mean of several losses."""
    return torch.stack(list(losses)).mean()
