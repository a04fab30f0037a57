"""A ranking loss over 1,024 pairs in the memory of 32, by GradCache: memory, time, and the gradients of both ways."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from folders import paraphrase_l3
from harness import record, worker
from train_jobs import SIDES, data_or_end, retrieval, start, write_jsonl
from train_retrieval import training_pairs

PLAIN, CACHED = "MultipleNegativesRankingLoss", "CachedMultipleNegativesRankingLoss"
SMALL, LARGE = 32, 1024


def main() -> None:
    options = start(__doc__, rounds=1)
    found = retrieval(data_or_end(options, "retrieval", "medquad") / "retrieval" / "medquad")
    large = 256 if options.short else LARGE
    folder = str(paraphrase_l3())
    table: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as made:
        rows = Path(made) / "rows.jsonl"
        write_jsonl(rows, training_pairs(found)[:large])
        asked = [("sbert", PLAIN, SMALL), ("sbert", PLAIN, large), ("sbert", CACHED, large)]
        asked += [("sentence-transformers", PLAIN, large), ("sentence-transformers", CACHED, large)]
        gradients = {}
        for side, loss, batch in asked:
            name = f"{side}, {'cached' if loss == CACHED else 'plain'}, {batch:,}"
            python = sys.executable if side == "sbert" else options.peer_python
            out = Path(made) / "gradients.npy"
            arguments = (SIDES[side], loss, folder, str(rows), str(batch), str(SMALL), str(out))
            told = worker(python, "gradcache.py", *arguments, threads=options.threads)
            told["for_batch_mb"] = told["peak_mb"] - told["loaded_mb"]
            gradients[name] = np.load(out)
            table[name] = told
            took = f"{told['for_batch_mb']:8.0f} MB beside the model, {told['seconds']:6.1f} s"
            print(f"  {name:36}{took}, loss {told['loss']:.6f}", flush=True)
    reference = gradients[f"sbert, plain, {large:,}"]
    for name, gradient in gradients.items():
        if name.endswith(f"{large:,}"):
            difference = float(np.linalg.norm(gradient - reference) / np.linalg.norm(reference))
            table[name]["gradient_difference"] = difference
            table[name]["greatest_difference"] = float(np.abs(gradient - reference).max())
            print(f"  {name:36}gradients differ by {difference:.1e} of their length")
    record("train_gradcache", {"sides": table, "batch": large, "short_form": options.short})


if __name__ == "__main__":
    main()
