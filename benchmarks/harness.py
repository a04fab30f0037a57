"""What the benchmark scripts share: two environments, runs in turn, medians of ratios, a file of results."""

from __future__ import annotations

import argparse
import csv
import json
import lzma
import os
import platform
import random
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
DATA = ROOT.parent / "shared" / "data"


def arguments(description: str, rounds: int) -> argparse.Namespace:
    """The options that all scripts know."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--rounds", type=int, default=rounds, help="counted runs of each side, after one to warm up")
    parser.add_argument("--peer-python", type=Path, default=ROOT / ".venv-peers" / "bin" / "python")
    parser.add_argument("--data", type=Path, default=DATA, help="folder of real data")
    parser.add_argument("--threads", type=int, default=None, help="threads of each side; all cores by default")
    options = parser.parse_args()
    if not options.peer_python.exists():
        parser.error(f"{options.peer_python} is not there; make peers installs it.")
    return options


def worker(python: str | Path, script: str, *args: str, threads: int | None = None) -> dict[str, Any]:
    """Run a worker script to its end and read the JSON in its last line; adds the seconds of the whole process."""
    environment = os.environ | {"HF_HUB_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "true"}
    if threads is not None:
        environment |= {"OMP_NUM_THREADS": str(threads)}
    start = time.perf_counter()
    done = subprocess.run(
        [str(python), str(HERE / "workers" / script), *args],
        capture_output=True,
        text=True,
        env=environment,
        check=False,
    )
    seconds = time.perf_counter() - start
    if done.returncode:
        sys.exit(f"{script} {' '.join(args)} failed:\n{done.stderr}")
    return {**json.loads(done.stdout.splitlines()[-1]), "process_seconds": seconds}


class Side:
    """A worker process that stays loaded: it runs once for each line it is sent, and reports when its input ends."""

    def __init__(self, python: str | Path, script: str, *args: str, threads: int | None = None) -> None:
        environment = os.environ | {"HF_HUB_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "true"}
        if threads is not None:
            environment |= {"OMP_NUM_THREADS": str(threads)}
        command = [str(python), str(HERE / "workers" / script), *args]
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
        )
        self._read()

    def _read(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            sys.exit("a worker ended early")
        found: dict[str, Any] = json.loads(line)
        return found

    def run(self) -> dict[str, Any]:
        """One timed run."""
        assert self.process.stdin is not None
        self.process.stdin.write("go\n")
        self.process.stdin.flush()
        return self._read()

    def end(self) -> dict[str, Any]:
        """End the worker and take its report."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        found = self._read()
        self.process.wait()
        return found


def in_turn(sides: Sequence[tuple[str, Any]], rounds: int) -> dict[str, list[dict[str, Any]]]:
    """Run each side once to warm up, then all sides in turn; a side is a name and a function that runs it."""
    results: dict[str, list[dict[str, Any]]] = {name: [] for name, _ in sides}
    for number in range(rounds + 1):
        for name, run in sides:
            found = run()
            if number:
                results[name].append(found)
                print(".", end="", flush=True)
    print()
    return results


def ratio(ours: Sequence[float], theirs: Sequence[float]) -> float:
    """The median of the ratios of neighbouring runs, theirs to ours."""
    return statistics.median(b / a for a, b in zip(ours, theirs, strict=True))


def record(name: str, measured: dict[str, Any]) -> None:
    """Write the results beside the machine they were measured on."""
    machine = {"processor": platform.processor() or platform.machine(), "cores": os.cpu_count()}
    facts = {"benchmark": name, "date": time.strftime("%Y-%m-%d"), "python": platform.python_version(), **machine}
    path = HERE / "results" / f"{name}.json"
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(facts | measured, indent=2) + "\n", encoding="utf-8")
    print(f"written to {path.relative_to(ROOT)}")


def minilm_folder() -> str:
    """The folder of the real MiniLM, which both sides load."""
    from sbert.checkpoints import resolve

    return str(resolve("all-MiniLM-L6-v2").folder)


def definitions(count: int) -> list[str]:
    """Some of the demo's definitions: short real texts that come with the project."""
    with lzma.open(ROOT / "examples" / "reverse_dictionary" / "wordnet.tsv.xz", "rt", encoding="utf-8") as file:
        texts = [row["definition"] for row in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)]
    return random.Random(0).sample(texts, count)
