"""The most similar pair among n sentences: by a cross-encoder, which reads all pairs, and by vectors, and for 10,000.

The question of the SBERT paper (https://arxiv.org/abs/1908.10084), whose answer was 65 hours and 5 seconds.
"""

from __future__ import annotations

import tempfile
import time
from itertools import combinations
from pathlib import Path
from typing import Any

from cross_encoder import cross_encoder
from harness import arguments, minilm_folder, record
from texts import short_texts

WANTED = 10_000


def main() -> None:
    options = arguments(__doc__, rounds=1)
    from sbert import CrossEncoder, SentenceTransformer
    from sbert.search import most_similar_pairs

    sizes = (25, 50) if options.short else (25, 50, 100, 200, 300)
    what, texts = short_texts(options.data, WANTED)
    table: dict[str, dict[str, Any]] = {}
    with tempfile.TemporaryDirectory() as scratch:
        folder = cross_encoder(Path(scratch) / "model")
        for dtype in ("int8",) if options.short else ("float32", "int8"):
            reader = CrossEncoder(folder, backend="openvino", dtype=dtype, on_truncation="ignore")
            embedder = SentenceTransformer(minilm_folder(), backend="openvino", dtype=dtype, on_truncation="ignore")
            reader.predict(list(combinations(texts[-40:], 2)))  # warmed up, with its graph for bulk
            embedder.encode(texts[-2000:])
            curve: dict[str, dict[str, float]] = {}
            for size in (*sizes, WANTED):
                start = time.perf_counter()
                most_similar_pairs(embedder.encode(texts[:size]), count=1)
                row = {"by_vectors": time.perf_counter() - start, "pairs": size * (size - 1) / 2}
                if size != WANTED:
                    start = time.perf_counter()
                    reader.predict(list(combinations(texts[:size], 2)))
                    row["by_pairs"] = time.perf_counter() - start
                    told = f"{row['by_pairs']:8.2f} s"
                    rate = row["pairs"] / row["by_pairs"]
                else:  # as many pairs a second as among the most that were read
                    row["by_pairs"], row["extrapolated"] = row["pairs"] / rate, True
                    told = f"{row['by_pairs'] / 3600:8.1f} h at {rate:,.0f} pairs a second"
                curve[str(size)] = row
                print(f"{dtype:8} {size:6,} {what}: by vectors {row['by_vectors']:7.2f} s, by pairs {told}")
            table[dtype] = curve
    record("why_bi_encoders", {"dtypes": table, "what": what, "short_form": options.short})


if __name__ == "__main__":
    main()
