"""Search in quantised vectors. Arguments: sbert or st, queries file, corpus file; a line of input, a search.

A request names the library and the precision, how many times as many candidates to rescore (1: none), whether ranges
are known, and whether bytes lie beside an index of bits. Indexes are made once.
"""

import importlib.util
import json
import logging
import sys
import time
import warnings

import numpy as np

side, queries_path, corpus_path = sys.argv[1:]
missing = [name for name in ("faiss", "usearch") if importlib.util.find_spec(name) is None]
if missing:
    print(json.dumps({"skipped": f"needs {' and '.join(missing)}"}), flush=True)
    sys.exit()
if side == "sbert":
    from sbert.util import quantize_embeddings, semantic_search_faiss, semantic_search_usearch
else:
    from sentence_transformers.util.quantization import (
        quantize_embeddings,
        semantic_search_faiss,
        semantic_search_usearch,
    )

    logging.getLogger("sentence_transformers").setLevel(logging.ERROR)
warnings.simplefilter("ignore")
queries, corpus = np.load(queries_path), np.load(corpus_path)
functions = {"faiss": semantic_search_faiss, "usearch": semantic_search_usearch}
beside = quantize_embeddings(corpus, "int8")
indexes = {}
print(json.dumps({"ready": True}), flush=True)
for line in sys.stdin:
    request = json.loads(line)
    search, precision = functions[request["library"]], request["precision"]
    options = {"corpus_precision": precision, "rescore": request["multiplier"] > 1, "top_k": 10}
    if request["multiplier"] > 1:
        options["rescore_multiplier"] = request["multiplier"]
    if request["known"]:
        options["calibration_embeddings"] = corpus
    kept = request["library"], precision, request["known"]
    if kept not in indexes:
        codes = quantize_embeddings(corpus, precision)
        indexes[kept] = search(queries, codes, output_index=True, **options)[2]
    if request["beside"]:
        options |= {"corpus_embeddings": beside, "calibration_embeddings": corpus}
    start = time.perf_counter()
    results, _ = search(queries, corpus_index=indexes[kept], **options)
    seconds = time.perf_counter() - start
    ids = [[hit["corpus_id"] for hit in hits] for hits in results]
    print(json.dumps({"seconds": seconds, "ids": ids}), flush=True)
print(json.dumps({}), flush=True)
