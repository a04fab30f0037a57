"""Readers of the real data and the scores that papers publish; tests and benchmarks use the same."""

from __future__ import annotations

import csv
import gzip
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np


def rows(path: Path) -> list[dict[str, str]]:
    """The rows of a compressed tab-separated file with a header."""
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))


def json_lines(path: Path) -> list[dict[str, str]]:
    """The objects of a compressed JSON-lines file."""
    with gzip.open(path, "rt", encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def sts_pairs(path: Path, split: str = "test") -> tuple[list[str], list[str], list[float]]:
    """Left texts, right texts and human scores of one split of an STS file."""
    found = [row for row in rows(path) if row["split"] == split]
    return [r["sentence1"] for r in found], [r["sentence2"] for r in found], [float(r["score"]) for r in found]


def spearman(a: Sequence[float] | np.ndarray, b: Sequence[float] | np.ndarray) -> float:
    """Rank correlation times 100; values that tie share their mean rank."""

    def ranks(values: Sequence[float] | np.ndarray) -> np.ndarray:
        _, inverse, counts = np.unique(np.asarray(values), return_inverse=True, return_counts=True)
        return (np.cumsum(counts) - (counts - 1) / 2)[inverse]

    return 100 * float(np.corrcoef(ranks(a), ranks(b))[0, 1])


def cosines(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """The cosine of each row of one array with the same row of the other."""
    a, b = a.astype(np.float64), b.astype(np.float64)
    return (a * b).sum(1) / np.sqrt((a * a).sum(1) * (b * b).sum(1))


class Retrieval:
    """A collection in BEIR's layout: documents, queries that have judgements, and those.

    Attributes:
        documents: title and text joined by a space, as published scores read them.
        queries: texts, in the order of ``judgements``.
        judgements: for each query, the gains of documents by their row.
    """

    def __init__(self, folder: Path) -> None:
        found = json_lines(folder / "corpus.jsonl.gz")
        number = {document["_id"]: row for row, document in enumerate(found)}
        texts = {row["_id"]: row["text"] for row in json_lines(folder / "queries.jsonl.gz")}
        judged: dict[str, dict[int, int]] = {}
        with (folder / "qrels" / "test.tsv").open(encoding="utf-8") as file:
            for row in csv.DictReader(file, delimiter="\t"):
                judged.setdefault(row["query-id"], {})[number[row["corpus-id"]]] = int(row["score"])
        self.documents = [f"{document['title']} {document['text']}" for document in found]
        self.queries = [texts[query] for query in judged]
        self.judgements = list(judged.values())

    def ndcg_at_10(self, queries: np.ndarray, documents: np.ndarray) -> float:
        """nDCG@10 times 100 of exact search by cosine."""
        from sbert.search import search

        hits: Any = search(queries, documents, top_k=10)
        return self.ndcg_of(hits.ids.tolist())

    def ndcg_of(self, rankings: Sequence[Sequence[int]] | np.ndarray) -> float:
        """nDCG@10 times 100 of rankings; gains as they stand, the way that trec_eval computes it.

        Args:
            rankings: for each query the rows of documents, the best first.
        """
        discounts = 1 / np.log2(np.arange(2, 12))
        scores = []
        for judged, found in zip(self.judgements, rankings, strict=True):
            gains = np.array([judged.get(int(row), 0) for row in found[:10]])
            best = sorted(judged.values(), reverse=True)[:10]
            scores.append((gains * discounts[: len(gains)]).sum() / (best * discounts[: len(best)]).sum())
        return 100 * float(np.mean(scores))
