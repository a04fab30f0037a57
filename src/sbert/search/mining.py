"""Paraphrase mining: the most similar pairs among the nearest of every row, for sets too large for all pairs."""

from __future__ import annotations

import numpy as np

from ..errors import positive
from ..similarity import cos_sim
from ..types import Vectors
from ..vectors import as_array, as_rows
from .exact import search
from .hits import Hits
from .pairs import TILE, Pairs, Tiles
from .scoring import ScoreFunction, is_cosine
from .selection import Scores, best_of_groups

#: How many times ``max_pairs`` pairs a threshold should leave: the first guess, and the last.
_FIRST_GUESS, _LAST_GUESS = 1.15, 8.0
#: How many times ``max_pairs`` pairs are kept at a time at the most.
_MOST = 32
#: Rows that a threshold is guessed from.
_SAMPLED = 2048


def paraphrases(
    embeddings: Vectors,
    *,
    max_pairs: int = 500_000,
    top_k: int = 100,
    score_function: ScoreFunction = cos_sim,
    query_chunk_size: int = 5000,
    corpus_chunk_size: int = 100_000,
) -> Pairs:
    """Find the most similar pairs, among each row and its nearest ones.

    Each row is compared with all others; beside its argument this holds what :func:`~sbert.search.search` does, twice
    the result and ``query_chunk_size * top_k`` pairs. To find the best of all pairs, however many a row has, see
    :func:`~sbert.search.most_similar_pairs`.

    Args:
        embeddings: (n, d). NumPy, torch or lists.
        max_pairs: pairs returned at the most.
        top_k: for each row, only pairs with so many nearest ones are looked at.
        score_function: as for :func:`~sbert.search.search`; symmetric.
        query_chunk_size: rows that are compared at a time.
        corpus_chunk_size: rows that those are compared with at a time.

    Returns:
        Each unordered pair of different rows once.

    Raises:
        InputError: NaN or infinity (the first such row is named), or a size below 1.

    >>> paraphrases([[1.0, 0.0], [0.0, 1.0], [2.0, 0.0]], max_pairs=2)
    Pairs(2: 0 and 2 at 1.0000, 0 and 1 at 0.0000)
    """
    max_pairs, top_k = positive("max_pairs", max_pairs), positive("top_k", top_k)
    step = positive("query_chunk_size", query_chunk_size)
    rows = as_rows(embeddings, "embeddings")
    if is_cosine(score_function) and (above := _best_of_all(Tiles(rows, TILE), max_pairs, top_k)) is not None:
        return above
    found, threshold = Pairs.joined([]), -np.inf
    for start in range(0, len(rows), step):
        hits = search(
            rows[start : start + step],
            rows,
            top_k=top_k + 1,  # a row is among its own nearest ones
            score_function=score_function,
            corpus_chunk_size=corpus_chunk_size,
        )
        found = _distinct(Pairs.joined([found, _pairs(hits, start, top_k, threshold)]), len(rows))
        if len(found) > max_pairs:
            found = found.first(max_pairs)
            threshold = float(found.scores[-1])
    return found.first(max_pairs)


def _best_of_all(tiles: Tiles, max_pairs: int, top_k: int) -> Pairs | None:
    """The same by looking at each pair once, and at no row's nearest ones: several times as fast.

    A threshold that should leave somewhat more than ``max_pairs`` pairs is guessed from a sample. Of all pairs above
    it, those among the ``top_k`` of one of their rows are known, since all better ones of that row are above it too; if
    there are ``max_pairs`` of them, the best are what is sought. If not, the threshold is lowered, by as much as that
    many should take.

    Returns:
        The pairs; None where so many pairs would have to be kept that looking for nearest rows is better.
    """
    total = tiles.rows * (tiles.rows - 1) // 2
    sampled = _sampled(tiles, top_k)
    more = _FIRST_GUESS
    while more <= _LAST_GUESS:
        threshold = _threshold(sampled, more * max_pairs / max(1, total))
        pairs = _all_above(tiles, threshold, _MOST * max_pairs)
        if pairs is None:
            return None
        kept = _among_nearest(pairs, tiles.rows, top_k)
        if len(kept) >= max_pairs or len(pairs) == total:
            return kept.first(max_pairs)
        more *= max(1.5, 1.3 * max_pairs / max(1, len(kept)))
    return None


def _sampled(tiles: Tiles, top_k: int) -> tuple[Scores, int]:
    """The cosines of those pairs of a sample that are among the nearest of one of their rows, and of how many pairs.

    A row's ``top_k`` nearest of all rows are as many fewer in the sample as the sample is smaller.
    """
    sample = np.sort(np.random.default_rng(0).permutation(tiles.rows)[:_SAMPLED])
    rows = len(sample)
    unit = tiles.unit_rows(sample)
    scores = as_array(unit @ unit.T)
    np.fill_diagonal(scores, -np.inf)
    near = min(max(1, round(top_k * rows / max(1, tiles.rows))), rows)
    least = np.partition(scores, rows - near, axis=1)[:, rows - near] if rows else np.empty(0, np.float32)
    among = np.triu(scores >= np.minimum(least[:, None], least), k=1)
    return np.sort(scores[among]), rows * (rows - 1) // 2


def _threshold(sampled: tuple[Scores, int], part: float) -> float:
    """The cosine above which about that part of all pairs is among the nearest; -inf where there are not so many."""
    scores, pairs = sampled
    wanted = int(part * pairs)
    return float(scores[-1 - wanted]) if wanted < len(scores) else -np.inf


def _all_above(tiles: Tiles, threshold: float, most: int) -> Pairs | None:
    """All pairs that are not below a threshold, in no order; None where they are more than ``most``."""
    parts, count = [Pairs.joined([])], 0
    for strip in range(len(tiles)):
        for tile in tiles.strip(strip):
            parts.append(tile.above(threshold))
            count += len(parts[-1])
            if count > most:
                return None
    return Pairs.joined(parts)


def _among_nearest(pairs: Pairs, rows: int, top_k: int) -> Pairs:
    """The pairs that are among the ``top_k`` best of one of their two rows."""
    centres, ids = np.concatenate([pairs.left, pairs.right]), np.concatenate([pairs.right, pairs.left])
    near = best_of_groups(centres, np.tile(pairs.scores, 2), ids, rows, top_k)
    return pairs.at(near[: len(pairs)] | near[len(pairs) :])


def _pairs(hits: Hits, start: int, top_k: int, threshold: float) -> Pairs:
    """The pairs of rows, from ``start`` on, with their hits, without those below a threshold."""
    queries = np.arange(start, start + len(hits))[:, None]
    others = hits.ids != queries
    # Where a row is not among its own hits, as copies with smaller numbers may crowd it out, one hit is too many.
    others &= np.cumsum(others, axis=1) <= top_k
    row, column = np.nonzero(others & (hits.scores >= threshold))
    centres, ids = row + start, hits.ids[row, column]
    return Pairs(hits.scores[row, column], np.minimum(centres, ids), np.maximum(centres, ids))


def _distinct(pairs: Pairs, rows: int) -> Pairs:
    """Each pair once: the first time that it comes."""
    _, first = np.unique(pairs.left * rows + pairs.right, return_index=True)
    return pairs.at(first)
