"""Search and mining in stored vectors. Arguments: library, task, file of vectors; a line of input, a run.

Prints a run's seconds, and at the end what was found.
"""

import json
import sys
import time

import numpy as np

library, task, path = sys.argv[1:]
vectors = np.load(path)
queries = vectors[:: max(1, len(vectors) // 100)][:100]
one = queries[:1]
if library == "sbert":
    from sbert import util
    from sbert.search import Corpus
else:
    import torch
    from sentence_transformers import util

    vectors, queries, one = map(torch.from_numpy, (vectors, queries, one))

if task.startswith("one query"):
    corpus = Corpus(vectors, first_pass="int8" if "int8" in task else None) if library == "sbert" else None

    def run():
        return corpus.search(one).to_dicts() if corpus else util.semantic_search(one, vectors)

elif task == "100 queries":

    def run():
        return util.semantic_search(queries, vectors)

elif task == "paraphrase mining":

    def run():
        return util.paraphrase_mining_embeddings(vectors)

else:

    def run():
        return util.community_detection(vectors, threshold=0.75, min_community_size=10)


print(json.dumps({"ready": True}), flush=True)
for _ in sys.stdin:
    start = time.perf_counter()
    found = run()
    print(json.dumps({"seconds": time.perf_counter() - start}), flush=True)
print(json.dumps({"found": found}, default=int), flush=True)
