"""What the recipes share: the command line, Parquet files of real texts, and the check of what came out."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq

from sbert import SentenceTransformer

sys.path.append(str(Path(__file__).resolve().parents[1]))
from example_data import DATA, medquad, rows
from example_data import options as train_options

__all__ = ["MODEL", "check", "medquad", "options", "train_options"]

MODEL = "all-MiniLM-L6-v2"


def options(description: str | None) -> argparse.Namespace:
    """``--texts``, a Parquet file or folder with the columns id and text; ``--output``, a folder for vectors."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--texts", type=Path, help="Parquet with id and text; definitions of WordNet by default")
    parser.add_argument("--data", type=Path, default=DATA, help="folder of real data")
    parser.add_argument("--output", type=Path, default=Path("vectors"), help="folder that the vectors are written to")
    parser.add_argument("--count", type=int, default=2000, help="definitions, where no --texts are given")
    found = parser.parse_args()
    if found.texts is None:
        found.texts = found.output.with_name(f"{found.output.name}-texts")
        write_texts(found.texts, found.data, found.count)
    return found


def write_texts(folder: Path, data: Path, count: int) -> None:
    """Write definitions of WordNet into eight files, as a cluster shares out files."""
    source = data / "corpora" / "wordnet-glosses.tsv.gz"
    if not source.exists():
        sys.exit(f"Skipped: there is no {source}. Name the folder with --data, or your own Parquet with --texts.")
    texts = [row["definition"] for row in rows(source)[:count]]
    table = pa.table({"id": range(len(texts)), "text": texts})
    folder.mkdir(parents=True, exist_ok=True)
    size = -(-len(texts) // 8)
    for part in range(8):
        pq.write_table(table.slice(part * size, size), folder / f"part-{part}.parquet")


def check(texts: Path, output: Path) -> None:
    """Compare the vectors of a folder with those that this process makes; ends with an error where they differ."""
    given, found = (ds.dataset(path).to_table().sort_by("id") for path in (texts, output))
    if found["id"] != given["id"]:
        sys.exit(f"{len(given)} texts went in, and {len(found)} vectors came out: some ids are missing, twice or new.")
    expected = SentenceTransformer(MODEL).encode(given["text"].to_pylist())
    vectors = np.array(found["embedding"].to_pylist(), np.float32)
    same = "the same bytes" if vectors.tobytes() == expected.tobytes() else "other bytes"
    difference = float(np.abs(vectors - expected).max())
    print(f"{len(found)} vectors, one an id: {same} as encode's on one machine, largest difference {difference:.1e}")
    if difference > 1e-6:
        sys.exit("They should differ by 1e-6 at the most.")
