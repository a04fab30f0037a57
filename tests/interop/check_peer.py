"""Run in the peer's environment: load a folder and print its vectors, or save it again.

Arguments: ``encode FOLDER TEXTS.json OUT.npy`` or ``save FOLDER OUT``. Knows nothing of this project.
"""

import json
import sys

import numpy as np
from sentence_transformers import SentenceTransformer

action, folder, *rest = sys.argv[1:]
model = SentenceTransformer(folder, device="cpu")
if action == "encode":
    texts_path, out = rest
    with open(texts_path, encoding="utf-8") as file:
        np.save(out, model.encode(json.load(file)))
elif action == "save":
    model.save_pretrained(rest[0])
else:
    sys.exit(f"unknown action {action}")
