"""Embed texts with a fast static model as often as told and print the seconds; at the end, write vectors to judge.

Arguments: library, model, texts file (JSON: {"speed": [[...], ...], "quality": [...]}), file for the vectors of
"quality". Reads lines from standard input: each asks for one timed run, on the next list of "speed", so that no text
comes twice and nothing that was kept of it helps. So all sides stay loaded and take turns.
"""

import json
import sys
import time
from pathlib import Path

import numpy as np

library, name, path, out = sys.argv[1:]
data = json.loads(Path(path).read_text(encoding="utf-8"))
if library == "sbert":
    from sbert import SentenceTransformer

    model = SentenceTransformer(name, on_truncation="ignore")

    def encode(texts):
        return model.encode(texts, show_progress_bar=False)
elif library == "model2vec":
    from model2vec import StaticModel

    model = StaticModel.from_pretrained(name, force_download=False)

    def encode(texts):
        return model.encode(texts)
else:
    import wordllama

    # Its tokenizer is in the package, in a folder other than the one where it looks; told of as a cache, it is found.
    inside = Path(wordllama.__file__).parent
    model = wordllama.WordLlama.load(dim=256, cache_dir=inside, disable_download=True)

    def encode(texts):
        return model.embed(texts, norm=True)


encode(data["speed"][0][:256])
print(json.dumps({"ready": True}), flush=True)
for _, texts in zip(sys.stdin, data["speed"], strict=False):
    start = time.perf_counter()
    encode(texts)
    print(json.dumps({"seconds": time.perf_counter() - start}), flush=True)
np.save(out, np.asarray(encode(data["quality"]), np.float32))
print(json.dumps({"vectors": out}), flush=True)
