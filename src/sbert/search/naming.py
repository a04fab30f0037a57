"""Names for clusters: the words that are frequent in one and rare in the others."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from ..errors import InputError, MissingDependencyError, positive
from ..types import AnyArray

#: Two letters or more, with what names such as "c++", "asp.net" and "t-shirt" have in them.
_WORD = r"(?u)\b[^\W\d_][\w+#.-]*[\w+#]"


def name_clusters(texts: Sequence[str], labels: AnyArray | Sequence[int], words: int = 4) -> list[str]:
    """Name each cluster by its most telling words, by class-based TF-IDF.

    A word weighs as much as its share of the cluster's words, times log(1 + mean words of a cluster / times that the
    word occurs at all). Grootendorst 2022, https://arxiv.org/abs/2203.05794. English function words are left out, and
    of words that differ in a last "s" the second.

    Args:
        texts: the n texts.
        labels: (n,), the cluster of each text, 0 to k - 1; negative numbers stand for none.
        words: words of a name.

    Returns:
        (k) names, such as ``"excel, vba, cell, sheet"``; an empty one where a cluster has no words.

    Raises:
        InputError: there are more texts than labels, or fewer; a label is no whole number; or ``words`` is below 1.
        MissingDependencyError: scikit-learn, an extra, is not installed.

    >>> name_clusters(["the cat purrs", "cats and cat food", "stocks fell", "stocks rose"], [0, 0, 1, 1], words=1)
    ['cat', 'stocks']
    """
    words = positive("words", words)
    numbers = np.asarray(labels)
    if numbers.shape != (len(texts),):
        raise InputError(
            f"labels must have a number for each of the {len(texts)} texts; got the shape {numbers.shape}."
        )
    if len(numbers) and numbers.dtype.kind not in "iu":
        raise InputError(f"labels must be whole numbers; got the dtype {numbers.dtype}.")
    joined: list[list[str]] = [[] for _ in range(int(numbers.max(initial=-1)) + 1)]
    for text, number in zip(texts, numbers.tolist(), strict=True):
        if number >= 0:
            joined[number].append(text)
    counts, vocabulary = _counts([" ".join(part) for part in joined])
    totals = counts.sum(axis=1)  # (k,)
    rarity = np.log1p(totals.mean() / np.maximum(counts.sum(axis=0), 1)) if len(joined) else totals  # (w,)
    names = []
    for start, end in zip(counts.indptr, counts.indptr[1:], strict=False):
        places = counts.indices[start:end]
        weights = counts.data[start:end] * rarity[places]  # dividing by the cluster's total would not change the order
        order = places[np.lexsort((places, -weights))]
        names.append(", ".join(_first((vocabulary[place] for place in order.tolist()), words)))
    return names


def _counts(texts: list[str]) -> tuple[Any, list[str]]:
    """How often each word is in each text, (k, w) sparse, and the words in the order of the alphabet."""
    try:
        from scipy.sparse import csr_array
        from sklearn.feature_extraction.text import CountVectorizer
    except ImportError as error:
        raise MissingDependencyError("scikit-learn", "name clusters", "cluster") from error
    counter = CountVectorizer(stop_words="english", token_pattern=_WORD)
    try:
        counts = csr_array(counter.fit_transform(texts))
    except ValueError:  # no text has a word
        return csr_array((len(texts), 1)), [""]
    return counts, counter.get_feature_names_out().tolist()


def _first(ordered: Iterable[str], count: int) -> list[str]:
    """The first words, without those that differ from one before by an "s" at the end."""
    found: list[str] = []
    for word in ordered:
        if not {word, word + "s", word.removesuffix("s")} & set(found):
            found.append(word)
        if len(found) == count:
            break
    return found
