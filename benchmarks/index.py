"""The lasting index with MiniLM: what vectors, words and both find.

Collections are indexed as an application would: in passages, the best of which is a document's.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

from harness import parser, read_options, record
from scoring import Retrieval

from sbert import SentenceTransformer
from sbert.index import Hit, Index

COLLECTIONS = ("scifact", "cisi", "cranfield")
SIDES: dict[str, dict[str, Any]] = {
    "dense": {"mode": "dense"},
    "text": {"mode": "text"},
    "hybrid": {"mode": "hybrid"},
    "hybrid, rrf": {"mode": "hybrid", "fusion": "rrf"},
}
# Passages that are asked for, so that ten different documents are among them.
PASSAGES = 50


def ranking(hits: list[Hit]) -> list[int]:
    """Documents in the order of their best passages."""
    return list(dict.fromkeys(int(hit.document) for hit in hits))


def collection(folder: Path, model: SentenceTransformer) -> dict[str, Any]:
    """What each side finds in one collection, and the milliseconds of a query."""
    data = Retrieval(folder)
    with tempfile.TemporaryDirectory() as scratch:
        index = Index.create(Path(scratch) / "x.lance", model)
        changes = index.add({"id": str(row), "text": text} for row, text in enumerate(data.documents))
        found: dict[str, Any] = {"documents": changes.added, "passages": len(index), "scores": {}, "milliseconds": {}}
        for name, options in SIDES.items():
            times, rankings = [], []
            for query in data.queries:
                started = time.perf_counter()
                rankings.append(ranking(index.search(query, PASSAGES, **options)))
                times.append((time.perf_counter() - started) * 1000)
            found["scores"][name] = data.ndcg_of(rankings)
            found["milliseconds"][name] = statistics.median(times)
            print(f"  {name:12} nDCG@10 {found['scores'][name]:6.2f}   {statistics.median(times):5.1f} ms", flush=True)
    return found


def main() -> None:
    found = parser(__doc__, rounds=1)
    found.add_argument("--only", nargs="+", choices=COLLECTIONS, default=COLLECTIONS, help="not all; cisi if --short")
    options = read_options(found, peers=False)
    model = SentenceTransformer("all-MiniLM-L6-v2", backend="openvino", on_truncation="ignore")
    measured: dict[str, Any] = {"collections": {}}
    for name in COLLECTIONS:
        if name not in (["cisi"] if options.short else options.only):
            continue
        folder = options.data / "retrieval" / name
        if not folder.is_dir():
            print(f"{name} is left out: {folder} is not there")
            continue
        print(name, flush=True)
        measured["collections"][name] = collection(folder, model)
    record("index", measured | {"short_form": options.short, "passages_asked_for": PASSAGES})


if __name__ == "__main__":
    main()
