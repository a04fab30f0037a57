"""From the start of a process to its first vector: import, load, embed one text, exit."""

import statistics
import sys

from harness import arguments, in_turn, minilm_folder, ratio, record, worker


def main() -> None:
    options = arguments(__doc__, rounds=7)
    folder = minilm_folder()
    sides = [
        ("sbert", lambda: worker(sys.executable, "first_vector.py", "sbert", folder)),
        ("sentence-transformers", lambda: worker(options.peer_python, "first_vector.py", "st", folder)),
    ]
    runs = in_turn(sides, options.rounds)
    ours, theirs = runs.values()
    assert ours[0]["first"] == theirs[0]["first"], "the two sides embed the text differently"
    measured = {}
    for name, found in runs.items():
        process = statistics.median(run["process_seconds"] for run in found)
        imported = statistics.median(run["import_seconds"] for run in found)
        measured[name] = {"process_seconds": process, "import_seconds": imported, "torch_loaded": found[0]["torch"]}
        print(f"{name:24} process {process:6.2f} s   import {imported:6.3f} s   torch loaded: {found[0]['torch']}")
    times = [[run["process_seconds"] for run in found] for found in (ours, theirs)]
    print(f"process start to first vector: {ratio(*times):.1f} times as fast")
    record("startup", measured | {"ratio": ratio(*times), "rounds": options.rounds})


if __name__ == "__main__":
    main()
