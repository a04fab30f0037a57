"""Near-duplicates among all package summaries (60,000 if --short): time and peak memory, from stored vectors."""

from __future__ import annotations

import sys
from pathlib import Path

from harness import parser, read_options, record, worker
from scale import prepare

SUMMARIES = 727_000


def main() -> None:
    found = parser(__doc__, rounds=1)
    found.add_argument("--threshold", type=float, default=0.95)
    found.add_argument("--folder", type=Path, default=Path(__file__).parent / ".scale", help="of scale.py's vectors")
    options = read_options(found, peers=False)
    base, rows = (60_000, 60_000) if options.short else (1_000_000, SUMMARIES)
    folder = options.folder / str(base)
    prepare(folder, base, options.data)
    facts = worker(sys.executable, "duplicates.py", str(folder / "base.npy"), str(rows), str(options.threshold))
    print(f"{rows:,} texts in {facts['seconds']:.0f} s, {facts['peak_above_mb']:,.0f} MB above the vectors:", end=" ")
    print(f"{facts['kept']:,} are kept, {facts['groups']:,} groups")
    del facts["process_seconds"]
    record("duplicates", facts | {"texts": rows, "threshold": options.threshold, "short_form": options.short})


if __name__ == "__main__":
    main()
