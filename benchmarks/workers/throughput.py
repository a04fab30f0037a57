"""Embed texts as often as told and print the seconds; with pairs, also their scores.

Arguments: library, dtype, model folder, texts file (JSON: {"texts": [...], "left": [...], "right": [...]}).
Reads lines from standard input: each asks for one timed run. So both sides stay loaded and take turns.
"""

import json
import os
import sys
import time
from pathlib import Path

library, dtype, folder, path = sys.argv[1:]
data = json.loads(Path(path).read_text(encoding="utf-8"))
threads = int(os.environ.get("OMP_NUM_THREADS", "0"))
if library == "sbert":
    from sbert import SentenceTransformer

    model = SentenceTransformer(folder, backend="openvino", dtype=dtype, on_truncation="ignore")
else:
    import torch
    from sentence_transformers import SentenceTransformer

    if threads:
        torch.set_num_threads(threads)
    model = SentenceTransformer(folder, device="cpu")
model.encode(data["texts"][:256])
print(json.dumps({"ready": True}), flush=True)
for _ in sys.stdin:
    start = time.perf_counter()
    model.encode(data["texts"], show_progress_bar=False)
    print(json.dumps({"seconds": time.perf_counter() - start}), flush=True)
left, right = model.encode(data["left"]), model.encode(data["right"])
scores = (left * right).sum(1) / ((left**2).sum(1) * (right**2).sum(1)) ** 0.5 if len(left) else []
print(json.dumps({"scores": [float(x) for x in scores]}), flush=True)
