"""Ten thousand sentences to their most similar pairs, encoding included: the command beside paraphrase_mining."""

from __future__ import annotations

import json
import statistics
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from folders import exported
from harness import (
    in_turn,
    known_dtypes,
    minilm_folder,
    parser,
    peer_python,
    ratio,
    read_options,
    record,
    timed_process,
    worker,
)
from texts import calibration, short_texts

COUNT = 100
BASELINE = "sentence-transformers"


def command(dtype: str, path: str) -> dict[str, Any]:
    """``sbert pairs`` as a person would run it, from the start of its process to its end."""
    asked = [sys.executable, "-m", "sbert", "pairs", path, "--model", minilm_folder(), "--dtype", dtype]
    printed, seconds = timed_process([*asked, "--count", str(COUNT), "--json"])
    found = [json.loads(line) for line in printed.splitlines()]
    return {"process_seconds": seconds, "pairs": [[p["score"], p["left_id"], p["right_id"]] for p in found]}


def main() -> None:
    found = parser(__doc__, rounds=3)
    found.add_argument("--texts", type=int, default=None, help="how many sentences: 10000, or 2000 if --short")
    options = read_options(found)
    if options.short:
        options.rounds = 1
    what, texts = short_texts(options.data, options.texts or (2000 if options.short else 10_000))
    print(f"{len(texts):,} {what}")
    with tempfile.TemporaryDirectory() as scratch:
        path = str(Path(scratch) / "texts.txt")
        Path(path).write_text("".join(" ".join(text.split()) + "\n" for text in texts), encoding="utf-8")

        def inside(python: str | Path, library: str, variant: str, folder: str) -> Callable[[], dict[str, Any]]:
            return lambda: worker(python, "pairs.py", library, variant, folder, path, str(COUNT))

        sides: list[tuple[str, Callable[[], dict[str, Any]]]] = []
        for dtype in known_dtypes(("float32", "int8")):
            sides.append((f"sbert pairs, {dtype}", lambda dtype=dtype: command(dtype, path)))
            sides.append((f"sbert {dtype}", inside(sys.executable, "sbert", dtype, minilm_folder())))
        sides.append((BASELINE, inside(options.peer_python, BASELINE, "torch", minilm_folder())))
        if (python := peer_python(options, "peers-openvino")).exists():
            folder = exported("minilm", "openvino", python, calibration(options.data))
            sides.append(
                (f"{BASELINE} openvino int8", inside(python, BASELINE, "openvino_model_int8.xml", str(folder)))
            )
        runs = in_turn(sides, options.rounds)
    table: dict[str, Any] = {}
    expected = {tuple(pair[1:]) for pair in runs[BASELINE][0]["pairs"]}
    for name, taken in runs.items():
        row: dict[str, Any] = {"same_pairs": len(expected & {tuple(pair[1:]) for pair in taken[0]["pairs"]})}
        for measure in ("process_seconds", "seconds"):
            if measure in taken[0]:
                ours, theirs = ([run[measure] for run in side] for side in (taken, runs[BASELINE]))
                row |= {measure: statistics.median(ours), f"{measure}_ratio": ratio(ours, theirs)}
        table[name] = row
        within = f"   without start {row['seconds']:6.2f} s, {row['seconds_ratio']:5.2f} x" if "seconds" in row else ""
        print(
            f"  {name:36}process {row['process_seconds']:6.2f} s, {row['process_seconds_ratio']:5.2f} x{within}"
            f"   {row['same_pairs']} of the peer's {COUNT} pairs"
        )
    facts = {"texts": len(texts), "what": what, "pairs": COUNT, "rounds": options.rounds, "short_form": options.short}
    record("pairs", {"sides": table} | facts)


if __name__ == "__main__":
    main()
