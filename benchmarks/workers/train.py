"""Train a model as a job says, with ours or the peer: the same script for both, but for where names come from.

python train.py LIBRARY JOB.json

The job: ``family`` (SentenceTransformer, CrossEncoder, SparseEncoder, MultiVectorEncoder), ``model``, ``options`` of
the model, ``settings`` of it, ``data`` (a JSON lines file, or several by name), ``labels`` (a .npy of vectors, beside
it), ``loss`` (a name and arguments; a loss among them is wrapped), ``arguments`` of training, ``output``. Prints a line
of JSON.
"""

from __future__ import annotations

import importlib
import json
import resource
import sys
import time
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import torch

PEER = "sentence_transformers"
#: Where each family has its losses, in either library.
LOSSES = {
    "SentenceTransformer": ("losses", "losses"),
    "CrossEncoder": ("losses.cross_encoder", "cross_encoder.losses"),
    "SparseEncoder": ("losses.sparse", "sparse_encoder.losses"),
    "MultiVectorEncoder": ("losses.multi_vector", "multi_vector_encoder.losses"),
}
HOMES = {
    "CrossEncoder": "cross_encoder",
    "SparseEncoder": "sparse_encoder",
    "MultiVectorEncoder": "multi_vector_encoder",
}


def main() -> None:
    warnings.simplefilter("ignore")
    library, path = sys.argv[1:]
    trainer, model = prepared(library, path)
    job = json.loads(Path(path).read_text(encoding="utf-8"))
    start = time.perf_counter()
    trainer.train()
    seconds = time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    model.save_pretrained(job["output"])
    arguments = job["arguments"]
    samples = trainer.num_examples(trainer.get_train_dataloader()) * arguments.get("num_train_epochs", 1)
    if "max_steps" in arguments:
        samples = arguments["max_steps"] * arguments["per_device_train_batch_size"]
    told = [entry["loss"] for entry in trainer.state.log_history if "loss" in entry]
    print()
    print(
        json.dumps(
            {
                "seconds": seconds,
                "samples_per_second": samples / seconds,
                "steps": trainer.state.global_step,
                "peak_mb": peak,
                "losses": told,
                "version": importlib.import_module(library).__version__,
            }
        )
    )


def prepared(library: str, path: str) -> tuple[Any, Any]:
    """The trainer of a job, ready to train, and its model."""
    job = json.loads(Path(path).read_text(encoding="utf-8"))
    ours = library == "sbert"
    family = job["family"]
    home = importlib.import_module("sbert" if ours else ".".join([PEER, *filter(None, [HOMES.get(family)])]))
    losses = importlib.import_module(f"{library}.{LOSSES[family][0 if ours else 1]}")
    torch.manual_seed(job["arguments"].get("seed", 42))  # of new heads, in the model and in the loss
    model = getattr(home, family)(job["model"], **({"backend": "torch"} if ours else {}), **job.get("options", {}))
    for name, value in job.get("settings", {}).items():
        setattr(model, name, value)
    loss = made(losses, model, job["loss"])
    data = {name: rows(held, job, ours) for name, held in job["data"].items()}
    args = getattr(home, f"{family}TrainingArguments")(
        output_dir=job["output"] + "-run",
        save_strategy="no",
        report_to="none",
        disable_tqdm=True,
        use_cpu=True,
        logging_steps=100,
        dataloader_pin_memory=False,
        **job["arguments"],
    )
    train = data if len(data) > 1 else next(iter(data.values()))
    return getattr(home, f"{family}Trainer")(model=model, args=args, train_dataset=train, loss=loss), model


def made(losses: Any, model: Any, wanted: dict[str, Any]) -> Any:
    """A loss, and those that it wraps; the names of dtypes and of similarities are looked up."""
    arguments = dict(wanted.get("arguments", {}))
    for name, value in arguments.items():
        if isinstance(value, dict) and "name" in value:
            arguments[name] = made(losses, model, value)
    return getattr(losses, wanted["name"])(model, **arguments)


def rows(path: str, job: dict[str, Any], ours: bool) -> Any:
    """The rows of a file, as either library takes them."""
    with Path(path).open(encoding="utf-8") as file:
        found = [json.loads(line) for line in file]
    columns = {name: [row[name] for row in found] for name in found[0]}
    for name in job.get("images", ()):
        import PIL.Image

        columns[name] = [PIL.Image.open(image).convert("RGB") for image in columns[name]]
    if job.get("labels") is not None:
        columns["label"] = np.load(job["labels"])
    if ours:
        return columns
    from datasets import Dataset

    return Dataset.from_dict(columns)


if __name__ == "__main__":
    main()
