"""Make ``wordnet.tsv.xz`` from a table of WordNet 3.0's synsets: words and definition, as small as can be.

Run it with the path of a tab-separated table, plain or .gz, that has the columns ``lemmas`` (with ``|`` between) and
``definition``::

    python build_data.py wordnet-glosses.tsv.gz

WordNet's order is kept: it goes from topic to topic, so that neighbours share words and pack well.
"""

from __future__ import annotations

import argparse
import lzma
from pathlib import Path

from sbert.data import read_rows

TARGET = Path(__file__).with_name("wordnet.tsv.xz")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("source", type=Path, help="table with the columns lemmas and definition")
    source = parser.parse_args().source
    rows = read_rows(source).rows
    lines = ["words\tdefinition"] + [f"{row['lemmas'].replace('|', ', ')}\t{row['definition']}" for row in rows]
    data = lzma.compress(("\n".join(lines) + "\n").encode(), preset=9 | lzma.PRESET_EXTREME)
    TARGET.write_bytes(data)
    print(f"{TARGET}: {len(rows):,} definitions, {len(data) / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
