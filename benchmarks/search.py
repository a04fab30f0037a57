"""util.semantic_search over 30,000 real vectors (10,000 if --short): 1 query, 100 queries, 1,000 queries."""

from __future__ import annotations

import statistics
import sys
import tempfile
from pathlib import Path

import numpy as np
from harness import Side, arguments, definitions, in_turn, ratio, record

TOP_K = 10


def main() -> None:
    options = arguments(__doc__, rounds=9)
    from sbert import SentenceTransformer

    texts = definitions(10_000 if options.short else 30_000)
    print(f"embedding {len(texts):,} definitions")
    vectors = SentenceTransformer("all-MiniLM-L6-v2", backend="openvino").encode(texts)
    measured = {}
    with tempfile.TemporaryDirectory() as scratch:
        corpus = Path(scratch) / "corpus.npy"
        np.save(corpus, vectors)
        for count in (1, 100, 1000):
            queries = Path(scratch) / "queries.npy"
            np.save(queries, vectors[:count])
            paths = (str(queries), str(corpus), str(TOP_K))
            sides = {
                "sbert": Side(sys.executable, "search.py", "sbert", *paths, threads=options.threads),
                "sentence-transformers": Side(options.peer_python, "search.py", "st", *paths, threads=options.threads),
            }
            runs = in_turn([(name, side.run) for name, side in sides.items()], options.rounds)
            scores = [np.array(side.end()["scores"]) for side in sides.values()]
            assert np.allclose(*scores, atol=1e-5), "the two sides find different scores"
            times = [[run["seconds"] for run in found] for found in runs.values()]
            ours, theirs = (1000 * statistics.median(found) for found in times)
            measured[f"{count} queries"] = {"milliseconds": ours, "peer_milliseconds": theirs, "ratio": ratio(*times)}
            print(f"{count:5} queries: {ours:7.1f} ms   peer {theirs:7.1f} ms   {ratio(*times):5.1f} x, equal scores")
    facts = {"rounds": options.rounds, "short_form": options.short, "corpus": len(vectors), "top_k": TOP_K}
    record("search", measured | facts)


if __name__ == "__main__":
    main()
