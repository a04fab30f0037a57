"""GPL: a domain without labels; questions are made or taken, negatives mined, and a cross-encoder says how far apart.

Wang, Thakur, Reimers and Gurevych, https://arxiv.org/abs/2112.07577.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from ...errors import InputError
from ...search.hard_negatives import mine_hard_negatives
from ..tables import Table

#: Makes questions of texts: some for each.
Generator = Callable[[list[str]], Sequence[Sequence[str]]]

QUERY, POSITIVE, NEGATIVE, LABEL = "query", "positive", "negative", "label"


def gpl_rows(
    corpus: Sequence[str] | Mapping[str, str],
    model: Any,
    cross_encoder: Any,
    *,
    queries: Sequence[tuple[str, str]] | None = None,
    generator: Generator | None = None,
    negatives: int = 4,
    range_max: int = 50,
    seed: int = 0,
    **options: Any,
) -> Table:
    """Rows for :class:`~sbert.losses.MarginMSELoss`: a query, its text, one that is like it, and the margin of both.

    Args:
        corpus: the domain's texts; or a mapping from titles or questions to texts, of which each title is a query for
            its text, so that no generator is needed.
        model: what finds negatives; the one that is to be trained, or another.
        cross_encoder: whose ``predict`` scores pairs; the margin is the score of the text minus that of the negative.
            Scores should not have gone through a sigmoid, which flattens them: pass a model with
            ``activation_fn="identity"``.
        queries: pairs of a query and its text, where there are some.
        generator: makes queries of texts, such as a language model: takes a list of texts, gives some for each.
        negatives: for each query.
        range_max: how many of the nearest texts they are drawn from.
        seed: of the drawing.
        **options: of :func:`sbert.mine_hard_negatives`.

    Returns:
        The columns ``query``, ``positive``, ``negative`` and ``label``.

    Raises:
        InputError: there is nothing that gives queries, or a generator gives not as many lists as it got texts.
    """
    pairs = [*(queries or ())]
    texts = list(corpus.values()) if isinstance(corpus, Mapping) else list(corpus)
    if isinstance(corpus, Mapping):
        pairs += [(title, text) for title, text in corpus.items() if title.strip() and title != text]
    if generator is not None:
        made = generator(texts)
        if len(made) != len(texts):
            raise InputError(f"generator must give a list of queries for each of {len(texts)} texts; got {len(made)}.")
        pairs += [(query, text) for text, of_text in zip(texts, made, strict=True) for query in of_text]
    if not pairs:
        raise InputError("GPL needs queries: pass them, a generator, or a corpus of titles and texts.")
    settings: dict[str, Any] = {
        "range_max": range_max,
        "sampling_strategy": "random",
        "verbose": False,
        "seed": seed,
    } | options
    mined = mine_hard_negatives(
        [{QUERY: query, POSITIVE: text} for query, text in dict.fromkeys(pairs)],
        model,
        corpus=texts,
        num_negatives=negatives,
        **settings,
    )
    rows = [tuple(row[name] for name in (QUERY, POSITIVE, NEGATIVE)) for row in mined]
    # Each pair is scored once, though its query has several negatives.
    asked = list(dict.fromkeys(pair for query, good, bad in rows for pair in ((query, good), (query, bad))))
    scores = dict(zip(asked, np.asarray(cross_encoder.predict(asked), np.float32).ravel().tolist(), strict=True))
    margins = [scores[query, good] - scores[query, bad] for query, good, bad in rows]
    columns = {name: [row[place] for row in rows] for place, name in enumerate((QUERY, POSITIVE, NEGATIVE))}
    return Table({**columns, LABEL: margins}, "GPL's rows")
