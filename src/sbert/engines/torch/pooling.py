"""Pooling: from one vector a token to one vector a text."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from ...checkpoints.modules import ModuleSpec, PoolingSpec
from ...checkpoints.modules.pooling import LEAST_WEIGHT, MODES
from ...errors import InputError, closest
from .base import Features, Module, feature, wide
from .word_weights import WEIGHTS


class Pooling(Module):
    """Makes one vector of a text's token vectors.

    Padding takes no part, on whichever side it is. Sums of half-precision vectors are made in float32; the result has
    the dtype of the token vectors. Where nothing takes part in a text (the prompt was all of it, and is left out) the
    result is zeros, for ``cls`` the first vector.

    Args:
        embedding_dimension: width of the token vectors.
        pooling_mode: one of ``mean``, ``cls``, ``max``, ``mean_sqrt_len_tokens``, ``weightedmean`` and ``lasttoken``,
            or several, whose vectors are concatenated in the order given.
        include_prompt: whether the tokens of a prompt in front of the text (``prompt_length`` of the features) take
            part.
        word_embedding_dimension: older name of ``embedding_dimension``.
        **flags: older way to choose modes, such as ``pooling_mode_cls_token=True``; when any is true it counts in place
            of ``pooling_mode``.

    Raises:
        InputError: a mode is not known, or the dimension is missing.
        TypeError: a keyword is not known.
    """

    def __init__(
        self,
        embedding_dimension: int | None = None,
        pooling_mode: str | Sequence[str] = "mean",
        include_prompt: bool = True,
        *,
        word_embedding_dimension: int | None = None,
        **flags: bool,
    ) -> None:
        super().__init__()
        dimension = embedding_dimension if embedding_dimension is not None else word_embedding_dimension
        if dimension is None:
            raise InputError("embedding_dimension is missing: give the width of the token vectors, such as 384.")
        if unknown := [flag for flag in flags if flag not in MODES.values()]:
            raise TypeError(f"Pooling takes no argument {unknown[0]!r}.{closest(unknown[0], MODES.values())}")
        modes = (pooling_mode,) if isinstance(pooling_mode, str) else tuple(pooling_mode)
        modes = tuple(mode for mode, flag in MODES.items() if flags.get(flag)) or modes
        if not modes:
            raise InputError(f"pooling_mode is empty. Give one or more of {', '.join(MODES)}.")
        spec = PoolingSpec(int(dimension), modes, include_prompt)  # refuses unknown modes
        self.embedding_dimension = spec.embedding_dimension
        self.modes = spec.modes
        self.include_prompt = include_prompt

    @classmethod
    def from_spec(cls, spec: PoolingSpec) -> Pooling:
        """Make the module of its spec."""
        return cls(spec.embedding_dimension, spec.modes, spec.include_prompt)

    def to_spec(self) -> PoolingSpec:  # noqa: D102
        return PoolingSpec(self.embedding_dimension, self.modes, self.include_prompt)

    def take_settings(self, spec: ModuleSpec) -> None:  # noqa: D102
        if isinstance(spec, PoolingSpec):
            self.modes, self.include_prompt = spec.modes, spec.include_prompt

    @property
    def pooling_mode(self) -> str | tuple[str, ...]:
        """The mode, or all of them where there are several."""
        return self.modes[0] if len(self.modes) == 1 else self.modes

    def forward(self, features: Features) -> Features:
        """Add ``sentence_embedding``.

        Args:
            features: ``token_embeddings`` (B, T, H); ``attention_mask`` (B, T), all ones where it is missing;
                ``prompt_length``, a number or one a text (B,); after :class:`WordWeights`, ``token_weights`` (B, T),
                whose sum a mean is divided by instead of by the number of tokens.

        Returns:
            The features with ``sentence_embedding`` (B, modes · H) of the dtype of the token vectors.
        """
        tokens = feature(features, "token_embeddings")
        mask = features.get("attention_mask")
        mask = tokens.new_ones(tokens.shape[:2], dtype=torch.bool) if mask is None else mask.to(tokens.device) > 0
        # Places count from a text's first token, so that padding in front shifts nothing: (B, T)
        place = torch.arange(tokens.shape[1], device=tokens.device) - _first_place(mask).unsqueeze(1)
        if not self.include_prompt:
            # A new mask: the one in the features goes on saying what is padding.
            mask = mask & (place >= _prompt_length(features, tokens.device))
        count = _count(mask, features.get(WEIGHTS))
        pooled = [_POOLINGS[mode](tokens, mask, place, count) for mode in self.modes]
        features["sentence_embedding"] = torch.cat([each.to(tokens.dtype) for each in pooled], dim=1)
        return features

    def get_embedding_dimension(self) -> int:
        """Width of the sentence vector."""
        return self.embedding_dimension * len(self.modes)

    def get_sentence_embedding_dimension(self) -> int:
        """The same by its older name."""
        return self.get_embedding_dimension()

    def extra_repr(self) -> str:
        """What ``repr`` shows between the brackets."""
        return f"{self.embedding_dimension}, pooling_mode={self.pooling_mode!r}, include_prompt={self.include_prompt}"


def _prompt_length(features: Features, device: torch.device) -> int | Tensor:
    length = features.get("prompt_length")
    if isinstance(length, Tensor):
        return length.to(device).reshape(-1, 1)  # one a text, or one for all
    return int(length or 0)


# Each takes token vectors (B, T, H), which of them take part (B, T) bool, their places counted from a text's first
# token (B, T), and what means are divided by (B, 1), and returns (B, H).


def _first_place(mask: Tensor) -> Tensor:
    """Where the first token that takes part is: (B,); 0 where there is none. argmax finds the first largest."""
    return mask.int().argmax(dim=1)


def _total(tokens: Tensor, mask: Tensor) -> Tensor:
    # Filled with zeros, not multiplied by them: some attention kernels leave NaN where there is padding.
    tokens = tokens.masked_fill(~mask.unsqueeze(2), 0)
    return tokens.sum(dim=1, dtype=torch.promote_types(tokens.dtype, torch.float32))


def _count(mask: Tensor, weights: Tensor | None) -> Tensor:
    """The number of tokens that take part, or the sum of their weights: (B, 1)."""
    if weights is None:
        return mask.sum(dim=1, keepdim=True).clamp(min=1)
    return (weights * mask).sum(dim=1, keepdim=True).clamp(min=LEAST_WEIGHT)


def _mean(tokens: Tensor, mask: Tensor, _: Tensor, count: Tensor) -> Tensor:
    return _total(tokens, mask) / count


def _mean_sqrt_length(tokens: Tensor, mask: Tensor, _: Tensor, count: Tensor) -> Tensor:
    return _total(tokens, mask) / count.sqrt()


def _weighted_mean(tokens: Tensor, mask: Tensor, place: Tensor, _: Tensor) -> Tensor:
    # Weight 1 for the first token, 2 for the second ...: the places of a prompt count, even where it is left out.
    weights = (place + 1) * mask  # (B, T)
    tokens = wide(tokens)
    total = _total(tokens * weights.unsqueeze(2), mask)
    return total / weights.sum(dim=1, keepdim=True).clamp(min=1)


def _max(tokens: Tensor, mask: Tensor, *_: Tensor) -> Tensor:
    largest = tokens.masked_fill(~mask.unsqueeze(2), -torch.inf).amax(dim=1)
    return largest.masked_fill(~mask.any(dim=1, keepdim=True), 0)


def _at(tokens: Tensor, place: Tensor) -> Tensor:
    return tokens[torch.arange(len(tokens), device=tokens.device), place]


def _first(tokens: Tensor, mask: Tensor, *_: Tensor) -> Tensor:
    return _at(tokens, _first_place(mask))


def _last(tokens: Tensor, mask: Tensor, *_: Tensor) -> Tensor:
    last = mask.shape[1] - 1 - _first_place(mask.flip(1))
    return _at(tokens, last).masked_fill(~mask.any(dim=1, keepdim=True), 0)


_POOLINGS: dict[str, Callable[[Tensor, Tensor, Tensor, Tensor], Tensor]] = {
    "cls": _first,
    "max": _max,
    "mean": _mean,
    "mean_sqrt_len_tokens": _mean_sqrt_length,
    "weightedmean": _weighted_mean,
    "lasttoken": _last,
}
