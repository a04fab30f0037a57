"""Load a model and embed one text. Arguments: library, dtype, model folder."""

import json
import sys
import time

start = time.perf_counter()
library, dtype, folder = sys.argv[1:]
if library == "sbert":
    import sbert

    imported = time.perf_counter() - start
    model = sbert.SentenceTransformer(folder, backend="openvino", dtype=dtype)
else:
    import sentence_transformers

    imported = time.perf_counter() - start
    model = sentence_transformers.SentenceTransformer(folder, device="cpu")
vector = model.encode("hello world")
found = {"first": [round(float(x), 4) for x in vector[:4]], "import_seconds": imported, "torch": "torch" in sys.modules}
print(json.dumps(found))
