"""A cross-encoder that stays loaded. Arguments: library, dtype, folder, file of queries and documents.

The file is a JSON list of queries with their documents. Each line of input is a run: every query is ranked, one after
the other; ``{"seconds": s}`` is of all. When the input ends, the scores are told, in the order of the documents.
"""

import json
import sys
import time
from pathlib import Path

library, dtype, folder, path = sys.argv[1:]
asked = json.loads(Path(path).read_text(encoding="utf-8"))
facts = {}
if library == "sbert":
    from sbert import CrossEncoder

    model = CrossEncoder(folder, backend="openvino", dtype=dtype, on_truncation="ignore", activation_fn="identity")
    facts["computes_in"] = model.engine.dtype
    options = {}
else:
    import torch
    from sentence_transformers import CrossEncoder

    model = CrossEncoder(folder, device="cpu", activation_fn=torch.nn.Identity())
    options = {"show_progress_bar": False}
print(json.dumps({"ready": True, **facts}), flush=True)
found = []
for _ in sys.stdin:
    start = time.perf_counter()
    found = [model.rank(query, documents, **options) for query, documents in asked]
    print(json.dumps({"seconds": time.perf_counter() - start}), flush=True)
scores = [[hit["score"] for hit in sorted(ranked, key=lambda hit: hit["corpus_id"])] for ranked in found]
print(json.dumps({"scores": scores}), flush=True)
