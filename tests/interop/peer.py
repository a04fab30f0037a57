"""Run in the peer's environment: loads folders and embeds texts, or saves again, as lines of input ask.

Each line is a JSON object with ``action`` (``encode`` or ``save``), ``folder``, ``out``, and for ``encode`` ``texts``;
with ``pairs`` instead, the folder is a cross-encoder's, and their scores are what is wanted; with ``sparse``, it is a
sparse encoder's, and full rows are; with ``task``, it is a late-interaction model's, and token vectors are, an array a
text. ``route`` has texts encoded as queries or documents; ``images`` are paths of images.
Each is answered by a line: ``{}``, or ``{"error": ...}``. Knows nothing of this project.
"""

import json
import sys
import traceback

import numpy as np
from PIL import Image
from sentence_transformers import CrossEncoder, MultiVectorEncoder, SentenceTransformer, SparseEncoder


def encoder(model, request):
    return {"query": model.encode_query, "document": model.encode_document}.get(request.get("route"), model.encode)


for line in sys.stdin:
    request = json.loads(line)
    answer = {}
    try:
        families = {"pairs": CrossEncoder, "sparse": SparseEncoder, "task": MultiVectorEncoder}
        family = next((kind for key, kind in families.items() if key in request), SentenceTransformer)
        model = family(request["folder"], device="cpu")
        if request["action"] == "encode":
            if family is CrossEncoder:
                found = model.predict(request["pairs"])
            elif family is SparseEncoder:
                found = encoder(model, request)(request["texts"]).to_dense().numpy()
            elif family is MultiVectorEncoder:
                tokens = encoder(model, {"route": request["task"]})(request["texts"], convert_to_numpy=True)
                found = {f"arr_{index}": vectors for index, vectors in enumerate(tokens)}
                found["scores"] = model.similarity(tokens, tokens).numpy()
            else:
                images = [Image.open(path) for path in request.get("images", ())]
                found = encoder(model, request)([*request.get("texts", ()), *images])
            if isinstance(found, dict):
                np.savez(request["out"], **found)
            else:
                np.save(request["out"], found)
        else:
            model.save_pretrained(request["out"])
    except Exception:
        answer = {"error": traceback.format_exc()}
    print(json.dumps(answer), flush=True)
