"""What the benchmark scripts share: environments, processes that take turns, medians of ratios, a file of results."""

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
import tempfile
import time
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
DATA = ROOT.parent / "shared" / "data"
RESULTS = HERE / "results"
DOCS = ROOT / "docs"
# The part of a machine that other work may take before figures mislead: two processes for two cores make a library
# whose threads wait for each other many times as slow.
BUSY = 0.15
# What was seen of the machine before anything was measured.
MEASURED: dict[str, Any] = {}


# Counted runs of a short form, after one that does not count.
SHORT_ROUNDS = 2


def parser(description: str | None, rounds: int) -> argparse.ArgumentParser:
    """A parser of the options that all scripts know; read_options reads them."""
    found = argparse.ArgumentParser(description=description)
    found.add_argument(
        "--rounds", type=int, default=None, help=f"counted runs of each side ({rounds}; {SHORT_ROUNDS} if --short)"
    )
    found.add_argument(
        "--peer-python",
        type=Path,
        default=ROOT / ".venv-peers" / "bin" / "python",
        help="the peers' Python; further peers are in folders named after its environment, with -onnx, -openvino",
    )
    found.add_argument("--data", type=Path, default=DATA, help="folder of real data")
    found.add_argument("--threads", type=int, default=None, help="threads of each side; all cores by default")
    found.add_argument("--short", action="store_true", help="fewer texts and rounds: minutes, not an hour")
    found.set_defaults(usual_rounds=rounds)
    return found


def read_options(found: argparse.ArgumentParser, *, peers: bool = True) -> argparse.Namespace:
    """What was asked for on the command line; ends where the peers are needed and not installed."""
    options = found.parse_args()
    taken = busy()
    MEASURED.update(busy=taken, misleads=(taken or 0) > BUSY)
    if MEASURED["misleads"]:
        print(f"Other work takes {100 * taken:.0f} % of this machine: what is measured now will mislead.")
    if options.rounds is None:
        options.rounds = min(options.usual_rounds, SHORT_ROUNDS) if options.short else options.usual_rounds
    if peers and not options.peer_python.exists():
        found.error(f"{options.peer_python} is not there; make peers installs it.")
    return options


def arguments(description: str | None, rounds: int) -> argparse.Namespace:
    """The options that all scripts know."""
    return read_options(parser(description, rounds))


def peer_python(options: argparse.Namespace, environment: str) -> Path:
    """The Python of one of the peers' environments: ``peers``, ``peers-onnx`` or ``peers-openvino``."""
    prefix = options.peer_python.absolute().parents[1]
    return prefix.with_name(prefix.name + environment.removeprefix("peers")) / "bin" / "python"


def _environment(threads: int | None) -> dict[str, str]:
    found = os.environ | {"HF_HUB_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "true"}
    if threads is not None:
        found |= {"OMP_NUM_THREADS": str(threads)}
    return found


def worker(python: str | Path, script: str, *args: str, threads: int | None = None) -> dict[str, Any]:
    """Run a worker script to its end and read the JSON in its last line; adds the seconds of the whole process."""
    done, seconds = timed_process([str(python), str(HERE / "workers" / script), *args], threads)
    return {**json.loads(done.splitlines()[-1]), "process_seconds": seconds}


def timed_process(command: Sequence[str], threads: int | None = None) -> tuple[str, float]:
    """Run a command to its end; what it printed, and the seconds it took from start to exit."""
    start = time.perf_counter()
    done = subprocess.run(command, capture_output=True, text=True, env=_environment(threads), check=False)
    seconds = time.perf_counter() - start
    if done.returncode:
        sys.exit(f"{' '.join(command)} failed:\n{done.stderr}")
    return done.stdout, seconds


class Side:
    """A worker process that stays loaded: it answers each line it is sent, and reports when its input ends.

    Attributes:
        first: what it said when it was ready.
        skipped: why it could not be made ready; None if it is.
    """

    def __init__(self, python: str | Path, script: str, *args: str, threads: int | None = None) -> None:
        command = [str(python), str(HERE / "workers" / script), *args]
        self._errors = tempfile.TemporaryFile("w+")  # noqa: SIM115  # as long as the process
        self.process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            text=True,
            env=_environment(threads),
        )
        self.first = self._read()
        self.skipped: str | None = self.first.get("skipped")

    def _read(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            self._errors.seek(0)
            sys.exit(f"a worker ended early:\n{self._errors.read()}")
        found: dict[str, Any] = json.loads(line)
        return found

    def ask(self, request: dict[str, Any]) -> dict[str, Any]:
        """Send one request and wait for its answer."""
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()
        return self._read()

    def run(self) -> dict[str, Any]:
        """One timed run."""
        return self.ask({})

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


def kept(name: str, options: argparse.Namespace) -> dict[str, Any]:
    """What the results file says of models, where it is asked to be kept beside what is measured now."""
    path = RESULTS / f"{name}.json"
    if not (options.keep and path.exists()):
        return {}
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))["models"]
    return found


