"""Token vectors of a column of texts, as late interaction compares them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import pad


@dataclass(frozen=True)
class TokenVectors:
    """Vectors of the tokens of each text.

    Args:
        vectors: (B, tokens, d).
        mask: (B, tokens), True for tokens that count.
    """

    vectors: Tensor
    mask: Tensor

    def __len__(self) -> int:
        return len(self.vectors)

    @classmethod
    def cat(cls, columns: Sequence[TokenVectors]) -> TokenVectors:
        """The texts of several columns one after another."""
        widest = max(column.vectors.shape[1] for column in columns)
        gaps = [widest - column.vectors.shape[1] for column in columns]
        return cls(
            torch.cat([pad(column.vectors, (0, 0, 0, gap)) for column, gap in zip(columns, gaps, strict=True)]),
            torch.cat([pad(column.mask, (0, gap)) for column, gap in zip(columns, gaps, strict=True)]),
        )
