"""Run in the peer's environment: load a folder and print its vectors, or save it again.

Arguments: ``encode FOLDER TEXTS.json OUT.npy`` or ``save FOLDER OUT``. Knows nothing of this project.
"""

import json
import sys
from pathlib import Path

import numpy as np
from sentence_transformers import SentenceTransformer

action, folder, *rest = sys.argv[1:]
model = SentenceTransformer(folder, device="cpu")
if action == "encode":
    texts_path, out = rest
    np.save(out, model.encode(json.loads(Path(texts_path).read_text(encoding="utf-8"))))
elif action == "save":
    model.save_pretrained(rest[0])
else:
    sys.exit(f"unknown action {action}")
