"""Losses of late interaction: those of dense vectors, by MaxSim of token vectors."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from torch import nn

from .base import CachedLoss, Loss, name_of
from .columns import Chunks, Features, outputs_of
from .distillation import DistillKLDivLoss, MarginMSELoss
from .maxsim import colbert_pairwise, colbert_scores
from .ranking import MultipleNegativesRankingLoss
from .token_vectors import TokenVectors
from .tokens import pad_id_of

#: Of a column's features: which tokens count, (B, tokens) bool; by default those that are no padding.
KEPT = "kept"
_TOKENS, _MASK, _SEEN = "token_embeddings", "attention_mask", "seen"


class _Seeing(nn.Module):
    """A network that looks at the tokens of :data:`_SEEN`, whatever the mask says by which batches are cut."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, features: Features) -> Any:
        read = {name: value for name, value in features.items() if name != _SEEN}
        return self.network({**read, _MASK: features[_SEEN]})


class OfTokens(Loss):
    """Embeds columns as token vectors; mixed into a loss, in front of it."""

    def embed(self, columns: Sequence[Features]) -> list[TokenVectors]:  # noqa: D102
        kept = [features.get(KEPT, features[_MASK]).bool() for features in columns]
        read = []
        for features, mask in zip(columns, kept, strict=True):
            # Tokens that queries are filled up with count, though nothing may look at them: they are no padding.
            reach = (features[_MASK].bool() | mask).to(features[_MASK].dtype)
            others = {name: value for name, value in features.items() if name != KEPT}
            read.append({**others, _SEEN: features[_MASK], _MASK: reach})
        found = outputs_of(_Seeing(self.network), read, (_TOKENS,), self.chunks, pad_id_of(self.model))
        vectors = [outputs[_TOKENS] for outputs in found]
        return [TokenVectors(part, mask[:, : part.shape[1]]) for part, mask in zip(vectors, kept, strict=True)]

    def in_parts(self, mini_batch_size: int | None) -> None:
        """Have so many texts go through the network at a time, in the memory of these; None for all."""
        if mini_batch_size is not None:
            self.chunks = Chunks(mini_batch_size, recompute=True)


class MultiVectorMultipleNegativesRankingLoss(OfTokens, MultipleNegativesRankingLoss):
    """:class:`~sbert.losses.MultipleNegativesRankingLoss` by MaxSim; Khattab and Zaharia, https://arxiv.org/abs/2004.12832.

    Args:
        model: to be trained, a :class:`~sbert.MultiVectorEncoder`. Its columns are queries, positives, and any number
            of negatives.
        scale: of similarities.
        similarity_fct: compares all texts with all, of :class:`~sbert.losses.token_vectors.TokenVectors`.
        mini_batch_size: texts that go through the network at a time, computed twice; None for all.
        score_mini_batch_size: documents that are compared at a time.
        gather_across_devices: whether negatives come from all processes.
    """

    def __init__(
        self,
        model: Any,
        *,
        scale: float = 1.0,
        similarity_fct: Any = None,
        mini_batch_size: int | None = None,
        score_mini_batch_size: int | None = None,
        gather_across_devices: bool = False,
    ) -> None:
        compare = similarity_fct
        if compare is None:
            compare = colbert_scores
            if score_mini_batch_size is not None:
                compare = partial(colbert_scores, documents_at_once=score_mini_batch_size)
        super().__init__(model, scale, compare, gather_across_devices)
        self.score_mini_batch_size = score_mini_batch_size
        self.in_parts(mini_batch_size)

    def get_config_dict(self) -> dict[str, Any]:  # noqa: D102
        compare = getattr(self.similarity_fct, "func", self.similarity_fct)  # what a partial() is of
        own = {"mini_batch_size": self.chunks.rows, "score_mini_batch_size": self.score_mini_batch_size}
        said = {name: value for name, value in own.items() if value is not None}
        return super().get_config_dict() | {"similarity_fct": name_of(compare)} | said


class CachedMultiVectorMultipleNegativesRankingLoss(CachedLoss, MultiVectorMultipleNegativesRankingLoss):
    """:class:`MultiVectorMultipleNegativesRankingLoss` of any batch in the memory of a small one, by GradCache.

    Args:
        model: to be trained.
        mini_batch_size: texts that go through the network at a time.
        mini_batch_num_tokens: tokens at a time, in its place.
        show_progress_bar: taken from scripts that pass it.
        **settings: those of :class:`MultiVectorMultipleNegativesRankingLoss`.
    """

    def __init__(
        self,
        model: Any,
        *,
        mini_batch_size: int = 32,
        mini_batch_num_tokens: int | None = None,
        show_progress_bar: bool = False,  # noqa: ARG002
        **settings: Any,
    ) -> None:
        super().__init__(model, **settings)
        self.cached(mini_batch_size, mini_batch_num_tokens)


class MultiVectorDistillKLDivLoss(OfTokens, DistillKLDivLoss):
    """:class:`~sbert.losses.DistillKLDivLoss` of MaxSim scores.

    Args:
        model: to be trained.
        similarity_fct: compares text i with text i.
        temperature: as for :class:`~sbert.losses.DistillKLDivLoss`.
        mini_batch_size: texts that go through the network at a time, computed twice; None for all.
        **temperatures: the others of it.
    """

    def __init__(
        self,
        model: Any,
        *,
        similarity_fct: Any = None,
        temperature: float = 1.0,
        mini_batch_size: int | None = None,
        **temperatures: Any,
    ) -> None:
        super().__init__(model, similarity_fct or colbert_pairwise, temperature, **temperatures)
        self.in_parts(mini_batch_size)


class MultiVectorMarginMSELoss(OfTokens, MarginMSELoss):
    """:class:`~sbert.losses.MarginMSELoss` of MaxSim scores.

    Args:
        model: to be trained.
        similarity_fct: compares text i with text i.
        mini_batch_size: texts that go through the network at a time, computed twice; None for all.
    """

    def __init__(self, model: Any, *, similarity_fct: Any = None, mini_batch_size: int | None = None) -> None:
        super().__init__(model, similarity_fct or colbert_pairwise)
        self.in_parts(mini_batch_size)


__all__ = [
    "CachedMultiVectorMultipleNegativesRankingLoss", "MultiVectorDistillKLDivLoss", "MultiVectorMarginMSELoss",
    "MultiVectorMultipleNegativesRankingLoss", "OfTokens",
]  # fmt: skip
