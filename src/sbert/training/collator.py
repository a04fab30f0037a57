"""From rows to what a loss takes: each column tokenised, and the labels as a tensor."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from ..errors import DataError, NotTextError
from .layout import Layout
from .mixing import DATASET


class Collator:
    """Makes a batch of rows. It runs in the loader's workers, so the network need not wait for the tokenizer.

    Args:
        model: whose tokenizer reads the texts.
        layouts: of each dataset by name; that of a single one under the empty name.
        losses: of each dataset; one with a method ``features`` makes pairs of the columns itself.
    """

    def __init__(self, model: Any, layouts: Mapping[str, Layout], losses: Mapping[str, Any]) -> None:
        self.model, self.layouts, self.losses = model, layouts, losses

    def __call__(self, rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        """A batch.

        Args:
            rows: of one dataset.

        Returns:
            ``sentence_features``: features of each column; ``labels`` where there are any; ``dataset_name`` where
            there are several datasets.

        Raises:
            DataError: a value is no text; its column is named.
        """
        name = str(rows[0].get(DATASET, ""))
        layout, loss = self.layouts[name], self.losses[name]
        columns = [[row[column] for row in rows] for column in layout.inputs]
        labels = None
        if layout.label is not None:
            labels = as_labels([row[layout.label] for row in rows])
        try:
            features = self._features(columns, labels, layout, loss)
        except NotTextError as error:
            raise DataError(f"{name or 'the dataset'}, columns {', '.join(layout.inputs)}: {error}") from None
        batch: dict[str, Any] = {"sentence_features": features}
        if labels is not None:
            batch["labels"] = labels
        if name:
            batch[DATASET] = name
        return batch

    def _features(self, columns: list[list[Any]], labels: Any, layout: Layout, loss: Any) -> list[dict[str, Any]]:
        if hasattr(loss, "features"):
            return [loss.features(columns, labels, prompt=layout.prompts.get(layout.inputs[0], ""))]
        return [
            self.model.training_features(values, task=layout.tasks.get(name), prompt=layout.prompts.get(name, ""))
            for name, values in zip(layout.inputs, columns, strict=True)
        ]


def as_labels(values: list[Any]) -> Tensor | list[Tensor]:
    """Labels as a tensor, (B,) or (B, n); a list of tensors where rows have different numbers of them."""
    lengths = {len(value) if isinstance(value, (list, tuple)) else -1 for value in values}
    if len(lengths) > 1:
        return [torch.as_tensor(value) for value in values]
    if values and hasattr(values[0], "shape"):
        return torch.stack([torch.as_tensor(value) for value in values])
    return torch.tensor(values)
