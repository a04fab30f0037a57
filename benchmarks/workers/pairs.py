"""The most similar pairs of the lines of a file, encoding included.

Arguments: library, variant (a dtype, or a file of a backend), model folder, file of texts, how many pairs. Prints
the seconds of encoding and mining, without import and loading, and the pairs.
"""

import json
import sys
import time
from pathlib import Path

library, variant, folder, path, count = sys.argv[1:]
texts = Path(path).read_text(encoding="utf-8").splitlines()
if library == "sbert":
    from sbert import SentenceTransformer
    from sbert.search.pairs import most_similar_pairs

    model = SentenceTransformer(folder, dtype=variant, on_truncation="ignore")
    start = time.perf_counter()
    found = list(most_similar_pairs(model.encode(texts), count=int(count)))
else:
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.util import paraphrase_mining

    options = {} if variant == "torch" else {"backend": "openvino", "model_kwargs": {"file_name": variant}}
    model = SentenceTransformer(folder, device="cpu", **options)
    start = time.perf_counter()
    found = paraphrase_mining(model, texts)[: int(count)]
seconds = time.perf_counter() - start
print(json.dumps({"seconds": seconds, "pairs": [[round(score, 6), *sorted(pair)] for score, *pair in found]}))
