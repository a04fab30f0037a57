"""One job of the benchmark of resuming: encode texts into a folder, or go on with it.

Arguments: folder, number of texts, dtype, precision, texts in a shard.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from harness import definitions

from sbert import SentenceTransformer

folder, count, dtype, precision, shard_size = sys.argv[1:]
texts = definitions(int(count))
model = SentenceTransformer("all-MiniLM-L6-v2", backend="openvino", dtype=dtype)
print("loaded", flush=True)
model.encode_to(folder, texts, precision=precision, shard_size=int(shard_size))  # type: ignore[arg-type]
