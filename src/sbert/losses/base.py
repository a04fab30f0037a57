"""What every loss has: columns of texts go through the network, and a number comes of their vectors."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from ..errors import InputError
from .columns import Chunks, Features, outputs_of
from .tokens import pad_id_of

#: A vector for each text of a column: (B, d).
Embeddings = Sequence[Tensor]
#: A loss, or its parts by name, which are summed.
Value = Tensor | dict[str, Tensor]

VECTORS = "sentence_embedding"


class Loss(nn.Module):
    """A number to be made smaller, of the vectors of a batch.

    Args:
        model: whose texts are compared; goes over to the torch engine where it is on another. Its weights are among
            those of the loss, so that an optimizer takes ``loss.parameters()``.

    Raises:
        InputError: torch is not installed.
    """

    #: Columns of texts that it takes: the least, and the most, None for any number.
    columns: tuple[int, int | None] = (2, None)
    #: What each row's label is, for messages; empty where it has none.
    label = ""
    #: How a batch is cut on its way through the network.
    chunks = Chunks()

    def __init__(self, model: Any) -> None:
        super().__init__()
        self.model = model
        self.network: nn.Module = model.trainable(type(self).__name__)

    def forward(self, sentence_features: Iterable[Features], labels: Tensor | None = None) -> Value:
        """The loss of a batch.

        Args:
            sentence_features: what ``model.tokenize`` gives for each column.
            labels: (B,) or what else the loss asks for.
        """
        return self.compute_loss_from_embeddings(self.embed(list(sentence_features)), labels)

    def embed(self, columns: Sequence[Features]) -> list[Any]:
        """The vectors of each column, with gradients: (B, d)."""
        found = outputs_of(self.network, columns, (VECTORS,), self.chunks, pad_id_of(self.model))
        return self.completed(columns, [outputs[VECTORS] for outputs in found])

    def completed(self, columns: Sequence[Features], vectors: Sequence[Tensor]) -> list[Any]:  # noqa: ARG002
        """Vectors with what else the loss reads beside them, such as those of a guide; here they are all.

        Args:
            columns: what the vectors were made of.
            vectors: (B, d) each.
        """
        return list(vectors)

    def compute_loss_from_embeddings(self, embeddings: Embeddings, labels: Tensor | None = None) -> Value:
        """The loss of vectors that are there already.

        Args:
            embeddings: of each column, (B, d).
            labels: as for :meth:`forward`.

        Raises:
            InputError: there are too few or too many columns, they differ in rows, or labels lack or do not fit.
        """
        self.check_columns(len(embeddings), labels is not None)
        rows = {len(column) for column in embeddings}
        if len(rows) > 1:
            raise InputError(f"Columns must have as many rows; got {sorted(rows)}.")
        if self.label and labels is not None and len(labels) not in rows:
            raise InputError(f"{type(self).__name__} needs a label for each of {rows.pop()} rows; got {len(labels)}.")
        return self.loss(list(embeddings), labels)

    def check_columns(self, columns: int, labels: bool) -> None:
        """Check what data holds, which can be done before there is a batch.

        Args:
            columns: how many columns of texts there are.
            labels: whether there are labels.

        Raises:
            InputError: there are too few or too many columns, or labels lack.
        """
        least, most = self.columns
        if columns < least or (most is not None and columns > most):
            wanted = f"{least}" if least == most else f"{least} or more" if most is None else f"{least} to {most}"
            raise InputError(f"{type(self).__name__} takes {wanted} columns of texts; got {columns}.")
        if self.label and not labels:
            raise InputError(f"{type(self).__name__} needs labels: {self.label}.")

    def check_labels(self, labels: Any) -> None:
        """Check the labels of a whole dataset, before there is a batch; here any numbers will do.

        Args:
            labels: (rows,) or (rows, n) array of numbers.

        Raises:
            InputError: one cannot be what the loss takes.
        """

    @abstractmethod
    def loss(self, embeddings: list[Any], labels: Any) -> Value:
        """The formula; what is passed has been looked at."""

    def get_config_dict(self) -> dict[str, Any]:
        """The settings, as they stand in a model card."""
        return {}


class CachedLoss(Loss):
    """A loss whose batch goes through the network in chunks, so that it needs the memory of one: GradCache.

    Gradients are those of the loss without it; each text is computed twice. Gao et al.,
    https://arxiv.org/abs/2101.06983. Mixed into a loss, in front of it.

    Args:
        mini_batch_size: texts in a chunk at the most.
        mini_batch_num_tokens: tokens in a chunk at the most, in place of ``mini_batch_size``; better where texts differ
            in length.
    """

    def cached(self, mini_batch_size: int = 32, mini_batch_num_tokens: int | None = None) -> None:
        """Set how the batch is cut."""
        rows = None if mini_batch_num_tokens is not None else mini_batch_size
        self.chunks = Chunks(rows, mini_batch_num_tokens, recompute=True)

    def get_config_dict(self) -> dict[str, Any]:  # noqa: D102
        chunk = {"mini_batch_size": self.chunks.rows, "mini_batch_num_tokens": self.chunks.tokens}
        return super().get_config_dict() | {name: value for name, value in chunk.items() if value is not None}


def check_is_loss(argument: str, loss: Any) -> None:
    """Check what is passed where a loss is wanted.

    Raises:
        InputError: it is none of this package's.
    """
    if not isinstance(loss, Loss):
        shown = f"the class {loss.__name__}: make one of the model" if isinstance(loss, type) else type(loss).__name__
        raise InputError(f"{argument} must be a loss of sbert.losses; got {shown}.")


def mean_of(losses: Sequence[Tensor]) -> Tensor:
    """The mean of several losses."""
    return torch.stack(list(losses)).mean()


def name_of(function: Any) -> str:
    """What a function is called, for a model card."""
    return str(getattr(function, "__name__", function))
