"""Stream texts to disk with encode_to and print what memory that took.

Arguments: folder to write to, number of texts, dtype, format of shards, folder of real data. Linux: memory is read from
/proc.
"""

import json
import re
import sys
import time
from collections.abc import Iterator
from itertools import chain, islice
from pathlib import Path

from sbert import SentenceTransformer
from sbert.data import iter_texts, open_embeddings
from sbert.models.progress import Bar

folder, count, dtype, shard_format, data = sys.argv[1:]


def kilobytes(name: str) -> int:
    found = re.search(rf"{name}:\s+(\d+) kB", Path("/proc/self/status").read_text())
    assert found
    return int(found[1])


def texts() -> Iterator[str]:
    corpora = Path(data) / "corpora"
    sources = [("pypi-summaries", "text"), ("wordnet-glosses", "definition"), ("debian-packages", "text")]
    files = [iter_texts(corpora / f"{name}.tsv.gz", column=column) for name, column in sources]
    files.append(iter_texts(corpora / "wordnet-glosses.tsv.gz", column="examples"))
    everyday = sorted((Path(data) / "parallel" / "tatoeba").glob("*.tsv.gz"))
    files += [iter_texts(path, column="english") for path in everyday]
    return islice(filter(None, chain.from_iterable(files)), int(count))


tokens = 0
update = Bar.update


def counting(self: Bar, done: int, more: int) -> None:
    global tokens
    tokens += more
    update(self, done, more)


Bar.update = counting  # type: ignore[method-assign]
model = SentenceTransformer("all-MiniLM-L6-v2", backend="openvino", dtype=dtype, on_truncation="ignore")
model.encode("warm")
Path("/proc/self/clear_refs").write_text("5")  # forgets the peak so far, that of loading
loaded = kilobytes("VmRSS")
start = time.perf_counter()
shards = model.encode_to(folder, texts(), shard_format)  # type: ignore[arg-type]
seconds = time.perf_counter() - start
peak = kilobytes("VmHWM")
assert len(open_embeddings(folder)) == len(shards)
print(
    json.dumps(
        {
            "texts": len(shards),
            "tokens": tokens,
            "seconds": seconds,
            "loaded_mb": loaded / 1e3,
            "peak_above_mb": (peak - loaded) / 1e3,
            "written_mb": sum(path.stat().st_size for path in Path(folder).iterdir()) / 1e6,
        }
    )
)
