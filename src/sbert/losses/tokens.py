"""What losses ask of tokenizers: of a model's own one, ``_tokenizer``.

What ``tokenizer`` gives to scripts may be another library's, as in sbert-compat.
"""

from __future__ import annotations

from typing import Any

from torch import Tensor

from ..errors import InputError
from ..text import Tokenizer
from .columns import Features


def same_tokens(one: Tokenizer, other: Tokenizer) -> bool:
    """Whether two tokenizers give the same numbers for a text that is too long for neither."""
    if type(one) is not type(other) or one.pad_id != other.pad_id:
        return False
    return one.with_max_length(None).serialized() == other.with_max_length(None).serialized()


def texts_of(features: Features, tokenizer: Tokenizer) -> list[str]:
    """The texts of a column, as far as its tokens tell: cut and lower-cased where the tokenizer does so.

    Args:
        features: with ``input_ids`` and ``attention_mask``, (B, tokens).
        tokenizer: that made them.

    Raises:
        InputError: the column holds no texts.
    """
    if "input_ids" not in features:
        raise InputError(f"A column must hold texts here; this one holds {', '.join(sorted(features))}.")
    ids: Tensor = features["input_ids"]
    mask: Tensor = features["attention_mask"].bool()
    return [tokenizer.decode(row[kept].tolist()) for row, kept in zip(ids.cpu(), mask.cpu(), strict=True)]


def pad_id_of(model: Any) -> int:
    """The number of a model's padding token; 0 where it has none."""
    return getattr(getattr(model, "_tokenizer", None), "pad_id", 0) or 0
