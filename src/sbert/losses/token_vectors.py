"""Token vectors of a column of texts, as late interaction compares them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import pad

from .devices import gathered, greatest


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
        wide = [column.padded(widest) for column in columns]
        return cls(torch.cat([column.vectors for column in wide]), torch.cat([column.mask for column in wide]))

    def padded(self, tokens: int) -> TokenVectors:
        """The same, with tokens that do not count up to a number of them."""
        gap = tokens - self.vectors.shape[1]
        return TokenVectors(pad(self.vectors, (0, 0, 0, gap)), pad(self.mask, (0, gap)))

    def gathered(self) -> TokenVectors:
        """The texts of all processes that train together, in their order; see :func:`~sbert.losses.devices.gathered`.

        Texts of other processes may be longer.
        """
        wide = self.padded(greatest(self.vectors.shape[1], self.vectors.device))
        return TokenVectors(gathered(wide.vectors), gathered(wide.mask.to(torch.uint8)).bool())
