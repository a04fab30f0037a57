"""Late interaction: MaxSim of 10 queries with 100 documents (1,000 pairs), and encoding them, on MiniLM's network."""

from __future__ import annotations

import json
import statistics
import sys
import tempfile
import warnings
from pathlib import Path
from typing import Any

import numpy as np
from harness import Side, arguments, in_turn, minilm_folder, ratio, record
from scoring import Retrieval

BASELINE = "sentence-transformers"
QUERIES, DOCUMENTS, QUERY_LENGTH = 10, 100, 32


def late_model(folder: Path) -> Path:
    """MiniLM under a layer of random numbers: no trained one is published as a package; speed does not depend on it."""
    from sbert import MultiVectorEncoder

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that the layer is new
        model = MultiVectorEncoder(minilm_folder(), backend="openvino")
    model.query_expansion = {"strategy": "fixed", "length": QUERY_LENGTH}
    model.save_pretrained(folder)
    return folder


def main() -> None:
    options = arguments(__doc__, rounds=5)
    if not (options.data / "retrieval" / "scifact").is_dir():
        sys.exit(f"{options.data} is not there: the documents are real ones (--data).")
    scifact = Retrieval(options.data / "retrieval" / "scifact")
    documents = scifact.documents[: 40 if options.short else DOCUMENTS]
    with tempfile.TemporaryDirectory() as scratch:
        folder = late_model(Path(scratch) / "model")
        file = Path(scratch) / "texts.json"
        file.write_text(json.dumps([scifact.queries[:QUERIES], documents]), encoding="utf-8")
        workers = {f"sbert {dtype}": (sys.executable, "sbert", dtype) for dtype in ("float32", "int8")}
        workers[BASELINE] = (options.peer_python, "st", "float32")
        sides = {
            name: Side(python, "multi_vector.py", library, dtype, str(folder), str(file), threads=options.threads)
            for name, (python, library, dtype) in workers.items()
        }
        runs = in_turn([(name, side.run) for name, side in sides.items()], options.rounds)
        scores = {name: np.array(side.end()["scores"]) for name, side in sides.items()}
    table: dict[str, Any] = {}
    for name, found in runs.items():
        table[name] = {"largest_difference": float(np.abs(scores[name] - scores[BASELINE]).max())}
        for what, key in (("maxsim", "seconds"), ("encode", "encode_seconds")):
            ours, theirs = ([run[key] for run in side] for side in (found, runs[BASELINE]))
            table[name][what] = {"milliseconds": 1000 * statistics.median(ours), "ratio": ratio(ours, theirs)}
        maxsim, encode = table[name]["maxsim"], table[name]["encode"]
        print(
            f"{name:24}MaxSim {maxsim['milliseconds']:8.1f} ms {maxsim['ratio']:6.2f} x   encoding "
            f"{encode['milliseconds']:8.0f} ms {encode['ratio']:6.2f} x   scores differ by "
            f"{table[name]['largest_difference']:.2g} at the most"
        )
    facts = {"queries": QUERIES, "documents": len(documents), "spread": float(scores[BASELINE].std())}
    record("multi_vector", {"sides": table, **facts, "rounds": options.rounds, "short_form": options.short})


if __name__ == "__main__":
    main()
