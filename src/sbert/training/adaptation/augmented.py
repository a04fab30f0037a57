"""Augmented SBERT: a cross-encoder, trained on few labelled pairs, labels many; a bi-encoder is trained on those.

Thakur, Reimers, Daxenberger and Gurevych, https://arxiv.org/abs/2010.08240.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ...errors import InputError, positive
from ...search.exact import search
from ..tables import Table


def silver_pairs(
    texts: Sequence[str],
    cross_encoder: Any,
    model: Any,
    *,
    top_k: int = 5,
    random_pairs: int = 0,
    known: Sequence[tuple[str, str]] = (),
    seed: int = 0,
) -> Table:
    """Rows for :class:`~sbert.losses.CosineSimilarityLoss` and its kin: pairs of texts with a cross-encoder's scores.

    Which pairs are labelled matters more than how many: of random ones nearly all are of texts that have nothing in
    common. So each text is paired with those that a model finds nearest, and, if asked, with some at random.

    Args:
        texts: without labels.
        cross_encoder: whose ``predict`` scores pairs, from 0 to 1.
        model: what finds near texts.
        top_k: near texts for each.
        random_pairs: further pairs, drawn at random.
        known: pairs that are labelled already, and left out.
        seed: of the drawing.

    Returns:
        The columns ``sentence1``, ``sentence2`` and ``score``.

    Raises:
        InputError: there are fewer than two texts.
    """
    held = list(dict.fromkeys(texts))
    if len(held) < 2:
        raise InputError(f"texts must hold two different ones at least; got {len(held)}.")
    positive("top_k", top_k)
    vectors = model.encode(held)
    near = search(vectors, vectors, top_k=min(top_k + 1, len(held))).ids.tolist()
    found = [(place, other) for place, others in enumerate(near) for other in others]
    generator = np.random.default_rng(seed)
    drawn = generator.integers(0, len(held), (random_pairs, 2)).tolist() if random_pairs else []
    left_out = {frozenset(pair) for pair in known}
    places = dict.fromkeys((min(a, b), max(a, b)) for a, b in (*found, *drawn) if a != b)
    pairs = [(held[a], held[b]) for a, b in places if frozenset((held[a], held[b])) not in left_out]
    if not pairs:
        raise InputError("All pairs that were found are known already: raise top_k, or pass random_pairs.")
    scores = np.asarray(cross_encoder.predict(pairs), np.float32).ravel().tolist()
    return Table(
        {"sentence1": [a for a, _ in pairs], "sentence2": [b for _, b in pairs], "score": scores}, "the silver pairs"
    )
