"""Run in the peer's environment: loads folders and embeds texts, or saves again, as lines of input ask.

Each line is a JSON object with ``action`` (``encode`` or ``save``), ``folder``, ``out``, and for ``encode`` ``texts``.
Each is answered by a line: ``{}``, or ``{"error": ...}``. Knows nothing of this project.
"""

import json
import sys
import traceback

import numpy as np
from sentence_transformers import SentenceTransformer

for line in sys.stdin:
    request = json.loads(line)
    answer = {}
    try:
        model = SentenceTransformer(request["folder"], device="cpu")
        if request["action"] == "encode":
            np.save(request["out"], model.encode(request["texts"]))
        else:
            model.save_pretrained(request["out"])
    except Exception:
        answer = {"error": traceback.format_exc()}
    print(json.dumps(answer), flush=True)
