"""Filling up short queries with a token whose vectors count (https://arxiv.org/abs/2004.12832, section 3.2)."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ..checkpoints.modules import QueryExpansion
from ..errors import InputError, closest
from .tokenizer import Tokenizer
from .tokens import Tokens

# What tokenizers call the token that stands for a hidden one, and the one at the end.
_MASKS, _ENDS = ("[MASK]", "<mask>"), ("</s>", "<|endoftext|>", "<|im_end|>", "[SEP]")


def expansion_id(tokenizer: Tokenizer, expansion: QueryExpansion) -> int:
    """The number of the token that queries are filled up with.

    Raises:
        InputError: the tokenizer does not have it.
    """
    wanted = (expansion.token,) if expansion.token is not None else (*_MASKS, *_ENDS)
    found = next((number for number in map(tokenizer.token_id, wanted) if number is not None), None)
    if found is None:
        raise InputError(
            f"query_expansion fills up with {expansion.token or 'a mask token'!r}, which the tokenizer does not have."
            f"{closest(expansion.token or '[MASK]', tokenizer.vocabulary())} Name one in query_expansion['token']."
        )
    return found


def expanded(tokens: Tokens, expansion: QueryExpansion, number: int) -> Tokens:
    """Texts filled up to a length at the least.

    Args:
        tokens: of the texts.
        expansion: how.
        number: of the token that they are filled up with.

    >>> two = Tokens.of([[5, 6], [7, 8, 9]], None, np.zeros(2, np.int64))
    >>> filled = expanded(two, QueryExpansion("min", 3), 1)
    >>> filled.ids.tolist(), filled.lengths.tolist(), filled.unseen.tolist()
    ([5, 6, 1, 7, 8, 9], [3, 3], [1, 0])
    """
    missing = np.maximum(expansion.length - tokens.lengths, 0)
    starts = np.concatenate([[0], np.cumsum(tokens.lengths + missing)]).astype(np.int64)
    ids = np.full(int(starts[-1]), number, np.int64)
    places = np.arange(len(tokens.ids)) + np.repeat(starts[:-1] - tokens.starts[:-1], tokens.lengths)
    ids[places] = tokens.ids
    types = None
    if tokens.type_ids is not None:
        types = np.zeros_like(ids)
        types[places] = tokens.type_ids
    return replace(tokens, ids=ids, type_ids=types, starts=starts, unseen=None if expansion.attend else missing)
