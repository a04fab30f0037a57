"""Texts a second on this processor, in bulk, with the quality beside the speed."""

from __future__ import annotations

import csv
import gzip
import json
import statistics
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from harness import Side, arguments, definitions, in_turn, minilm_folder, ratio, record


def pairs(folder: Path) -> tuple[list[str], list[str], list[float]]:
    """The STS benchmark's test pairs with their scores; empty where the data is not there."""
    path = folder / "sts" / "stsb-en.tsv.gz"
    if not path.exists():
        return [], [], []
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        found = csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
        rows = [row for row in found if row["split"] == "test"]
    return [r["sentence1"] for r in rows], [r["sentence2"] for r in rows], [float(r["score"]) for r in rows]


def long_texts(folder: Path) -> list[str]:
    """Abstracts of about 200 words; empty where the data is not there."""
    path = folder / "retrieval" / "scifact" / "corpus.jsonl.gz"
    if not path.exists():
        return []
    with gzip.open(path, "rt", encoding="utf-8") as file:
        documents = [json.loads(line) for line in file]
    return [f"{document['title']} {document['text']}" for document in documents[:200]]


def spearman(a: list[float], b: list[float]) -> float:
    """Rank correlation, ties at their mean rank, times 100."""

    def ranks(values: list[float]) -> np.ndarray:
        _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
        return (np.cumsum(counts) - (counts + 1) / 2)[inverse]

    return 100 * float(np.corrcoef(ranks(a), ranks(b))[0, 1])


def race(label: str, texts: list[str], options: Any, gold: tuple[list[str], list[str], list[float]]) -> dict[str, Any]:
    left, right, expected = gold
    with tempfile.NamedTemporaryFile("w", suffix=".json", encoding="utf-8") as file:
        json.dump({"texts": texts, "left": left, "right": right}, file)
        file.flush()
        folder = minilm_folder()
        script, threads = "throughput.py", options.threads
        sides = {
            "sbert float32": Side(sys.executable, script, "sbert", "float32", folder, file.name, threads=threads),
            "sbert bfloat16": Side(sys.executable, script, "sbert", "bfloat16", folder, file.name, threads=threads),
            "sentence-transformers": Side(options.peer_python, script, "st", "-", folder, file.name, threads=threads),
        }
        runs = in_turn([(name, side.run) for name, side in sides.items()], options.rounds)
        scores = {name: side.end()["scores"] for name, side in sides.items()}
    peer = [run["seconds"] for run in runs["sentence-transformers"]]
    table = {}
    print(f"{label}: {len(texts)} texts")
    for name, found in runs.items():
        seconds = [run["seconds"] for run in found]
        quality = round(spearman(scores[name], expected), 2) if expected else None
        speed = len(texts) / statistics.median(seconds)
        table[name] = {"texts_per_second": speed, "ratio": ratio(seconds, peer), "stsb_spearman": quality}
        shown = "" if quality is None else f"   STSb {quality:.2f}"
        print(f"  {name:24}{speed:8.0f} texts/s   {table[name]['ratio']:5.2f} x{shown}")
    return table


def main() -> None:
    options = arguments(__doc__, rounds=5)
    gold = pairs(options.data)
    measured = {"short": race("short texts (WordNet definitions)", definitions(4000), options, gold)}
    if texts := long_texts(options.data):
        measured["long"] = race("long texts (SciFact abstracts)", texts, options, gold)
    record("throughput", measured | {"rounds": options.rounds})


if __name__ == "__main__":
    main()
