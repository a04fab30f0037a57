"""Exact search over stored vectors. Arguments: library, queries file, corpus file, top k; a line of input, a run."""

import json
import sys
import time

import numpy as np

library, queries_path, corpus_path, top_k = sys.argv[1:]
queries, corpus = np.load(queries_path), np.load(corpus_path)
if library == "sbert":
    from sbert.util import semantic_search
else:
    import torch
    from sentence_transformers.util import semantic_search

    queries, corpus = torch.from_numpy(queries), torch.from_numpy(corpus)
print(json.dumps({"ready": True}), flush=True)
for _ in sys.stdin:
    start = time.perf_counter()
    hits = semantic_search(queries, corpus, top_k=int(top_k))
    print(json.dumps({"seconds": time.perf_counter() - start}), flush=True)
print(json.dumps({"scores": [[hit["score"] for hit in found] for found in hits]}), flush=True)
