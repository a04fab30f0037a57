"""One backward pass of a ranking loss: python gradcache.py LIBRARY LOSS FOLDER ROWS.jsonl BATCH MINI GRADIENTS.npy.

Dropout is off, so that gradients can be compared. Prints a line of JSON: seconds, peak memory, the loss.
"""

from __future__ import annotations

import importlib
import json
import resource
import sys
import time
from pathlib import Path

import numpy as np


def main() -> None:
    library, name, folder, rows, batch, mini, out = sys.argv[1:]
    ours = library == "sbert"
    home, losses = importlib.import_module(library), importlib.import_module(f"{library}.losses")
    model = home.SentenceTransformer(folder, **({"backend": "torch"} if ours else {}), device="cpu")
    model.max_seq_length = 128
    arguments = {"mini_batch_size": int(mini)} if name.startswith("Cached") else {}
    loss = getattr(losses, name)(model, **arguments)
    loss.eval()
    with Path(rows).open(encoding="utf-8") as file:
        texts = [json.loads(line) for line in file][: int(batch)]
    columns = [[row[key] for row in texts] for key in texts[0]]
    features = [model.tokenize(column) if ours else model.preprocess(column) for column in columns]
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    start = time.perf_counter()
    value = loss(features, None)
    value.backward()
    seconds = time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    gradients = [p.grad.flatten() for _, p in sorted(model.named_parameters()) if p.grad is not None]
    np.save(out, np.concatenate([gradient.numpy() for gradient in gradients]))
    print()
    print(json.dumps({"seconds": seconds, "loaded_mb": before, "peak_mb": peak, "loss": value.item()}))


if __name__ == "__main__":
    main()
