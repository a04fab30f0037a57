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
            anchors, ``doc_to_query`` that of its document to other anchors, ``doc_to_doc`` to other positives.
            Li et al., https://arxiv.org/abs/2308.03281, section 3.3.
        partition_mode: ``joint`` for one sum under the fraction, of all directions; ``per_direction`` for the mean of a
            cross-entropy each.
        hardness_mode: which negatives weigh more the more similar they are: ``in_batch_negatives``, ``hard_negatives``
            (the columns after the second), or ``all_negatives``. Lan et al., https://arxiv.org/abs/2503.04812.
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
        # Where the row's own document is not among the others, it is put in front of them.
        others = [cross_entropy(torch.cat([own, block], dim=1), torch.zeros_like(at)) for block in blocks[1:]]
        return mean_of([cross_entropy(blocks[0], at), *others])

    def logits(self, embeddings: list[Any], labels: Any) -> list[Tensor]:
        """Scaled similarities, (B, m) a direction; those with documents first, where row i's own is in column i."""
        anchors, *documents = embeddings
        whole = [gathered(column) if self.gather_across_devices else column for column in embeddings]
        all_anchors, all_positives = whole[0], whole[1]
        rows, total = len(anchors), len(all_anchors)
        first = first_row_of(rows) if self.gather_across_devices else 0
        own = torch.zeros((rows, total), dtype=torch.bool, device=_device(anchors))
        own[torch.arange(rows), torch.arange(first, first + rows)] = True
        same = own
        if self.mask_same_label:
            groups = labels.view(-1)
            all_groups = gathered(groups) if self.gather_across_devices else groups
            same = groups[:, None] == all_groups[None, :]
        found = self.similarity_fct(anchors, _joined(whole[1:]))
        found = found * self.scale
        found = self._hardened(found, own)
        duplicates = torch.zeros_like(found, dtype=torch.bool)
        duplicates[:, :total] = same & ~own
        blocks = [found.masked_fill(duplicates, _OWN)]
        pairs = {
            QUERY_TO_QUERY: (anchors, all_anchors),
            DOC_TO_QUERY: (documents[0], all_anchors),
            DOC_TO_DOC: (documents[0], all_positives),
        }
        for direction in self.directions:
            if direction in pairs:
                one, other = pairs[direction]
                scores = self._hardened(self.similarity_fct(one, other) * self.scale, own)
                blocks.append(scores.masked_fill(same, _OWN))
        return blocks

    def get_config_dict(self) -> dict[str, Any]:  # noqa: D102
        settings: dict[str, Any] = {"scale": self.scale, "similarity_fct": name_of(self.similarity_fct)}
        usual: dict[str, Any] = {"directions": (QUERY_TO_DOC,), "partition_mode": "joint", "hardness_mode": None}
        usual |= {"hardness_strength": 0.0, "gather_across_devices": False, "mask_same_label": False}
        changed = {name: getattr(self, name) for name, value in usual.items() if getattr(self, name) != value}
        return super().get_config_dict() | settings | changed

    def _hardened(self, logits: Tensor, own: Tensor) -> Tensor:
        """Logits in which similar negatives weigh more."""
        if self.hardness_mode is None or not self.hardness_strength:
            return logits
        wanted = torch.ones_like(logits, dtype=torch.bool)
        if self.hardness_mode == "in_batch_negatives":
            wanted[:, own.shape[1] :] = False
        elif self.hardness_mode == "hard_negatives":
            wanted[:, : own.shape[1]] = False
        wanted &= ~_wide(own, logits)
        return logits + self.hardness_strength * (logits.detach() / self.scale) * wanted


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


def _joined(columns: Sequence[Any]) -> Any:
    return TokenVectors.cat(columns) if isinstance(columns[0], TokenVectors) else torch.cat(list(columns))


def _wide(mask: Tensor, logits: Tensor) -> Tensor:
    """A mask of the positives, repeated for each column of documents."""
    return mask.repeat(1, logits.shape[1] // mask.shape[1])


def _device(column: Any) -> torch.device:
    return column.vectors.device if isinstance(column, TokenVectors) else column.device
