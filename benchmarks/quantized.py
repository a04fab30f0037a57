"""What search in quantised vectors keeps of nDCG@10: SciFact with MiniLM, in indexes of faiss and usearch."""

from __future__ import annotations

import statistics
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from harness import Side, arguments, in_turn, ratio, record
from scoring import Retrieval

PRECISIONS = {
    "faiss": ("float32", "uint8", "ubinary"),
    "usearch": ("float32", "int8", "binary", "ubinary"),
}


def cases(library: str, precision: str) -> dict[str, dict[str, Any]]:
    """The ways to search that are measured, and what a worker is asked for each.

    Ranges are known, since the corpus is passed as ``calibration_embeddings``, or they are not and must be inferred.
    Bytes beside bits is something that only ours can do.
    """
    plain = {"library": library, "precision": precision, "multiplier": 1, "known": True, "beside": False}
    if precision == "float32":
        return {"plain": plain}
    found = {"plain": plain, "rescored x 2": plain | {"multiplier": 2}, "rescored x 4": plain | {"multiplier": 4}}
    if precision in ("int8", "uint8"):
        return found | {"rescored x 2, ranges unknown": plain | {"multiplier": 2, "known": False}}
    return found | {
        "rescored x 2 by bytes": plain | {"multiplier": 2, "beside": True},
        "rescored x 4 by bytes": plain | {"multiplier": 4, "beside": True},
    }


def measure(sides: dict[str, Side], scifact: Retrieval, rounds: int) -> dict[str, Any]:
    """Quality and time of each case, all sides in turn."""
    measured: dict[str, Any] = {}
    exact: dict[str, float] = {}
    for library, precisions in PRECISIONS.items():
        for precision in precisions:
            for case, request in cases(library, precision).items():
                asked = {name: side for name, side in sides.items() if name == "sbert" or not request["beside"]}
                runs = in_turn([(name, lambda s=side, r=request: s.ask(r)) for name, side in asked.items()], rounds)
                row: dict[str, Any] = {}
                for name, found in runs.items():
                    ndcg = scifact.ndcg_of(found[-1]["ids"])
                    exact.setdefault(name, ndcg)
                    times = [run["seconds"] for run in found]
                    row[name] = {
                        "ndcg_at_10": ndcg,
                        "kept": ndcg / exact[name],
                        "milliseconds": 1000 * statistics.median(times),
                    }
                if len(runs) == 2:
                    row["ratio"] = ratio(*([run["seconds"] for run in found] for found in runs.values()))
                measured.setdefault(library, {}).setdefault(precision, {})[case] = row
                shown = "   ".join(
                    f"{name} {kept['ndcg_at_10']:.2f} ({100 * kept['kept']:5.1f} %) {kept['milliseconds']:6.1f} ms"
                    for name, kept in row.items()
                    if name != "ratio"
                )
                print(f"{library:8}{precision:8} {case:29} {shown}", flush=True)
    return measured


def main() -> None:
    options = arguments(__doc__, rounds=5)
    folder = options.data / "retrieval" / "scifact"
    if not folder.is_dir():
        sys.exit(f"{folder} is not there: the scores need real data (--data).")
    from sbert import SentenceTransformer

    scifact = Retrieval(folder)
    dtype = "bfloat16" if options.short else "float32"
    print(f"embedding {len(scifact.documents):,} documents in {dtype}", flush=True)
    model = SentenceTransformer("all-MiniLM-L6-v2", backend="openvino", dtype=dtype, on_truncation="ignore")
    with tempfile.TemporaryDirectory() as scratch:
        paths = [str(Path(scratch) / name) for name in ("queries.npy", "corpus.npy")]
        for path, texts in zip(paths, (scifact.queries, scifact.documents), strict=True):
            np.save(path, model.encode(texts))
        sides = {
            "sbert": Side(sys.executable, "quantized.py", "sbert", *paths, threads=options.threads),
            "sentence-transformers": Side(options.peer_python, "quantized.py", "st", *paths, threads=options.threads),
        }
        for name in [name for name, side in sides.items() if side.skipped]:
            print(f"{name} is left out: {sides.pop(name).skipped}")
        if "sbert" not in sides:
            sys.exit("Run: pip install 'sbert[faiss,usearch]'")
        measured = measure(sides, scifact, options.rounds)
        for side in sides.values():
            side.end()
    record("quantized", {"libraries": measured, "rounds": options.rounds, "short_form": options.short})


if __name__ == "__main__":
    main()
