"""Losses of a query's whole list of documents."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from ...errors import InputError
from ..columns import Chunks
from .base import CrossEncoderLoss


@dataclass(frozen=True)
class Lists:
    """The lists of a batch, one a row, filled up with zeros to the longest.

    Args:
        scores: (queries, longest).
        labels: how relevant each document is, (queries, longest).
        mask: (queries, longest), True for documents, which stand in front.
    """

    scores: Tensor
    labels: Tensor
    mask: Tensor

    def in_order(self, keys: Tensor) -> Lists:
        """The documents of each list in another order, the greatest key first; of equal ones, the first.

        Args:
            keys: (queries, longest).
        """
        # Sorted by the mask last, documents stay in front whatever their keys are.
        first = keys.argsort(dim=1, descending=True, stable=True)
        order = first.gather(1, self.mask.gather(1, first).long().argsort(dim=1, descending=True, stable=True))
        return Lists(self.scores.gather(1, order), self.labels.gather(1, order), self.mask)


class ListwiseLoss(CrossEncoderLoss):
    """A loss of lists: columns are queries and a list of documents for each, labels a list of numbers for each.

    Args:
        model: to be trained, with one label.
        activation_fn: what scores go through before the formula; nothing by default.
        mini_batch_size: pairs that go through the network at a time, for less memory: each is then computed twice. All
            together by default, and where it is 0 or less.

    Raises:
        InputError: the model has not one label.
    """

    columns = (2, 2)
    label = "a list for each query, of how relevant each document is, greater for more"
    takes_lists = True

    def __init__(self, model: Any, activation_fn: nn.Module | None = None, mini_batch_size: int | None = None) -> None:
        super().__init__(model, activation_fn)
        self.mini_batch_size = mini_batch_size
        if mini_batch_size is not None and mini_batch_size > 0:
            self.chunks = Chunks(rows=mini_batch_size, recompute=True)

    def pairs(self, columns: Sequence[Sequence[Any]], labels: Any = None) -> list[tuple[str, str]]:
        """Queries with each of their documents, one query after another.

        Args:
            columns: queries, and a list of documents for each.
            labels: a list of numbers for each query, (queries, documents) where all have as many.

        Raises:
            InputError: what stands for a list of documents is none, or is empty, or there are not as many labels.
        """
        queries, lists = columns
        if len(queries) != len(lists):
            raise InputError(f"Columns must be of one length; got {len(queries)} queries and {len(lists)} lists.")
        for place, documents in enumerate(lists):
            if isinstance(documents, str) or not len(documents):
                got = "one text" if isinstance(documents, str) else "none"
                raise InputError(f"{type(self).__name__} takes a list of documents for each query; row {place}: {got}.")
        if labels is not None:
            self._check_counts([len(documents) for documents in lists], labels)
        return [(query, text) for query, documents in zip(queries, lists, strict=True) for text in documents]

    def loss(self, logits: Any, labels: Any) -> Tensor:  # noqa: D102
        counts = torch.tensor([one.numel() for one in labels])
        flat = torch.cat([one.reshape(-1) for one in labels])
        if not len(flat) or len(flat) != logits.numel():
            raise InputError(
                f"{type(self).__name__} needs a label for each of {logits.numel()} documents; got {len(flat)}."
            )
        mask = (torch.arange(int(counts.max())) < counts[:, None]).to(logits.device)
        # A mask is filled row by row, the order of the pairs.
        empty = logits.new_zeros(mask.shape)
        scores = empty.masked_scatter(mask, logits.reshape(-1))
        return self.of_lists(Lists(scores, empty.masked_scatter(mask, flat.to(logits.dtype)), mask))

    @abstractmethod
    def of_lists(self, lists: Lists) -> Tensor:
        """The formula."""

    def get_config_dict(self) -> dict[str, Any]:  # noqa: D102
        return super().get_config_dict() | {"mini_batch_size": self.mini_batch_size}

    def _check_counts(self, documents: list[int], labels: Any) -> None:
        if len(documents) != len(labels):
            raise InputError(f"{type(self).__name__} needs labels for {len(documents)} queries; got {len(labels)}.")
        for place, (wanted, given) in enumerate(zip(documents, labels, strict=True)):
            shape = tuple(torch.as_tensor(given).shape)
            if shape != (wanted,):
                got = "one label for all" if shape == () else f"labels of the shape {shape}"
                raise InputError(
                    f"{type(self).__name__} needs a label for each document; row {place} has {wanted} documents and "
                    f"{got}."
                )