def model_options(found: argparse.ArgumentParser, names: Sequence[str]) -> None:
    """The options of scripts that measure one model after the other."""
    found.add_argument("--models", nargs="+", choices=names, default=None, help="all; minilm alone if --short")
    found.add_argument("--keep", action="store_true", help="keep the results of models that are not measured now")


def busy(seconds: float = 1.0) -> float | None:
    """What part of the processor's time other processes take, looked at while this one waits; None if unknown."""
    stat = Path("/proc/stat")
    if not stat.exists():
        return None

    def counted() -> tuple[int, int]:
        ticks = [int(word) for word in stat.read_text(encoding="utf-8").splitlines()[0].split()[1:9]]
        return sum(ticks), ticks[3] + ticks[4]  # idle, and waiting for a disk

    before = counted()
    time.sleep(seconds)
    whole, idle = (after - earlier for after, earlier in zip(counted(), before, strict=True))
    return 1 - idle / whole if whole else None


def processor() -> str:
    """The processor's name, where the system tells it."""
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text(encoding="utf-8").splitlines() if cpuinfo.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def record(name: str, measured: dict[str, Any]) -> None:
    """Write the results beside the machine and the versions they were measured with.

    A short form does not take the place of a full one: its results go to a folder of their own.
    """
    from sbert import __version__

    versions = {"sbert": __version__} | {package: metadata.version(package) for package in ("openvino", "numpy")}
    facts = {
        "benchmark": name,
        "date": time.strftime("%Y-%m-%d"),
        "python": platform.python_version(),
        "processor": processor(),
        "cores": os.cpu_count(),
        "versions": versions,
        **MEASURED,
    }
    path = RESULTS / f"{name}.json"
    if (
        measured.get("short_form")
        and path.exists()
        and not json.loads(path.read_text(encoding="utf-8")).get("short_form")
    ):
        path = RESULTS / "short" / path.name
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(facts | measured, indent=2) + "\n", encoding="utf-8")
    print(f"written to {path.relative_to(ROOT)}")


def known_dtypes(wanted: Sequence[str]) -> list[str]:
    """Those of the dtypes that this version runs MiniLM in; the others are told."""
    from sbert import SentenceTransformer

    def known(dtype: str) -> bool:
        try:
            SentenceTransformer(minilm_folder(), backend="openvino", dtype=dtype)
        except (ValueError, RuntimeError) as error:
            print(f"{dtype} is left out: {error}")
            return False
        return True

    return [dtype for dtype in wanted if known(dtype)]


def minilm_folder() -> str:
    """The folder of the real MiniLM, which both sides load."""
    from sbert.checkpoints import resolve

    return str(resolve("all-MiniLM-L6-v2").folder)


def definitions(count: int) -> list[str]:
    """Some of the demo's definitions: short real texts that come with the project."""
    with lzma.open(ROOT / "examples" / "reverse_dictionary" / "wordnet.tsv.xz", "rt", encoding="utf-8") as file:
        texts = [row["definition"] for row in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)]
    return random.Random(0).sample(texts, count)
