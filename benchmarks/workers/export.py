"""Export a model for one of sentence-transformers' backends, in float32 and in int8, with its own functions.

Runs in the peer's environment. Arguments: form (onnx or openvino), model folder, folder to fill. That folder holds
``calibration/train.jsonl``, the texts that static quantisation looks at; its defaults are a data set of a hub.
"""

import json
import os
import platform
import shutil
import sys
from pathlib import Path

os.environ["HF_HUB_OFFLINE"] = "1"
from sentence_transformers import SentenceTransformer
from sentence_transformers import backend as exports

form, source, target = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])


def instructions() -> str:
    """The configuration that sentence-transformers offers for this processor."""
    if platform.machine() in ("arm64", "aarch64"):
        return "arm64"
    cpuinfo = Path("/proc/cpuinfo")
    flags = cpuinfo.read_text(encoding="utf-8") if cpuinfo.exists() else ""
    return "avx512_vnni" if "avx512_vnni" in flags else "avx2"


def export_onnx() -> None:
    options = {"export": True, "provider": "CPUExecutionProvider"}
    model = SentenceTransformer(str(source), backend="onnx", device="cpu", model_kwargs=options)
    model.save_pretrained(str(target))
    exports.export_dynamic_quantized_onnx_model(model, instructions(), str(target), file_suffix="int8")
    # FastEmbed takes files of one folder, and the length to cut at from the tokenizer's settings alone.
    flat = target / "fastembed"
    flat.mkdir()
    os.link(target / "onnx" / "model.onnx", flat / "model.onnx")
    for name in ("config.json", "tokenizer.json", "special_tokens_map.json"):
        if (source / name).exists():
            shutil.copyfile(source / name, flat / name)
    settings = json.loads((source / "tokenizer_config.json").read_text(encoding="utf-8"))
    settings |= {"model_max_length": model.max_seq_length, "max_length": model.max_seq_length}
    (flat / "tokenizer_config.json").write_text(json.dumps(settings), encoding="utf-8")


def export_openvino() -> None:
    model = SentenceTransformer(str(source), backend="openvino", device="cpu", model_kwargs={"export": True})
    model.save_pretrained(str(target))
    exports.export_static_quantized_openvino_model(
        model,
        None,
        str(target),
        dataset_name=str(target / "calibration"),
        dataset_config_name="default",
        dataset_split="train",
        column_name="sentence",
        file_suffix="int8",
    )


{"onnx": export_onnx, "openvino": export_openvino}[form]()
