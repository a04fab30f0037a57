"""A sparse encoder that stays loaded. Arguments: library, dtype, folder, file of texts.

Each line of input is a run: all texts are encoded in one call; ``{"seconds": s}``. When the input ends, the rows of the
first hundred texts are written beside the texts, and how many weights each text has is told.
"""

import json
import sys
import time
from pathlib import Path

import numpy as np

library, dtype, folder, path = sys.argv[1:]
texts = json.loads(Path(path).read_text(encoding="utf-8"))
facts, rows = {}, None
if library == "sbert":
    from sbert import SparseEncoder

    model = SparseEncoder(folder, backend="openvino", dtype=dtype, on_truncation="ignore")
    facts["computes_in"] = model.engine.dtype
    encode = model.encode
else:
    from sentence_transformers import SparseEncoder

    model = SparseEncoder(folder, device="cpu")

    def encode(texts):
        return model.encode(texts, show_progress_bar=False)


print(json.dumps({"ready": True, **facts}), flush=True)
for _ in sys.stdin:
    start = time.perf_counter()
    rows = encode(texts)
    print(json.dumps({"seconds": time.perf_counter() - start}), flush=True)
first = rows[:100].toarray() if library == "sbert" else rows.to_dense()[:100].numpy()
out = Path(path).with_name(f"{library}-{dtype}.npy")
np.save(out, first)
print(json.dumps({"rows": str(out), "weights": float(np.count_nonzero(first) / len(first))}), flush=True)
