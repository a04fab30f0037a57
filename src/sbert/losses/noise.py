"""Texts of which words are missing, for a network to learn what was there."""

from __future__ import annotations

import re
import string
from collections.abc import Iterable

import numpy as np

from ..errors import InputError

# Scripts without spaces between words, of which each letter counts as a word: Thai, Lao, Burmese, Khmer, kana, Han.
_UNSPACED = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff"
_MARKS = re.escape(string.punctuation) + "‘’“”…–—«»¿¡。、，！？；：（）「」『』《》"
_LETTER = rf"[^\s{_MARKS}{_UNSPACED}]"
#: A word or a mark, with the space in front of it.
_WORD = re.compile(rf"\s*(?:{_LETTER}+(?:['’-]{_LETTER}+)*|\S)")


def delete_words(text: str, ratio: float = 0.6, generator: np.random.Generator | None = None) -> str:
    """A text without some of its words and marks, as TSDAE is trained on; at least one stays.

    Wang, Reimers and Gurevych, https://arxiv.org/abs/2104.06979.

    Args:
        text: in any language.
        ratio: how likely each word is to go.
        generator: of random numbers; a new one by default.

    Raises:
        InputError: the ratio is not from 0 to 1.
    """
    if not 0 <= ratio <= 1:
        raise InputError(f"ratio must be from 0 to 1; got {ratio}.")
    generator = generator or np.random.default_rng()
    words = _WORD.findall(text)
    if not words:
        return text
    kept = generator.random(len(words)) >= ratio
    if not kept.any():
        kept[generator.integers(len(words))] = True
    return "".join(word for word, stays in zip(words, kept, strict=True) if stays).strip()


def noised(texts: Iterable[str], ratio: float = 0.6, seed: int | None = 0) -> list[str]:
    """Texts, each by :func:`delete_words`: the first column for :class:`~sbert.losses.DenoisingAutoEncoderLoss`.

    As a transform of a ``datasets.Dataset``, with other noise each epoch::

        dataset.set_transform(lambda batch: {"noised": noised(batch["text"], seed=None), "text": batch["text"]})

    Args:
        texts: to make noisy.
        ratio: how likely each word is to go.
        seed: of the noise; None for another each time.
    """
    generator = np.random.default_rng(seed)
    return [delete_words(text, ratio, generator) for text in texts]
