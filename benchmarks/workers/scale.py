"""An index of many vectors on one library: built, or asked. Arguments: library, ``build`` or ``ask``, folder, rows.

The folder holds ``base.npy`` (n, d), ``texts.txt`` and ``queries.npy``; the index goes into it. Rows beyond the
base are simulated. ``ask`` runs on one core, tries efforts one after the other, and writes what each finds.
"""

import json
import os
import statistics
import sys
import time
from pathlib import Path

import numpy as np
from measured import megabytes

sys.path.insert(0, str(Path(__file__).parents[1]))
from scale_data import CHUNK, chunk

library, action, place, count = sys.argv[1:]
folder, rows = Path(place), int(count)
base = np.load(folder / "base.npy", mmap_mode="r")
queries = np.load(folder / "queries.npy")
path = folder / f"index-{library}"
K = 10


def chunks():
    for first in range(0, rows, CHUNK):
        yield first, chunk(base, first, min(CHUNK, rows - first))


def build_sbert():
    """Ten chunks a call; what is there is not made again, so a build that was killed goes on."""
    from datetime import timedelta

    from sbert import SentenceTransformer
    from sbert.index import Document, Index

    texts = (folder / "texts.txt").read_text(encoding="utf-8").split("\n")
    model = SentenceTransformer("all-MiniLM-L6-v2", dtype="int8", on_truncation="ignore")
    precision = "float32" if rows <= 5_000_000 else "float16"
    index = Index.create(path, model, precision=precision, exist_ok=True)
    done, started = len(index), time.perf_counter()
    for first, vectors in chunks():
        if first + len(vectors) <= done:
            continue
        numbers = range(first, first + len(vectors))
        documents = (
            Document(str(number), texts[number % len(base)], embedding=vector)
            for number, vector in zip(numbers, vectors, strict=True)
        )
        index.add(documents, show_progress_bar=False, tune=False)
        if first // CHUNK % 10 == 9:
            index.optimize(keep=timedelta(0))
            print(f"{first + len(vectors):,} rows, {time.perf_counter() - started:.0f} s", file=sys.stderr, flush=True)
    index.optimize(keep=timedelta(0))
    added = time.perf_counter() - started
    kept = index.tune()
    index.optimize(keep=timedelta(0))
    return {"adding_seconds": added, "kept": vars(kept) if kept else None}


def build_faiss():
    import faiss

    index = faiss.IndexHNSWFlat(base.shape[1], 32, faiss.METRIC_INNER_PRODUCT)
    index.hnsw.efConstruction = 80
    for _, vectors in chunks():
        index.add(vectors)
    faiss.write_index(index, str(path))
    return {"settings": "HNSW, 32 links, construction 80, float32"}


def build_usearch():
    from usearch.index import Index

    index = Index(ndim=base.shape[1], metric="cos", dtype="bf16")
    for first, vectors in chunks():
        index.add(np.arange(first, first + len(vectors)), vectors)
    index.save(str(path))
    return {"settings": "HNSW, its defaults, bfloat16"}


def asking_sbert():
    """The index is asked with vectors: embedding a query is not part of what is compared."""
    from sbert.index import Index

    index = Index.open(path)
    yield "as tuned", lambda query: [int(hit.document) for hit in index.search_vector(query, K)]


def asking_faiss():
    import faiss

    index = faiss.read_index(str(path))
    for effort in (16, 32, 64, 128, 256):
        index.hnsw.efSearch = effort
        yield f"search {effort}", lambda query: index.search(query[None], K)[1][0].tolist()


def asking_usearch():
    from usearch.index import Index

    index = Index.restore(str(path), view=True)
    for effort in (16, 32, 64, 128, 256):
        index.expansion_search = effort
        yield f"search {effort}", lambda query: index.search(query, K).keys.tolist()


def disk():
    files = path.rglob("*") if path.is_dir() else [path]
    return sum(file.stat().st_size for file in files if file.is_file()) / 1e6


if action == "build":
    begun = time.perf_counter()
    facts = globals()[f"build_{library}"]()
    print(
        json.dumps({"seconds": time.perf_counter() - begun, "peak_mb": megabytes("VmHWM"), "disk_mb": disk()} | facts)
    )
else:
    os.sched_setaffinity(0, {0})
    found = []
    for effort, ask in globals()[f"asking_{library}"]():
        for query in queries[: len(queries) // 2]:  # the first look at what is on disk is another matter
            ask(query)
        times, hits = [], []
        for query in queries:
            begun = time.perf_counter()
            hits.append(ask(query))
            times.append((time.perf_counter() - begun) * 1000)
        p95 = statistics.quantiles(times, n=20)[-1]
        found.append({"effort": effort, "p50": statistics.median(times), "p95": p95, "hits": hits})
    print(json.dumps({"efforts": found, "memory_mb": megabytes("VmHWM")}))
