"""Stream texts to disk with encode_to and print what memory that took.

Arguments: folder to write to, number of texts, dtype, format of shards, folder of real data. Linux: memory is read from
/proc.
"""

import json
import sys
import time
from itertools import islice
from pathlib import Path

from measured import megabytes, reset_peak

from sbert import SentenceTransformer
from sbert.data import open_embeddings
from sbert.models.progress import Bar

sys.path.insert(0, str(Path(__file__).parents[1]))
from texts import million_texts

folder, count, dtype, shard_format, data = sys.argv[1:]


tokens = 0
update = Bar.update


def counting(self: Bar, done: int, more: int) -> None:
    global tokens
    tokens += more
    update(self, done, more)


Bar.update = counting  # type: ignore[method-assign]
model = SentenceTransformer("all-MiniLM-L6-v2", backend="openvino", dtype=dtype, on_truncation="ignore")
model.encode("warm")
reset_peak()  # that of loading
loaded = megabytes("VmRSS")
start = time.perf_counter()
shards = model.encode_to(folder, islice(million_texts(Path(data)), int(count)), shard_format)  # type: ignore[arg-type]
seconds = time.perf_counter() - start
peak = megabytes("VmHWM")
assert len(open_embeddings(folder)) == len(shards)
print(
    json.dumps(
        {
            "texts": len(shards),
            "tokens": tokens,
            "seconds": seconds,
            "loaded_mb": loaded,
            "peak_above_mb": peak - loaded,
            "written_mb": sum(path.stat().st_size for path in Path(folder).iterdir()) / 1e6,
        }
    )
)
