"""Indexes of a million vectors, or of many: what they find of what exact search finds, time, disk and memory.

The million are real: texts of the shared data by MiniLM in int8. Beyond the base, which --base tells, rows are
simulated: real vectors a little changed. Queries are real vectors that are in no index. Every library asks one query at
a time on one core. Embedding them first takes a quarter of an hour, and is kept in the folder, as the indexes are.
"""

from __future__ import annotations

import json
import shutil
import sys
from datetime import date
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from harness import RESULTS, parser, processor, read_options, record, worker
from scale_data import ENDINGS, FILTERED_QUERIES, K, exact
from texts import million_texts

from sbert import SentenceTransformer

LIBRARIES = ("sbert", "faiss", "usearch")
QUERIES = 200
# What a row of the table must find to be compared, and where there are more rows than MANY.
ENOUGH, ENOUGH_OF_MANY, MANY = 0.95, 0.9, 5_000_000


def prepare(folder: Path, count: int, data: Path) -> None:
    """Write the base, its texts and the queries, if they are not there."""
    if (folder / "queries.npy").exists():
        return
    print(f"embedding {count:,} texts")
    model = SentenceTransformer("all-MiniLM-L6-v2", dtype="int8", on_truncation="ignore")
    vectors = model.encode_to(folder / "vectors", islice(million_texts(data), count)).array()
    chosen = np.linspace(0, len(vectors) - 1, QUERIES).astype(int)
    texts = [" ".join(text.split()) for text in islice(million_texts(data), count)]
    kept = np.delete(np.arange(len(vectors)), chosen)
    (folder / "texts.txt").write_text("\n".join(texts[row] for row in kept), encoding="utf-8")
    np.save(folder / "base.npy", vectors[kept])
    np.save(folder / "queries.npy", vectors[chosen])


def filters(folder: Path, base: Any, queries: Any) -> dict[str, Any]:
    """What part of the exact answers is found under conditions, and the milliseconds of a query."""
    found = worker(sys.executable, "scale.py", "sbert", "filter", str(folder), str(len(base)))
    measured = {}
    for share, endings in ENDINGS.items():
        rows = np.array([row for row in range(len(base)) if str(row).endswith(endings)])
        truth = rows[exact(base[rows], len(rows), queries[:FILTERED_QUERIES], K)]
        facts = found[share]
        same = sum(len(set(ids) & set(best)) for ids, best in zip(facts["hits"], truth.tolist(), strict=True))
        measured[share] = {"recall": same / truth.size, "p50": facts["p50"]}
        print(f"  condition that {share} % meet: recall@10 {same / truth.size:.4f}, p50 {facts['p50']:.1f} ms")
    return measured


def best_of(efforts: list[dict[str, Any]], rows: int) -> dict[str, Any]:
    """The quickest effort that finds enough; where none does, the one that finds most."""
    wanted = ENOUGH if rows <= MANY else ENOUGH_OF_MANY
    enough = [effort for effort in efforts if effort["recall"] >= wanted]
    if enough:
        return min(enough, key=lambda effort: effort["p50"])
    return max(efforts, key=lambda effort: effort["recall"])


def main() -> None:
    found = parser(__doc__, rounds=1)
    found.add_argument("--base", type=int, default=1_000_000, help="real texts")
    found.add_argument("--rows", type=int, default=None, help="rows of the index; as many as the base by default")
    found.add_argument("--libraries", nargs="+", choices=LIBRARIES, default=list(LIBRARIES))
    found.add_argument("--folder", type=Path, default=Path(__file__).parent / ".scale", help="for all that is made")
    found.add_argument("--keep", action="store_true", help="keep results of other sizes, and indexes that are there")
    options = read_options(found)
    base_rows = 60_000 if options.short else options.base
    folder = options.folder / str(base_rows)
    folder.mkdir(parents=True, exist_ok=True)
    prepare(folder, base_rows, options.data)
    base, queries = np.load(folder / "base.npy", mmap_mode="r"), np.load(folder / "queries.npy")
    rows = options.rows or len(base)
    answers = folder / f"exact-{rows}.npy"
    if not answers.exists():
        np.save(answers, exact(base, rows, queries, K))
    truth = [set(ids) for ids in np.load(answers).tolist()]
    measured: dict[str, Any] = {}
    for library in options.libraries:
        python = sys.executable if library == "sbert" else options.peer_python
        arguments = (str(folder), str(rows))
        if not options.keep:
            place = folder / f"index-{library}-{rows}"
            shutil.rmtree(place) if place.is_dir() else place.unlink(missing_ok=True)
            (folder / f"seconds-{rows}.json").unlink(missing_ok=True)
        facts = worker(python, "scale.py", library, "build", *arguments)
        asked = worker(python, "scale.py", library, "ask", *arguments)
        for effort in asked["efforts"]:
            hits = effort.pop("hits")
            effort["recall"] = sum(len(set(ids) & best) for ids, best in zip(hits, truth, strict=True)) / K / len(truth)
        best = best_of(asked["efforts"], rows)
        measured[library] = facts | {"memory_mb": asked["memory_mb"], "efforts": asked["efforts"], "best": best}
        if library == "sbert" and rows == len(base):
            measured[library]["filters"] = filters(folder, base, queries)
        print(f"{library:8} {rows:,} rows: recall@10 {best['recall']:.4f}, p50 {best['p50']:.2f} ms,", end=" ")
        print(f"p95 {best['p95']:.2f} ms ({best['effort']}); built in {facts['seconds']:.0f} s,", end=" ")
        print(f"{facts['disk_mb']:,.0f} MB on disk, {asked['memory_mb']:,.0f} MB in memory", flush=True)
    sizes = {str(rows): {"base": len(base), "queries": len(queries), "libraries": measured}}
    sizes[str(rows)] |= {"date": str(date.today()), "processor": processor()}
    path = RESULTS / "scale.json"
    if options.keep and path.exists():
        sizes = json.loads(path.read_text(encoding="utf-8"))["sizes"] | sizes
    record("scale", {"sizes": sizes, "short_form": options.short})


if __name__ == "__main__":
    main()
