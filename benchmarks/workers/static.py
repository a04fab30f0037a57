"""Embed texts with a fast static model as often as told and print the seconds; at the end, write vectors to judge.

Arguments: library, model, texts file (JSON: {"speed": [...], "quality": [...]}), file for the vectors of "quality".
Reads lines from standard input: each asks for one timed run. So all sides stay loaded and take turns.
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
    from wordllama import WordLlama

    model = WordLlama.load(dim=256, disable_download=True)

    def encode(texts):
        return model.embed(texts, norm=True)


encode(data["speed"][:256])
print(json.dumps({"ready": True}), flush=True)
for _ in sys.stdin:
    start = time.perf_counter()
    encode(data["speed"])
    print(json.dumps({"seconds": time.perf_counter() - start}), flush=True)
np.save(out, np.asarray(encode(data["quality"]), np.float32))
print(json.dumps({"vectors": out}), flush=True)
