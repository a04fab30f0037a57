"""Run in the peer's environment: loads folders and embeds texts, or saves again, as lines of input ask.

Each line is a JSON object with ``action`` (``encode`` or ``save``), ``folder``, ``out``, and for ``encode`` ``texts``;
with ``pairs`` instead, the folder is a cross-encoder's, and their scores are what is wanted; with ``sparse``, it is a
sparse encoder's, and full rows are.
Each is answered by a line: ``{}``, or ``{"error": ...}``. Knows nothing of this project.
"""

import json
import sys
import traceback

import numpy as np
from sentence_transformers import CrossEncoder, SentenceTransformer, SparseEncoder

for line in sys.stdin:
    request = json.loads(line)
    answer = {}
    try:
        family = CrossEncoder if "pairs" in request else SparseEncoder if "sparse" in request else SentenceTransformer
        model = family(request["folder"], device="cpu")
        if request["action"] == "encode":
            if family is CrossEncoder:
                found = model.predict(request["pairs"])
            elif family is SparseEncoder:
                found = model.encode(request["texts"]).to_dense().numpy()
            else:
                found = model.encode(request["texts"])
            np.save(request["out"], found)
        else:
            model.save_pretrained(request["out"])
    except Exception:
        answer = {"error": traceback.format_exc()}
    print(json.dumps(answer), flush=True)
