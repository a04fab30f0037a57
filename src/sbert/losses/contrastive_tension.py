"""Two copies of a network that should agree on a text, and on no two."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy, pad

from ..data import InputExample
from ..errors import InputError
from ..similarity import cos_sim
from .base import VECTORS, Loss, Value, name_of
from .columns import Features, outputs_of
from .tokens import pad_id_of


class ContrastiveTensionLoss(Loss):
    """Binary cross-entropy of the products of a text's vector by one copy of the network and another's by the other.

    The label is 1 for two equal texts, 0 for others; the sum over rows. Nothing is needed but texts:
    :func:`contrastive_tension_pairs` makes rows of them. The model's network is one of the copies, the other is part of
    the loss and thrown away after training. Carlsson et al., https://openreview.net/forum?id=Ov_sMNau-PF.

    Args:
        model: to be trained. Its columns are two; without labels, rows of the same tokens are equal texts.
    """

    columns = (2, 2)

    def __init__(self, model: Any) -> None:
        super().__init__(model)
        self.copy = copy.deepcopy(self.network)

    def forward(self, sentence_features: Iterable[Features], labels: Tensor | None = None) -> Value:
        """The loss of a batch.

        Args:
            sentence_features: what ``model.tokenize`` gives for each column.
            labels: (B,) 1 for equal texts, 0 for others; by default told from the tokens.
        """
        columns = list(sentence_features)
        self.check_columns(len(columns), labels is not None)
        return super().forward(columns, _equal(*columns) if labels is None else labels)

    def embed(self, columns: Sequence[Features]) -> list[Tensor]:
        """The vectors of the first column by the copy, of the second by the model's network: (B, d) each."""
        return by_copies(self, (self.copy, columns[0]), (self.network, columns[1]))

    def loss(self, embeddings: list[Tensor], labels: Any) -> Tensor:  # noqa: D102
        if labels is None:
            raise InputError("ContrastiveTensionLoss needs labels of vectors: 1 for equal texts, 0 for others.")
        one, other = embeddings
        products = (one * other).sum(dim=1)
        return binary_cross_entropy_with_logits(products, labels.view(-1).to(products.dtype), reduction="sum")


class ContrastiveTensionLossInBatchNegatives(Loss):
    """Each text's vectors by two copies of the network should find each other among those of the batch, both ways.

    Stronger than :class:`ContrastiveTensionLoss`, whose negatives are one a row. The scale of similarities is trained,
    too. Carlsson et al., https://openreview.net/forum?id=Ov_sMNau-PF.

    Args:
        model: to be trained. Its column is one.
        scale: of similarities, to start from.
        similarity_fct: compares all rows with all: (n, d) and (m, d) to (n, m).
    """

    columns = (1, 1)

    def __init__(self, model: Any, scale: float = 20.0, similarity_fct: Callable[[Any, Any], Any] = cos_sim) -> None:
        super().__init__(model)
        self.copy = copy.deepcopy(self.network)
        self.similarity_fct = similarity_fct
        device = next(self.network.parameters()).device
        self.logit_scale = nn.Parameter(torch.tensor(math.log(scale), device=device))

    def embed(self, columns: Sequence[Features]) -> list[Tensor]:
        """The vectors of each text by the copy and by the model's network: (B, 2, d)."""
        return [torch.stack(by_copies(self, (self.copy, column), (self.network, column)), dim=1) for column in columns]

    def loss(self, embeddings: list[Tensor], labels: Any) -> Tensor:  # noqa: ARG002, D102
        one, other = embeddings[0].unbind(1)
        logits = self.similarity_fct(one, other) * self.logit_scale.exp()
        own = torch.arange(len(one), device=logits.device)
        return (cross_entropy(logits, own) + cross_entropy(logits.T, own)) / 2

    def get_config_dict(self) -> dict[str, Any]:  # noqa: D102
        return {"scale": self.logit_scale.exp().item(), "similarity_fct": name_of(self.similarity_fct)}


def by_copies(loss: Loss, *parts: tuple[nn.Module, Features]) -> list[Tensor]:
    """The vectors of columns, each by a network of its own: (B, d) each."""
    pad_id = pad_id_of(loss.model)
    return [outputs_of(network, [column], (VECTORS,), loss.chunks, pad_id)[0][VECTORS] for network, column in parts]


def contrastive_tension_pairs(
    texts: Sequence[str], pos_neg_ratio: int = 8, seed: int | None = 0
) -> list[dict[str, Any]]:
    """Rows for :class:`ContrastiveTensionLoss`: of each few, one of a text with itself, the others of two texts.

    Args:
        texts: each is in one row at the most; what does not fill a group is left over.
        pos_neg_ratio: rows in a group, of which the first is of a text with itself.
        seed: of the order of texts; None for another each time.

    Returns:
        Rows of ``text1``, ``text2`` and ``label``, 1 or 0.

    Raises:
        InputError: a group would have no row, or there are too few texts for one.
    """
    if pos_neg_ratio < 1:
        raise InputError(f"pos_neg_ratio must be 1 or more; got {pos_neg_ratio}.")
    needed = 2 * pos_neg_ratio - 1
    if len(texts) < needed:
        raise InputError(f"texts must be {needed} or more for a pos_neg_ratio of {pos_neg_ratio}; got {len(texts)}.")
    order = iter(np.random.default_rng(seed).permutation(len(texts)).tolist())
    rows = []
    for place in range(len(texts) // needed * pos_neg_ratio):
        equal = place % pos_neg_ratio == 0
        one = texts[next(order)]
        rows.append({"text1": one, "text2": one if equal else texts[next(order)], "label": int(equal)})
    return rows


class ContrastiveTensionDataLoader:
    """:func:`contrastive_tension_pairs` as older scripts pass them to ``model.fit``.

    Args:
        sentences: to train on.
        batch_size: rows in a batch.
        pos_neg_ratio: rows of which one is of a text with itself.
        seed: of the order of texts.

    Raises:
        InputError: a batch holds no whole number of groups, or there are too few texts.
    """

    def __init__(self, sentences: Sequence[str], batch_size: int, pos_neg_ratio: int = 8, seed: int = 0) -> None:
        rows = contrastive_tension_pairs(sentences, pos_neg_ratio, seed)
        if batch_size % pos_neg_ratio:
            raise InputError(f"batch_size must be a multiple of pos_neg_ratio, {pos_neg_ratio}; got {batch_size}.")
        self.batch_size = batch_size
        self.dataset = [InputExample(texts=[row["text1"], row["text2"]], label=row["label"]) for row in rows]

    def __len__(self) -> int:
        return len(self.dataset) // self.batch_size

    def __iter__(self) -> Iterator[list[InputExample]]:
        for start in range(0, len(self) * self.batch_size, self.batch_size):
            yield self.dataset[start : start + self.batch_size]


def _equal(one: Features, other: Features) -> Tensor:
    """Which rows have the same tokens, padding aside: (B,) 0 or 1."""
    width = max(one["input_ids"].shape[1], other["input_ids"].shape[1])
    ids, masks = (
        [pad(features[name], (0, width - features[name].shape[1])) for features in (one, other)]
        for name in ("input_ids", "attention_mask")
    )
    kept = masks[0].bool()
    return ((masks[0] == masks[1]) & ((ids[0] == ids[1]) | ~kept)).all(dim=1).float()
