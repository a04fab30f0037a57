"""From the start of a process to its first vector: import, load, embed one text, exit.

Of int8, what a second start takes: the first one quantises, and keeps the result.
"""

import statistics
import sys

from harness import arguments, in_turn, known_dtypes, minilm_folder, ratio, record, worker

BASELINE = "sentence-transformers"


def main() -> None:
    options = arguments(__doc__, rounds=7)
    folder = minilm_folder()
    sides = [
        (f"sbert {dtype}", lambda dtype=dtype: worker(sys.executable, "first_vector.py", "sbert", dtype, folder))
        for dtype in known_dtypes(("float32", "int8"))
    ]
    sides.append((BASELINE, lambda: worker(options.peer_python, "first_vector.py", BASELINE, "float32", folder)))
    runs = in_turn(sides, options.rounds)
    assert runs["sbert float32"][0]["first"] == runs[BASELINE][0]["first"], "the two sides embed the text differently"
    table = {}
    for name, found in runs.items():
        ours, theirs = ([run["process_seconds"] for run in side] for side in (found, runs[BASELINE]))
        table[name] = {
            "process_seconds": statistics.median(ours),
            "import_seconds": statistics.median(run["import_seconds"] for run in found),
            "torch_loaded": found[0]["torch"],
            "ratio": ratio(ours, theirs),
        }
        print(
            f"{name:24} process {table[name]['process_seconds']:6.2f} s, {table[name]['ratio']:5.1f} x"
            f"   import {table[name]['import_seconds']:6.3f} s   torch loaded: {found[0]['torch']}"
        )
    record("startup", {"sides": table, "rounds": options.rounds, "short_form": options.short})


if __name__ == "__main__":
    main()
