"""An index of many vectors on one library. Arguments: library, ``build``, ``ask`` or ``filter``, folder, rows.

The folder holds ``base.npy`` (n, d), ``texts.txt`` and ``queries.npy``; the index goes into it. Rows beyond the
base are simulated. ``ask`` runs on one core, tries efforts one after the other, and writes what each finds.
"""

import json
import os
import statistics
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
from measured import megabytes

sys.path.insert(0, str(Path(__file__).parents[1]))
from scale_data import CHUNK, ENDINGS, FILTERED_QUERIES, K, chunk

library, action, place, count = sys.argv[1:]
folder, rows = Path(place), int(count)
base = np.load(folder / "base.npy", mmap_mode="r")
queries = np.load(folder / "queries.npy")
path = folder / f"index-{library}-{rows}"


def chunks(stored=0):
    """All rows; those that are stored already are not made again, and are only as many."""
    for first in range(0, rows, CHUNK):
        count = min(CHUNK, rows - first)
        if first + count <= stored:
            yield np.broadcast_to(np.float32(0), (count, base.shape[1]))
        else:
            yield chunk(base, first, count)


def build_sbert():
    """What is there is not made again, so a build that was killed goes on; the seconds of each step add up."""
    from sbert import SentenceTransformer
    from sbert.index import Index

    notes = folder / f"seconds-{rows}.json"
    spent = json.loads(notes.read_text()) if notes.exists() else {}

    def timed(step, work):
        begun = time.perf_counter()
        result = work()
        spent[step] = spent.get(step, 0.0) + time.perf_counter() - begun
        spent["peak_mb"] = max(spent.get("peak_mb", 0.0), megabytes("VmHWM"))
        notes.write_text(json.dumps(spent))
        return result

    texts = (folder / "texts.txt").read_text(encoding="utf-8").split("\n")
    model = SentenceTransformer("all-MiniLM-L6-v2", dtype="int8", on_truncation="ignore")
    precision = "float32" if rows <= 5_000_000 else "float16"
    index = Index.create(path, model, precision=precision, exist_ok=True)
    every = (texts[row % len(base)] for row in range(rows))
    timed("adding_seconds", lambda: index.load(every, chunks(len(index)), source="x", settle=False))
    kept = index.info().approximation or timed("tuning_seconds", index.tune)
    if rows <= 5_000_000:  # the index of words, which vectors do not need
        timed("words_seconds", index.optimize)
    seconds = sum(value for step, value in spent.items() if step.endswith("seconds"))
    return spent | {"seconds": seconds, "kept": vars(kept) if kept else None}


def build_faiss():
    import faiss

    index = faiss.IndexHNSWFlat(base.shape[1], 32, faiss.METRIC_INNER_PRODUCT)
    for vectors in chunks():
        index.add(vectors)
    faiss.write_index(index, str(path))
    return {"settings": "HNSW, 32 links, float32, its default construction"}


def build_usearch():
    from usearch.index import Index

    index = Index(ndim=base.shape[1], metric="cos", dtype="bf16")
    for vectors in chunks():
        index.add(np.arange(len(index), len(index) + len(vectors)), vectors)
    index.save(str(path))
    return {"settings": "HNSW, its defaults, bfloat16"}


def asking_sbert():
    """The index is asked with vectors: embedding a query is not part of what is compared."""
    from sbert.index import Index
    from sbert.index.search import Searcher

    def ask(query):
        return [int(hit.document[2:]) for hit in index.search_vector(query, K)]

    index = Index.open(path)
    yield "as tuned", ask
    kept = index.info().approximation
    for probes, refine in ((10, 5), (20, 5), (40, 10), (80, 10)):
        if kept is not None and probes < kept.probes:
            less = replace(kept, probes=probes, refine=refine)
            index._searcher = lambda less=less: Searcher(index._store, index._identity.similarity, less)
            yield f"{probes} probes", ask


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


def filtered():
    """What is found under conditions that leave a part of the rows."""
    from sbert.index import Index

    index = Index.open(path)
    found = {}
    for share, endings in ENDINGS.items():
        where = " OR ".join(f"document LIKE '%{ending}'" for ending in endings)
        hits, times = [], []
        for query in queries[:FILTERED_QUERIES]:
            begun = time.perf_counter()
            hits.append([int(hit.document[2:]) for hit in index.search_vector(query, K, where=where)])
            times.append((time.perf_counter() - begun) * 1000)
        found[share] = {"hits": hits, "p50": statistics.median(times)}
    return found


if action == "filter":
    print(json.dumps(filtered()))
elif action == "build":
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
