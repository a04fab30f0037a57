"""Search and mining in real vectors: search, a prepared corpus, paraphrase mining, communities; ours and the peer's."""

from __future__ import annotations

import statistics
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from harness import Side, in_turn, parser, ratio, read_options, record
from texts import short_texts

# Each task with the vectors it is given.
TASKS = {
    "one query": 500_000,
    "one query, int8 first": 500_000,
    "100 queries": 500_000,
    "paraphrase mining": 10_000,
    "communities": 50_000,
}


def same(task: str, ours: Any, theirs: Any) -> dict[str, Any]:
    """How much of what the peer finds is found; the part, and the greatest difference of scores."""
    if task == "communities":
        # As sets: members whose cosines differ by a rounding may stand in another order.
        pairs_of = zip(map(frozenset, ours), map(frozenset, theirs), strict=False)
        found = {"found": len(ours), "peer_found": len(theirs)}
        return {"same": statistics.mean(one == other for one, other in pairs_of)} | found
    if task == "paraphrase mining":
        scores = [np.array([pair[0] for pair in found]) for found in (ours, theirs)]
        pairs, expected = ({(left, right) for _, left, right in found} for found in (ours, theirs))
        return {"same": len(pairs & expected) / len(expected), "difference": float(np.abs(scores[0] - scores[1]).max())}
    ids, expected_ids = (np.array([[hit["corpus_id"] for hit in hits] for hits in found]) for found in (ours, theirs))
    scores = [np.array([[hit["score"] for hit in hits] for hits in found]) for found in (ours, theirs)]
    return {"same": float((ids == expected_ids).mean()), "difference": float(np.abs(scores[0] - scores[1]).max())}


def embedded(options: Any, count: int) -> np.ndarray:
    """Vectors of package summaries by MiniLM in int8, or some of those in a file."""
    if options.vectors is not None:
        vectors = np.load(options.vectors, mmap_mode="r")
        chosen = np.random.default_rng(0).permutation(len(vectors))[:count]
        return np.ascontiguousarray(vectors[np.sort(chosen)])
    from sbert import SentenceTransformer

    texts = short_texts(options.data, count)[1]
    print(f"embedding {len(texts):,} texts")
    return SentenceTransformer("all-MiniLM-L6-v2", dtype="int8", on_truncation="ignore").encode(texts)


def main() -> None:
    found = parser(__doc__, rounds=5)
    found.add_argument("--vectors", type=Path, default=None, help="(n, d) float32 .npy; else texts are embedded first")
    found.add_argument("--tasks", nargs="+", choices=list(TASKS), default=list(TASKS))
    options = read_options(found)
    counts = {task: min(TASKS[task], 10_000) if options.short else TASKS[task] for task in options.tasks}
    vectors = embedded(options, max(counts.values()))
    measured: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as scratch:
        for task, count in counts.items():
            path = str(Path(scratch) / "vectors.npy")
            np.save(path, vectors[:count])
            rounds = options.rounds if count != TASKS["communities"] else min(options.rounds, 3)
            sides = {
                "sbert": Side(sys.executable, "mining.py", "sbert", task, path),
                "peer": Side(options.peer_python, "mining.py", "sentence-transformers", task, path),
            }
            runs = in_turn([(name, side.run) for name, side in sides.items()], rounds)
            ours, theirs = ([run["seconds"] for run in runs[name]] for name in sides)
            facts = same(task, *(side.end()["found"] for side in sides.values()))
            measured[task] = {
                "vectors": len(vectors[:count]),
                "seconds": statistics.median(ours),
                "peer_seconds": statistics.median(theirs),
                "ratio": ratio(ours, theirs),
            } | facts
            row = measured[task]
            print(f"{task:22} {row['vectors']:>7,} vectors: {row['seconds']:8.3f} s", end="")
            print(f"   peer {row['peer_seconds']:8.3f} s   {row['ratio']:5.1f} x", end="")
            print(f"   the same: {100 * row['same']:.2f} %", end="")
            print(f", scores within {row['difference']:.1e}" if "difference" in row else "", flush=True)
    record("mining", {"tasks": measured, "rounds": options.rounds, "short_form": options.short})


if __name__ == "__main__":
    main()
