"""What static models are fitted to and judged by: real texts, with those of the judges kept out of the fit."""

from __future__ import annotations

import csv
import gzip
import json
import random
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from scoring import spearman

#: Texts of each source in the fit: general English of many kinds, and nothing of the judges' own sets.
SOURCES = {
    "corpora/wordnet-glosses.tsv.gz": (("definition",), 40_000),
    "corpora/pypi-summaries.tsv.gz": (("text",), 12_000),
    "corpora/debian-packages.tsv.gz": (("text",), 4_000),
    "nli/snli-devtest.tsv.gz": (("premise", "hypothesis"), 10_000),
    "nli/xnli-en.tsv.gz": (("premise", "hypothesis"), 8_000),
    "nli/rte-glue.tsv.gz": (("premise", "hypothesis"), 4_000),
    "pairs/asset-simplification.tsv.gz": (("sentence1", "sentence2"), 6_000),
    "parallel/multi30k/train.tsv.gz": (("en",), 4_000),
    "retrieval/medquad/corpus.jsonl.gz": (("text",), 12_000),
}
STS = {"STSb": "stsb-en", "STS12": "sts12", "STS13": "sts13", "STS14": "sts14", "STS15": "sts15"}


def rows(path: Path) -> Iterator[dict[str, str]]:
    """The rows of a shared file."""
    csv.field_size_limit(1 << 30)
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        if path.name.endswith(".jsonl.gz"):
            yield from map(json.loads, file)
        else:
            yield from csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)


def plain(text: str) -> str:
    """A text without case and punctuation, to find it again in another dress."""
    return " ".join(re.sub(r"[^a-z0-9 ]", " ", text.lower()).split())


def training_texts(data: Path) -> list[str]:
    """Texts to fit to. None of them is in any STS file, whatever its split; SciFact is not among the sources."""
    judges = {plain(row[side]) for path in (data / "sts").glob("*.tsv.gz") for row in rows(path) for side in SIDES}
    mixed: list[str] = []
    for source, (columns, count) in SOURCES.items():
        found = [part for row in rows(data / source) for column in columns for part in pieces(row[column])]
        kept = [text for text in dict.fromkeys(found) if plain(text) and plain(text) not in judges]
        mixed += random.Random(0).sample(kept, min(count, len(kept)))
    return mixed


SIDES = ("sentence1", "sentence2")


def pieces(text: str) -> list[str]:
    """The text; of a long one, its first three sentences one by one and its first 100 words."""
    words = text.split()
    if len(words) <= 100:
        return [" ".join(words)]
    return [*re.split(r"(?<=[.?!])\s+", " ".join(words))[:3], " ".join(words[:100])]


class Judges:
    """STS benchmark and STS 2012 to 2015 (Spearman, pairs pooled a year) and SciFact (nDCG@10), all test splits."""

    def __init__(self, data: Path) -> None:
        self.texts: list[str] = []
        self._pairs: dict[str, tuple[slice, slice, list[float]]] = {}
        for name, file in STS.items():
            pairs = [row for row in rows(data / "sts" / f"{file}.tsv.gz") if row["split"] == "test"]
            left, right = (self._add([pair[side] for pair in pairs]) for side in SIDES)
            self._pairs[name] = (left, right, [float(pair["score"]) for pair in pairs])
        folder = data / "retrieval" / "scifact"
        documents = list(rows(folder / "corpus.jsonl.gz"))
        questions = {row["_id"]: row["text"] for row in rows(folder / "queries.jsonl.gz")}
        relevant: dict[str, dict[str, int]] = {}
        with (folder / "qrels" / "test.tsv").open(encoding="utf-8") as file:
            for row in csv.DictReader(file, delimiter="\t"):
                relevant.setdefault(row["query-id"], {})[row["corpus-id"]] = int(row["score"])
        self._documents = self._add([f"{document['title']} {document['text']}" for document in documents])
        self._questions = self._add([questions[question] for question in relevant])
        numbers = {document["_id"]: number for number, document in enumerate(documents)}
        self._relevant = [{numbers[key]: gain for key, gain in found.items()} for found in relevant.values()]

    def _add(self, texts: list[str]) -> slice:
        self.texts += texts
        return slice(len(self.texts) - len(texts), len(self.texts))

    def scores(self, vectors: np.ndarray) -> dict[str, float]:
        """Each judge's score, times 100, of the vectors of :attr:`texts`."""
        unit = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
        found: dict[str, Any] = {
            name: spearman((unit[left] * unit[right]).sum(axis=1).tolist(), expected)
            for name, (left, right, expected) in self._pairs.items()
        }
        found["SciFact"] = 100 * self._ndcg(unit[self._questions] @ unit[self._documents].T)
        return {name: round(float(score), 2) for name, score in found.items()}

    def _ndcg(self, similarities: np.ndarray) -> float:
        discounts = 1 / np.log2(np.arange(2, 12))
        scores = []
        for row, relevant in zip(similarities, self._relevant, strict=True):
            gains = [relevant.get(int(number), 0) for number in np.argsort(-row, kind="stable")[:10]]
            best = sorted(relevant.values(), reverse=True)[:10]
            scores.append((gains * discounts).sum() / (best * discounts[: len(best)]).sum())
        return float(np.mean(scores))
