"""Every benchmark, one after the other, then the report: what ``make bench`` runs."""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
NAMES = (
    "startup",
    "encode",
    "quality",
    "search",
    "mining",
    "quantized",
    "index",
    "scale",
    "duplicates",
    "tatoeba",
    "pairs",
    "cross_encoder",
    "sparse",
    "multi_vector",
    "why_bi_encoders",
    "serving",
    "memory",
    "resume",
    "static",
    "train_speed",
    "train_objectives",
    "train_retrieval",
    "train_gradcache",
    "train_matryoshka",
    "train_sparse_and_late",
    "train_multilingual",
    "train_tsdae",
    "train_images",
)
# What makes a script short that has no --short.
SHORT = {"memory": ["--texts", "15000", "--dtype", "int8"], "resume": ["--kills", "3", "--texts", "2000"]}
# Peers that are in an environment of their own.
STATIC_PEERS = HERE.parent / ".venv-peers-static" / "bin" / "python"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--full", action="store_true", help="all texts, models and rounds; an hour or two")
    parser.add_argument("--only", nargs="+", choices=NAMES, default=NAMES, help="not all of them")
    options = parser.parse_args()
    failed, begun = [], time.perf_counter()
    for name in options.only:
        script = HERE / f"{name}.py"
        if not script.exists():
            continue
        print(f"== {name}", flush=True)
        command = [sys.executable, str(script), *([] if options.full else SHORT.get(name, ["--short"]))]
        if name == "static":
            command += ["--peer-python", str(STATIC_PEERS)]
        start = time.perf_counter()
        if subprocess.run(command, check=False).returncode:
            failed.append(name)
        print(f"== {name} took {time.perf_counter() - start:.0f} s", flush=True)
    subprocess.run([sys.executable, str(HERE / "report.py")], check=True)
    print(f"{time.perf_counter() - begun:.0f} s in all; failed: {', '.join(failed) or 'none'}")
    sys.exit(bool(failed))


if __name__ == "__main__":
    main()
