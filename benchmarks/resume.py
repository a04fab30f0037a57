"""Jobs killed with SIGKILL at random moments and resumed: the files must be those of a job that nobody disturbed."""

from __future__ import annotations

import argparse
import hashlib
import json
import random
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from harness import HERE, record


def digests(folder: Path) -> dict[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(folder.iterdir())}


def start(folder: Path, options: Any) -> subprocess.Popen[str]:
    """A job, from the moment on at which its model is loaded."""
    arguments = (str(folder), str(options.texts), options.dtype, options.precision, str(options.shard_size))
    command = [sys.executable, str(HERE / "workers" / "resume.py"), *arguments]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    if process.stdout.readline() != "loaded\n":
        sys.exit("a worker ended early")
    return process


def finished(folder: Path) -> int:
    """Shards that the manifest names."""
    manifest = folder / "manifest.json"
    return len(json.loads(manifest.read_text(encoding="utf-8"))["shards"]) if manifest.exists() else 0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=20, help="how often the job is killed; 3 for a short form")
    parser.add_argument("--texts", type=int, default=20_000, help="texts in the job; 2000 for a short form")
    parser.add_argument("--shard-size", type=int, default=1000)
    parser.add_argument("--dtype", default="float32")
    parser.add_argument("--precision", default="float32")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    moments = random.Random(options.seed)
    with tempfile.TemporaryDirectory() as scratch:
        whole, killed = Path(scratch) / "whole", Path(scratch) / "killed"
        began = time.perf_counter()
        if start(whole, options).wait():
            sys.exit("the job failed undisturbed")
        lasts = time.perf_counter() - began
        steps, lost, after = [], 0, 0
        for _ in range(options.kills):
            before = finished(killed)
            process = start(killed, options)
            time.sleep(moments.uniform(0, 2 * lasts / (options.kills + 1)))
            process.send_signal(signal.SIGKILL)
            process.wait()
            after = finished(killed)
            lost += max(0, before - after)
            steps.append(after - before)
            print(f"  killed after {after} of {finished(whole)} shards")
        began = time.perf_counter()
        if start(killed, options).wait():
            sys.exit("the job failed when it was resumed")
        last = time.perf_counter() - began
        equal = digests(whole) == digests(killed)
    print(f"{options.kills} kills: {'bytes are equal' if equal else 'BYTES DIFFER'}; finished shards lost: {lost}")
    measured = {
        "short_form": options.kills < 10,
        "kills": options.kills,
        "texts": options.texts,
        "shard_size": options.shard_size,
        "dtype": options.dtype,
        "precision": options.precision,
        "bytes_equal": equal,
        "finished_shards_lost": lost,
        "shards_a_run": statistics.mean(steps) if steps else 0,
        "seconds_undisturbed": lasts,
        "seconds_of_last_run": last,
    }
    record("resume", measured)
    if not equal or lost:
        sys.exit(1)


if __name__ == "__main__":
    main()
