"""Memory that a million real texts take when they are streamed to disk: the peak above the loaded model.

Texts: package summaries, definitions with their examples, package descriptions and everyday sentences of the shared
data, read from their files as they are needed.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from harness import DATA, record, worker

TEXTS = 1_000_000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--texts", type=int, default=TEXTS, help="how many; 15000 for a short form")
    parser.add_argument("--dtype", default="float32")
    parser.add_argument("--format", default="npy")
    parser.add_argument("--folder", type=Path, default=None, help="where to write; a temporary folder by default")
    parser.add_argument("--data", type=Path, default=DATA, help="folder of real data")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.folder) as scratch:
        arguments = (scratch, str(options.texts), options.dtype, options.format, str(options.data))
        found = worker(sys.executable, "memory.py", *arguments)
    print(f"{found['texts']:,} texts, {found['tokens']:,} tokens, {options.dtype}, in {found['seconds']:,.0f} s")
    print(f"  {found['texts'] / found['seconds']:,.0f} texts/s, {found['tokens'] / found['seconds']:,.0f} tokens/s")
    print(f"  loaded model      {found['loaded_mb']:8,.0f} MB")
    print(f"  peak above it     {found['peak_above_mb']:8,.0f} MB")
    print(f"  written           {found['written_mb']:8,.0f} MB")
    record("memory", found | {"dtype": options.dtype, "format": options.format, "short_form": options.texts < TEXTS})


if __name__ == "__main__":
    main()
