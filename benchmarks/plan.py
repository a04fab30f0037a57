"""What a job of very many texts would take, worked out from the figures in results/: python benchmarks/plan.py [TEXTS].

Nothing is measured here. Each line says what it was multiplied from; docs/scale.md shows what this prints.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).resolve().parent / "results"
DIMENSIONS = 384
#: Texts of another length than those that were measured.
LONG = 128


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("texts", nargs="?", type=int, default=1_000_000_000)
    print(plan(parser.parse_args().texts))


def plan(texts: int) -> str:
    """The plan as a table of Markdown."""
    job = _read("memory")
    rows, sizes = max((int(rows), size) for rows, size in _read("scale")["sizes"].items())
    index = sizes["libraries"]["sbert"]
    core_seconds = job["seconds"] * job["cores"]
    tokens = job["tokens"] / job["texts"]
    hours = texts / job["texts"] * core_seconds / 3600
    parts = -(-texts // rows)
    best = index["best"]
    bytes_a_row = 1e6 * index["disk_mb"] / rows
    lines: list[tuple[str, str, str]] = [
        (
            "embedding, int8",
            f"{hours:,.0f} core-hours",
            f"{job['texts'] / core_seconds:,.0f} texts a second and core, {tokens:.0f} tokens each",
        ),
        (
            f"the same, {LONG} tokens each",
            f"{hours * LONG / tokens:,.0f} core-hours",
            f"{job['tokens'] / core_seconds:,.0f} tokens a second and core, whatever their number in a text",
        ),
        ("on 32 machines of 32 cores", f"{hours / 1024:.1f} hours", "all cores kept busy"),
        (
            "memory of a worker",
            f"{job['loaded_mb'] + job['peak_above_mb']:,.0f} MB",
            "the most that the measured job took; it does not grow with the job",
        ),
        *(
            (f"vectors on disk, {name}", f"{texts * size / 1e9:,.0f} GB", f"{size:,} bytes a vector")
            for name, size in _widths()
        ),
        ("partitions of the index", f"{parts:,}", f"{rows:,} rows each, as measured"),
        ("index on disk", f"{texts * bytes_a_row / 1e9:,.0f} GB", f"{bytes_a_row:,.0f} bytes a row, without words"),
        (
            "building it",
            f"{parts * index['seconds'] / 3600:,.1f} machine-hours",
            f"{index['seconds']:,.0f} s a partition on 2 cores, {index['peak_mb'] / 1e3:.1f} GB of memory",
        ),
        (
            "memory while asked",
            f"{parts * index['memory_mb'] / 1e3:,.0f} GB",
            f"{index['memory_mb'] / 1e3:.1f} GB a partition",
        ),
        (
            "a query, all partitions at once",
            f"over {best['p95']:.0f} ms",
            f"p50 {best['p50']:.0f} ms, p95 {best['p95']:.0f} ms, recall@10 {100 * best['recall']:.1f} % in one"
            " partition on one core; the slowest of many counts",
        ),
    ]
    head = f"| {texts:,} texts | | from |\n|---|---:|---|"
    return "\n".join([head, *(f"| {' | '.join(line)} |" for line in lines)])


def _widths() -> list[tuple[str, int]]:
    return [("float32", 4 * DIMENSIONS), ("float16", 2 * DIMENSIONS), ("int8", DIMENSIONS), ("bits", DIMENSIONS // 8)]


def _read(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((RESULTS / f"{name}.json").read_text(encoding="utf-8"))
    return found


if __name__ == "__main__":
    main()
