"""Ranking with negatives from the batch: each text should find its own among all that are there."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from ..errors import InputError, one_of
from ..similarity import cos_sim
from .base import CachedLoss, Loss, mean_of, name_of
from .devices import first_row_of, gathered
from .token_vectors import TokenVectors

Similarity = Callable[[Any, Any], Any]

QUERY_TO_DOC, QUERY_TO_QUERY, DOC_TO_QUERY, DOC_TO_DOC = DIRECTIONS = (
    "query_to_doc",
    "query_to_query",
    "doc_to_query",
    "doc_to_doc",
)
PARTITIONS = ("joint", "per_direction")
HARDNESS = ("in_batch_negatives", "hard_negatives", "all_negatives")

_OWN = -torch.inf  # a logit that is out of the sum


class MultipleNegativesRankingLoss(Loss):
    """InfoNCE: the cross-entropy of finding a row's own text among those of all rows and all negatives.

    With ``s`` the similarities of anchor ``i`` with the positives and negatives of all rows,
    ``-log(exp(scale * s[i, i]) / sum_j exp(scale * s[i, j]))``, the mean over rows. Larger batches hold more negatives.
    Henderson et al., https://arxiv.org/abs/1705.00652; van den Oord et al., https://arxiv.org/abs/1807.03748.

    Args:
        model: to be trained. Its columns are anchors, positives, and any number of negatives.
        scale: of similarities; the inverse of a temperature.
        similarity_fct: compares all rows with all: (n, d) and (m, d) to (n, m).
        gather_across_devices: whether negatives are taken from the batches of all processes that train together. They
            must have as many rows; loss and gradients are then those of one process with all of them.
        directions: what is compared beside anchor ``i`` with all documents: ``query_to_query`` its similarity to other
            anchors, ``doc_to_query`` that of its document to all anchors, ``doc_to_doc`` to documents of other rows.
            Li et al., https://arxiv.org/abs/2308.03281, section 3.3.
        partition_mode: ``joint`` for one sum under the fraction, of all directions; ``per_direction`` for the mean of a
            cross-entropy each.
        hardness_mode: which negatives weigh more the more similar they are: ``in_batch_negatives`` (documents of other
            rows), ``hard_negatives`` (a row's own), or ``all_negatives``. Lan et al., https://arxiv.org/abs/2503.04812.
        hardness_strength: by how much: ``strength * s`` is added to the logit, without a gradient.
        mask_same_label: whether a label is the number of a row's document, so that rows of the same number are no
            negatives of each other: duplicates, which would be false negatives.
    """

    def __init__(
        self,
        model: Any,
        scale: float = 20.0,
        similarity_fct: Similarity = cos_sim,
        gather_across_devices: bool = False,
        directions: Sequence[str] = (QUERY_TO_DOC,),
        partition_mode: str = "joint",
        hardness_mode: str | None = None,
        hardness_strength: float = 0.0,
        mask_same_label: bool = False,
    ) -> None:
        super().__init__(model)
        for direction in directions:
            if direction not in DIRECTIONS:
                raise one_of("directions", str(direction), DIRECTIONS)
        if QUERY_TO_DOC not in directions:
            raise InputError(f"directions must hold {QUERY_TO_DOC!r}; got {tuple(directions)}.")
        if partition_mode not in PARTITIONS:
            raise one_of("partition_mode", str(partition_mode), PARTITIONS)
        if hardness_mode is not None and hardness_mode not in HARDNESS:
            raise one_of("hardness_mode", str(hardness_mode), HARDNESS)
        if hardness_strength < 0:
            raise InputError(f"hardness_strength must be 0 or more; got {hardness_strength}.")
        self.scale, self.similarity_fct = scale, similarity_fct
        self.gather_across_devices = gather_across_devices
        self.directions, self.partition_mode = tuple(directions), partition_mode
        self.hardness_mode, self.hardness_strength = hardness_mode, hardness_strength
        self.mask_same_label = mask_same_label
        if mask_same_label:
            self.label = "the number of each row's document"

    def loss(self, embeddings: list[Any], labels: Any) -> Tensor:  # noqa: D102
        blocks = self.logits(embeddings, labels)
        rows = len(embeddings[0])
        first = first_row_of(rows) if self.gather_across_devices else 0
        at = torch.arange(first, first + rows, device=blocks[0].device)
        if self.partition_mode == "joint":
            return cross_entropy(torch.cat(blocks, dim=1), at)
        own = blocks[0].gather(1, at[:, None])
        found = []
        for direction, block in zip(self._in_order(), blocks, strict=True):
            if direction in (QUERY_TO_DOC, DOC_TO_QUERY):
                found.append(cross_entropy(block, at))
            else:  # the row's own document is not among the others, and is put in front of them
                found.append(cross_entropy(torch.cat([own, block], dim=1), torch.zeros_like(at)))
        return mean_of(found)

    def logits(self, embeddings: list[Any], labels: Any) -> list[Tensor]:
        """Scaled similarities, (B, m) a direction; those with documents first, where row i's own is in column i."""
        anchors, positives, *_ = embeddings
        whole = [_everybodys(column) for column in embeddings] if self.gather_across_devices else embeddings
        all_anchors, documents = whole[0], _joined(whole[1:])
        rows, total = len(anchors), len(all_anchors)
        first = first_row_of(rows) if self.gather_across_devices else 0
        own = torch.zeros((rows, total), dtype=torch.bool, device=_device(anchors))
        own[torch.arange(rows), torch.arange(first, first + rows)] = True
        same = own
        if self.mask_same_label:
            groups = labels.view(-1)
            all_groups = gathered(groups) if self.gather_across_devices else groups
            same = groups[:, None] == all_groups[None, :]
        scores = self.similarity_fct(anchors, documents)
        scores = scores * self.scale + self._penalty(scores.detach(), own)
        duplicates = torch.zeros_like(scores, dtype=torch.bool)
        duplicates[:, :total] = same & ~own
        blocks = {QUERY_TO_DOC: scores.masked_fill(duplicates, _OWN)}
        if QUERY_TO_QUERY in self.directions:
            blocks[QUERY_TO_QUERY] = (self.similarity_fct(anchors, all_anchors) * self.scale).masked_fill(same, _OWN)
        if DOC_TO_QUERY in self.directions:
            others = self.similarity_fct(all_anchors, positives).T * self.scale
            blocks[DOC_TO_QUERY] = others.masked_fill(same & ~own, _OWN)
        if DOC_TO_DOC in self.directions:
            others = self.similarity_fct(documents, positives).T * self.scale
            blocks[DOC_TO_DOC] = others.masked_fill(_wide(own, others) | duplicates, _OWN)
        return [blocks[direction] for direction in self._in_order()]

    def get_config_dict(self) -> dict[str, Any]:  # noqa: D102
        settings: dict[str, Any] = {"scale": self.scale, "similarity_fct": name_of(self.similarity_fct)}
        usual: dict[str, Any] = {"directions": (QUERY_TO_DOC,), "partition_mode": "joint", "hardness_mode": None}
        usual |= {"hardness_strength": 0.0, "gather_across_devices": False, "mask_same_label": False}
        changed = {name: getattr(self, name) for name, value in usual.items() if getattr(self, name) != value}
        return super().get_config_dict() | settings | changed

    def _in_order(self) -> list[str]:
        return [direction for direction in DIRECTIONS if direction in self.directions]

    def _penalty(self, similarities: Tensor, own: Tensor) -> Tensor:
        """What is added to logits of similar negatives, of the similarities of anchors and documents."""
        penalty = self.hardness_strength * similarities
        if self.hardness_mode is None:
            return torch.zeros_like(penalty)
        of_row, positives = _wide(own, penalty), torch.zeros_like(penalty, dtype=torch.bool)
        positives[:, : own.shape[1]] = own
        left_alone = {
            "in_batch_negatives": of_row,
            "hard_negatives": ~of_row | positives,
            "all_negatives": positives,
        }[self.hardness_mode]
        return penalty.masked_fill(left_alone, 0.0)


class CachedMultipleNegativesRankingLoss(CachedLoss, MultipleNegativesRankingLoss):
    """:class:`MultipleNegativesRankingLoss` of batches of any size in the memory of a small one, by GradCache.

    Args:
        model: to be trained.
        mini_batch_size: texts that go through the network at a time.
        mini_batch_num_tokens: tokens at a time, in its place.
        show_progress_bar: taken from scripts that pass it; the trainer's bar counts batches.
        **settings: those of :class:`MultipleNegativesRankingLoss`.
    """

    def __init__(
        self,
        model: Any,
        scale: float = 20.0,
        similarity_fct: Similarity = cos_sim,
        mini_batch_size: int = 32,
        mini_batch_num_tokens: int | None = None,
        show_progress_bar: bool = False,  # noqa: ARG002
        **settings: Any,
    ) -> None:
        super().__init__(model, scale, similarity_fct, **settings)
        self.cached(mini_batch_size, mini_batch_num_tokens)


class MultipleNegativesSymmetricRankingLoss(MultipleNegativesRankingLoss):
    """The mean of ranking positives (and negatives) for anchors, and anchors for positives."""

    def __init__(
        self,
        model: Any,
        scale: float = 20.0,
        similarity_fct: Similarity = cos_sim,
        gather_across_devices: bool = False,
    ) -> None:
        super().__init__(
            model, scale, similarity_fct, gather_across_devices, (QUERY_TO_DOC, DOC_TO_QUERY), "per_direction"
        )


class CachedMultipleNegativesSymmetricRankingLoss(CachedLoss, MultipleNegativesSymmetricRankingLoss):
    """:class:`MultipleNegativesSymmetricRankingLoss` of batches of any size in the memory of a small one.

    Args:
        model: to be trained.
        mini_batch_size: texts that go through the network at a time.
        mini_batch_num_tokens: tokens at a time, in its place.
        show_progress_bar: taken from scripts that pass it.
        gather_across_devices: as for :class:`MultipleNegativesRankingLoss`.
    """

    def __init__(
        self,
        model: Any,
        scale: float = 20.0,
        similarity_fct: Similarity = cos_sim,
        mini_batch_size: int = 32,
        mini_batch_num_tokens: int | None = None,
        show_progress_bar: bool = False,  # noqa: ARG002
        gather_across_devices: bool = False,
    ) -> None:
        super().__init__(model, scale, similarity_fct, gather_across_devices)
        self.cached(mini_batch_size, mini_batch_num_tokens)


def _everybodys(column: Any) -> Any:
    return column.gathered() if isinstance(column, TokenVectors) else gathered(column)


def _joined(columns: Sequence[Any]) -> Any:
    return TokenVectors.cat(columns) if isinstance(columns[0], TokenVectors) else torch.cat(list(columns))


def _wide(mask: Tensor, logits: Tensor) -> Tensor:
    """A mask of the positives, repeated for each column of documents."""
    return mask.repeat(1, logits.shape[1] // mask.shape[1])


def _device(column: Any) -> torch.device:
    return column.vectors.device if isinstance(column, TokenVectors) else column.device
