"""Ranking with negatives from the batch, of which a guide strikes out those that may be none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from ..errors import InputError, one_of
from ..models.sentence_transformer import SentenceTransformer
from ..models.training import ROUTE
from ..similarity import cos_sim
from .base import VECTORS, CachedLoss, Loss
from .columns import Features, outputs_of
from .devices import first_row_of, gathered
from .tokens import same_tokens, texts_of

MARGINS = ("absolute", "relative")


@dataclass(frozen=True)
class Guided:
    """Vectors of a column of texts, and a guide's.

    Args:
        vectors: of the model that is trained, (B, d).
        guide: of the guide, (B, e); without gradients.
    """

    vectors: Tensor
    guide: Tensor

    def __len__(self) -> int:
        return len(self.vectors)


class GISTEmbedLoss(Loss):
    """InfoNCE without false negatives: those which a guide finds more similar to the anchor than its positive.

    As :class:`~sbert.losses.MultipleNegativesRankingLoss`, with the similarity of anchors to other anchors and of
    positives to other positives as further negatives; of all, those are left out whose texts the guide gives a cosine
    above that of the row's anchor and positive, less a margin. Solatorio, https://arxiv.org/abs/2402.16829.

    The guide reads the texts as far as the tokens of the model that is trained tell: where it has the same tokenizer
    it takes the tokens, else the text that they stand for.

    Args:
        model: to be trained. Its columns are anchors, positives, and any number of negatives.
        guide: a :class:`~sbert.SentenceTransformer` that is not trained, or the name of one. It goes over to the torch
            engine where it is on another.
        temperature: of cosines, which are divided by it.
        margin_strategy: ``absolute`` or ``relative``.
        margin: a negative is left out from the cosine of anchor and positive, less ``margin``; if relative, less
            ``margin`` times that cosine.
        contrast_anchors: whether other anchors are negatives.
        contrast_positives: whether other positives of the positive are negatives.
        gather_across_devices: whether positives and negatives are taken from the batches of all processes that train
            together. They must have as many rows.

    Raises:
        InputError: the strategy is not known, or the guide is the model itself.
    """

    def __init__(
        self,
        model: Any,
        guide: Any,
        temperature: float = 0.01,
        margin_strategy: str = "absolute",
        margin: float = 0.0,
        contrast_anchors: bool = True,
        contrast_positives: bool = True,
        gather_across_devices: bool = False,
    ) -> None:
        super().__init__(model)
        if margin_strategy not in MARGINS:
            raise one_of("margin_strategy", margin_strategy, MARGINS)
        if guide is model:
            raise InputError("guide is the model that is trained: load it a second time, or take another.")
        # No torch module, so neither among the parameters nor ever switched to training.
        self.guide = SentenceTransformer(guide) if isinstance(guide, str) else guide
        self.guide.trainable(type(self).__name__)
        self.temperature = temperature
        self.margin_strategy, self.margin = margin_strategy, margin
        self.contrast_anchors, self.contrast_positives = contrast_anchors, contrast_positives
        self.gather_across_devices = gather_across_devices
        self._same_tokens: dict[str, bool] = {}

    def completed(self, columns: Sequence[Features], vectors: Sequence[Tensor]) -> list[Guided]:
        """Vectors of columns with those of the guide.

        Args:
            columns: what the vectors were made of.
            vectors: (B, d) each.
        """
        network: nn.Module = self.guide.engine.network(type(self).__name__)
        device = vectors[0].device
        if next(network.parameters()).device != device:
            self.guide.to(str(device))
        if network.training:
            network.eval()
        read = [self._as_guide_reads(features) for features in columns]
        with torch.no_grad():
            found = outputs_of(network, read, (VECTORS,), self.chunks, self.guide._tokenizer.pad_id)
        return [Guided(one, outputs[VECTORS]) for one, outputs in zip(vectors, found, strict=True)]

    def loss(self, embeddings: list[Guided], labels: Any) -> Tensor:  # noqa: ARG002, D102
        anchors, positives, *negatives = embeddings
        whole = [self._gathered(column) for column in (positives, *negatives)]
        rows = torch.arange(len(anchors), device=anchors.vectors.device)
        own = rows + first_row_of(len(rows)) if self.gather_across_devices else rows
        limit = cos_sim(anchors.guide, whole[0].guide)[rows, own]
        limit = limit - self.margin * (limit.abs() if self.margin_strategy == "relative" else 1)
        blocks = [_cosines(anchors, whole[0], limit, kept=own)]
        if self.contrast_anchors:
            blocks.append(_cosines(anchors, anchors, limit, struck=rows))
        if self.contrast_positives:
            blocks.append(_cosines(positives, whole[0], limit, struck=own))
        blocks += [_cosines(anchors, column, limit) for column in whole[1:]]
        return cross_entropy(torch.cat(blocks, dim=1) / self.temperature, own)

    def get_config_dict(self) -> dict[str, Any]:  # noqa: D102
        names = ("temperature", "margin_strategy", "margin", "contrast_anchors", "contrast_positives")
        settings = {name: getattr(self, name) for name in (*names, "gather_across_devices")}
        return {"guide": self.guide.spec.name} | settings | super().get_config_dict()

    def _gathered(self, column: Guided) -> Guided:
        if not self.gather_across_devices:
            return column
        return Guided(gathered(column.vectors), gathered(column.guide))

    def _as_guide_reads(self, features: Features) -> Features:
        route = str(features.get(ROUTE, ""))
        tokenizer = (self.model._on(route) if route else self.model)._tokenizer
        other = self.guide._tokenizer
        if route not in self._same_tokens:
            self._same_tokens[route] = same_tokens(tokenizer, other)
        width = features["input_ids"].shape[1] if "input_ids" in features else 0
        if self._same_tokens[route] and width <= (other.max_length or width):
            return {name: value for name, value in features.items() if name != ROUTE}
        read: Features = self.guide.tokenize(texts_of(features, tokenizer))
        return read


class CachedGISTEmbedLoss(CachedLoss, GISTEmbedLoss):
    """:class:`GISTEmbedLoss` of batches of any size in the memory of a small one, by GradCache.

    Args:
        model: to be trained.
        guide: as for :class:`GISTEmbedLoss`.
        temperature: as for :class:`GISTEmbedLoss`.
        mini_batch_size: texts that go through the networks at a time.
        mini_batch_num_tokens: tokens at a time, in its place.
        show_progress_bar: taken from scripts that pass it; the trainer's bar counts batches.
        **settings: those of :class:`GISTEmbedLoss`.
    """

    def __init__(
        self,
        model: Any,
        guide: Any,
        temperature: float = 0.01,
        mini_batch_size: int = 32,
        mini_batch_num_tokens: int | None = None,
        show_progress_bar: bool = False,  # noqa: ARG002
        **settings: Any,
    ) -> None:
        super().__init__(model, guide, temperature, **settings)
        self.cached(mini_batch_size, mini_batch_num_tokens)


def _cosines(
    one: Guided, other: Guided, limit: Tensor, *, kept: Tensor | None = None, struck: Tensor | None = None
) -> Tensor:
    """Cosines of all rows with all, those that the guide finds too similar at minus infinity: (n, m).

    Args:
        one: (n, d).
        other: (m, d).
        limit: of the guide's cosines, (n,).
        kept: where in each row the positive stands, (n,).
        struck: where in each row the text itself stands, (n,).
    """
    out = cos_sim(one.guide, other.guide) > limit[:, None]
    rows = torch.arange(len(one), device=out.device)
    if kept is not None:
        out[rows, kept] = False
    if struck is not None:
        out[rows, struck] = True
    found: Tensor = cos_sim(one.vectors, other.vectors)
    return found.masked_fill(out, -torch.inf)
