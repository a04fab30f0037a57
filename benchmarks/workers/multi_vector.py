"""A late-interaction model that stays loaded. Arguments: library, dtype, folder, file of queries and documents.

Each line of input is a run: the texts are encoded, ``{"encode_seconds": s}``, and all queries compared with all
documents by MaxSim, ``{"seconds": s}``, the best of three times. When the input ends, the scores are told.
"""

import json
import sys
import time
from pathlib import Path

library, dtype, folder, path = sys.argv[1:]
queries, documents = json.loads(Path(path).read_text(encoding="utf-8"))
facts = {}
if library == "sbert":
    from sbert import MultiVectorEncoder

    model = MultiVectorEncoder(folder, backend="openvino", dtype=dtype, on_truncation="ignore")
    facts["computes_in"] = model.engine.dtype
    options = {}
else:
    from sentence_transformers import MultiVectorEncoder

    model = MultiVectorEncoder(folder, device="cpu")
    options = {"show_progress_bar": False}
print(json.dumps({"ready": True, **facts}), flush=True)
scores = []
for _ in sys.stdin:
    start = time.perf_counter()
    asked, read = model.encode_query(queries, **options), model.encode_document(documents, **options)
    answer = {"encode_seconds": time.perf_counter() - start, "seconds": float("inf")}
    for _again in range(3):
        start = time.perf_counter()
        scores = model.similarity(asked, read)
        answer["seconds"] = min(answer["seconds"], time.perf_counter() - start)
    print(json.dumps(answer), flush=True)
print(json.dumps({"scores": scores.tolist()}), flush=True)
