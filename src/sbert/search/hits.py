"""What a search finds."""

from __future__ import annotations

from dataclasses import dataclass

from .selection import Ids, Scores


@dataclass(frozen=True, repr=False)
class Hits:
    """What a search found: for each query the best rows of the corpus, the best first.

    Attributes:
        scores: (q, k) float32, decreasing along each row.
        ids: (q, k) int64, numbers of corpus rows; of equal scores the smaller number comes first.

    >>> from sbert.search import search
    >>> hits = search([[1.0, 0.0]], [[0.0, 1.0], [2.0, 0.0]])
    >>> hits
    Hits(1 query x 2 hits; first query: 1 at 1.0000, 0 at 0.0000)
    >>> hits.to_dicts()
    [[{'corpus_id': 1, 'score': 1.0}, {'corpus_id': 0, 'score': 0.0}]]
    """

    scores: Scores
    ids: Ids

    def __len__(self) -> int:
        return len(self.ids)

    def __repr__(self) -> str:
        queries, hits = self.ids.shape
        size = f"{queries} {'query' if queries == 1 else 'queries'} x {hits} {'hit' if hits == 1 else 'hits'}"
        if not self.ids.size:
            return f"Hits({size})"
        shown = zip(self.ids[0, :3].tolist(), self.scores[0, :3].tolist(), strict=True)
        listed = ", ".join(f"{number} at {score:.4f}" for number, score in shown)
        return f"Hits({size}; first query: {listed}{', ...' if hits > 3 else ''})"

    def to_dicts(self) -> list[list[dict[str, int | float]]]:
        """One list for each query of ``{"corpus_id": int, "score": float}``, the best first."""
        return [
            [{"corpus_id": number, "score": score} for number, score in zip(ids, scores, strict=True)]
            for ids, scores in zip(self.ids.tolist(), self.scores.tolist(), strict=True)
        ]
