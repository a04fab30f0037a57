"""A loss that is no number: training stops, and what it came of is told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from ..errors import TrainingError
from ..losses.tokens import texts_of
from .mixing import DATASET

#: Rows of a batch that are told, and characters of each text.
_ROWS, _CHARACTERS = 3, 80


def check_loss(loss: Tensor, parts: Mapping[str, Tensor], model: Any, batch: Mapping[str, Any], step: int) -> None:
    """Check the loss of a batch before its gradients reach the weights.

    Args:
        loss: of the batch.
        parts: of the loss by name, where it came in parts.
        model: that is trained.
        batch: what the collator made.
        step: steps that were done before.

    Raises:
        TrainingError: the loss is NaN or infinite.
    """
    if bool(torch.isfinite(loss).all()):
        return
    wrong = [name for name, part in parts.items() if not bool(torch.isfinite(part).all())]
    of = f" ({', '.join(wrong)})" if wrong else ""
    dataset = f" of {batch[DATASET]!r}" if batch.get(DATASET) else ""
    if weights_are_finite(model.trainable("Training")):
        cause = "The weights are finite, so it comes of this batch: look at its texts and labels, and at the loss."
    else:
        cause = "Weights are NaN or infinite too, since an earlier step: lower the learning rate, or set max_grad_norm."
    raise TrainingError(
        f"The loss{of} is {loss.detach().float().mean().item()} in step {step + 1:,}. {cause} No weight was changed in "
        f"this step; checkpoints stay as they are. The batch{dataset}: {_told(model, batch)}"
    )


def weights_are_finite(network: nn.Module) -> bool:
    """Whether all weights are numbers."""
    return all(bool(torch.isfinite(weight).all()) for weight in network.parameters())


def _told(model: Any, batch: Mapping[str, Any]) -> str:
    """The first rows of a batch, as far as its tokens tell."""
    columns: Sequence[Mapping[str, Any]] = batch["sentence_features"]
    labels = batch.get("labels")
    lines = []
    try:
        texts = [texts_of(features, model._tokenizer) for features in columns]
    except Exception:  # of images, say: then there are no texts to tell, and the error must be told all the same
        texts = []
    rows = len(texts[0]) if texts else 0
    for row in range(min(rows, _ROWS)):
        shown = [f"{column[row][:_CHARACTERS]!r}" for column in texts if row < len(column)]
        if labels is not None and row < len(labels):
            shown.append(f"label {torch.as_tensor(labels[row]).tolist()}")
        lines.append(", ".join(shown))
    if rows > _ROWS:
        lines.append(f"and {rows - _ROWS:,} more rows")
    return "; ".join(lines) or f"{len(columns)} columns without texts"
